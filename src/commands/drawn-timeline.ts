/**
 * The plan as a picture: one line for the phases, one for each group of agents, one for each fault, over one time axis.
 *
 *                 0ms            3s                   7s        9s
 *   phases        baseline       fault                recovery
 *   planner       ██████████████████████████████████████████████  █ 10/s
 *   latency a@b                  █████████████████████
 *
 * What grows is drawn higher and higher; what waits for something, as long as it may wait.
 */
import { placeInWords } from "../history/fault-place.ts";
import { agentsBetween, walksBegunBetween, type PlannedArrivals } from "../plan/arrivals.ts";
import type { Plan, PlannedFault } from "../plan/plan.ts";
import { conditionInWords } from "../scenario/schedules.ts";
import { counted, formatDuration, formatRate } from "../units.ts";

const columns = 46;
const labelMost = 30;
const heights = "▁▂▃▄▅▆▇█";
const whole = "█";
const partly = "▒";
const waiting = "?";

interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

export function drawTimeline(plan: Plan): string[] {
  const { durationMs, phases, arrivals, faults } = plan;
  if (durationMs === 0) return [];
  const rows = [
    {
      label: "",
      drawn: atTheirStarts([...phases, { startMs: durationMs }], plan, ({ startMs }) => formatDuration(startMs)),
    },
    { label: "phases", drawn: atTheirStarts(phases, plan, ({ phase }) => phase) },
    ...arrivals.map((group) => ({ label: group.group, drawn: drawArrivals(group, durationMs) })),
    ...faults.map((fault) => ({
      label: `${fault.kind} ${placeInWords(fault)}`,
      drawn: drawFault(fault, durationMs),
    })),
  ];
  const width = Math.max(...rows.map(({ label }) => Math.min(labelMost, label.length)));
  return rows.map(({ label, drawn }) => `  ${shortenedInside(label, width).padEnd(width)}  ${drawn}`.trimEnd());
}

function spansOf(durationMs: number): Span[] {
  const at = (column: number): number => (column * durationMs) / columns;
  return Array.from({ length: columns }, (_, column) => ({ startMs: at(column), endMs: at(column + 1) }));
}

/** Each text from the column where it begins; where the next leaves no room for it, it is cut, and a space parts the two. */
function atTheirStarts<T extends { readonly startMs: number }>(
  marks: readonly T[],
  { durationMs }: Plan,
  textOf: (mark: T) => string,
): string {
  const columnOf = ({ startMs }: T): number => Math.round((startMs * columns) / durationMs);
  return marks.reduce((line, mark, index) => {
    const next = marks[index + 1];
    const room = next === undefined ? Number.POSITIVE_INFINITY : columnOf(next) - columnOf(mark) - 1;
    // What begins where the last one still stands has no place of its own.
    if (room < 1 || columnOf(mark) < line.length) return line;
    return line.padEnd(columnOf(mark)) + shortened(textOf(mark), room);
  }, "");
}

function drawArrivals(arrivals: PlannedArrivals, durationMs: number): string {
  const counts = spansOf(durationMs).map(({ startMs, endMs }) =>
    arrivals.is === "open"
      ? walksBegunBetween(arrivals, { fromMs: startMs, toMs: endMs })
      : agentsBetween(arrivals, { fromMs: startMs, toMs: endMs }),
  );
  const most = Math.max(...counts);
  if (most === 0) return "";
  const drawn = counts.map((count) => (count === 0 ? " " : heights[Math.ceil((count / most) * heights.length) - 1]));
  return `${drawn.join("")}  █ ${mostInWords(arrivals, most, durationMs)}`;
}

function mostInWords(arrivals: PlannedArrivals, most: number, durationMs: number): string {
  if (arrivals.is === "closed") return counted(most, "agent");
  // Walks that begin at once have no rate.
  if (arrivals.model.is === "burst" || arrivals.model.is === "herd") return counted(most, "walk");
  return formatRate((most * columns * 1000) / durationMs);
}

function drawFault({ windows, steps = [], when }: PlannedFault, durationMs: number): string {
  const columnsOf = (drawn: (span: Span) => string): string => spansOf(durationMs).map(drawn).join("");
  if (when !== undefined) {
    const { fromMs: startMs, untilMs: endMs, condition } = when;
    const waits = columnsOf((span) => (coverage([{ startMs, endMs }], span) === " " ? " " : waiting));
    return `${waits.trimEnd()} when ${conditionInWords(condition)}`;
  }
  if (steps.length === 0) return columnsOf((span) => coverage(windows, span));
  return columnsOf((span) => {
    if (coverage(windows, span) === " ") return " ";
    const { startMs } = windows.findLast((window) => window.startMs < span.endMs) ?? span;
    const made = steps.filter(({ afterMs }) => startMs + afterMs < span.endMs).length;
    return heights[Math.floor((made / steps.length) * (heights.length - 1))] ?? whole;
  });
}

function coverage(windows: readonly Span[], { startMs, endMs }: Span): string {
  const onMs = windows.reduce(
    (sum, window) => sum + Math.max(0, Math.min(endMs, window.endMs) - Math.max(startMs, window.startMs)),
    0,
  );
  if (onMs === 0) return " ";
  return onMs > 0.999 * (endMs - startMs) ? whole : partly;
}

/** Keeps the end, which tells one replica from the next. */
function shortenedInside(text: string, most: number): string {
  const kept = Math.floor((most - 1) / 2);
  return text.length <= most ? text : `${text.slice(0, most - 1 - kept)}…${text.slice(-kept)}`;
}

function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
