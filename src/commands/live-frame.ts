/** The lines that progress shows at one moment: pure, so that a test reads them. */
import { placeInWords } from "../history/fault-place.ts";
import { styleText } from "node:util";
import { conditionInWords } from "../scenario/schedules.ts";
import { formatDuration } from "../units.ts";
import { said, type FaultState, type LiveState } from "./live-state.ts";

interface View {
  readonly nowUs: number;
  readonly size: { readonly columns: number; readonly rows: number };
  readonly colour: boolean;
}

type Format = Parameters<typeof styleText>[0];

interface Line {
  readonly text: string;
  readonly format?: Format;
}

const columnsLeast = 60;
const rowsLeast = 14;
const faultsShown = 4;
const classesShown = 6;
const barWidth = 24;

export function frameOf(state: LiveState, view: View): readonly string[] {
  const { columns, rows } = view.size;
  const lines = columns < columnsLeast || rows < rowsLeast ? [oneLine(state)] : blockLines(state, view);
  return lines.map(({ text, format }) => {
    // A line that wraps could not be drawn over.
    const cut = text.slice(0, Math.max(0, columns - 1));
    return format === undefined || !view.colour ? cut : styleText(format, cut, { validateStream: false });
  });
}

function oneLine(state: LiveState): Line {
  const on = state.faults().filter(isOn);
  const faults =
    on.length === 0 ? "" : `  ! ${on.map(({ planned }) => `${planned.kind} ${placeInWords(planned)}`).join(", ")}`;
  return { text: `${state.doing()}  ${said(state.counts())}${faults}`.trimEnd() };
}

function blockLines(state: LiveState, view: View): Line[] {
  const counts = state.counts();
  return [
    phaseLine(state, view),
    ...faultLines(state, view),
    ...(counts.ops === 0 ? [] : [trafficLine(state, view), outcomesLine(state), { text: `total     ${said(counts)}` }]),
  ];
}

function phaseLine(state: LiveState, { nowUs }: View): Line {
  const current = state.phase();
  if (current === undefined) return { text: `${state.doing()} …`, format: "bold" };
  const { phase, startMs, endMs } = current.phase;
  const doneMs = Math.min(endMs - startMs, (nowUs - current.sinceUs) / 1000);
  const filled = Math.round((barWidth * doneMs) / Math.max(1, endMs - startMs));
  const bar = `${"█".repeat(filled)}${"░".repeat(barWidth - filled)}`;
  const leftMs = endMs - startMs - doneMs;
  const index = state.plan.phases.indexOf(current.phase) + 1;
  const all = `${secondsLeft(state.plan.durationMs - startMs - doneMs)} in all`;
  return {
    text: `phase     ${bar}  ${phase} (${index} of ${state.plan.phases.length})  ${secondsLeft(leftMs)} left, ${all}`,
    format: "bold",
  };
}

function faultLines(state: LiveState, view: View): Line[] {
  const faults = state.faults();
  // What is on comes first, then what comes next; what is over makes room.
  const rank = (fault: FaultState): number =>
    fault.edge === "unhealed" ? 0 : isOn(fault) ? 1 : isToCome(fault) ? 2 : 3;
  const ranked = faults.toSorted((a, b) => rank(a) - rank(b));
  const shown = ranked.slice(0, faultsShown).map((fault, index) => faultLine(fault, index, state, view));
  const more = faults.length - shown.length;
  return more > 0 ? [...shown, { text: `          and ${more} more` }] : shown;
}

function faultLine(fault: FaultState, index: number, state: LiveState, view: View): Line {
  const { planned } = fault;
  const name = `${planned.kind} ${placeInWords(planned)}`;
  const { length } = planned.windows;
  const windows =
    length === 1 ? "" : fault.edge === undefined ? `  ${length} times` : `  ${fault.window + 1} of ${length}`;
  const { says, format } = faultSays(fault, state, view);
  return {
    text: `${index === 0 ? "faults  " : "        "}  ${name}${windows}  ${says}`,
    ...(format === undefined ? {} : { format }),
  };
}

function faultSays(
  fault: FaultState,
  state: LiveState,
  { nowUs }: View,
): { readonly says: string; readonly format?: Format } {
  const forMs = (nowUs - fault.sinceUs) / 1000;
  const inVain = state.plan.mode === "control" ? "in name only" : "not seen to bite";
  switch (fault.edge) {
    case undefined:
      return fault.condition === "expired"
        ? { says: "never injected: what it waited for did not come", format: "yellow" }
        : { says: toCome(fault, state, nowUs), format: "dim" };
    case "requested":
      return { says: `on, ${inVain} for ${secondsLeft(forMs)}${grown(fault)}`, format: "yellow" };
    case "observed":
      return { says: `on, seen to bite ${secondsLeft(forMs)} ago${grown(fault)}`, format: "red" };
    case "healed":
      return fault.observed || state.plan.mode === "control"
        ? { says: "healed", format: "green" }
        : { says: `healed, ${inVain}`, format: "yellow" };
    case "unhealed":
      return { says: "COULD NOT BE HEALED", format: ["bold", "red"] };
    default:
      return fault.edge satisfies never;
  }
}

function grown({ step = 0, planned: { steps = [] } }: FaultState): string {
  return steps.length === 0 ? "" : `, step ${step} of ${steps.length}`;
}

function toCome({ planned }: FaultState, state: LiveState, nowUs: number): string {
  const current = state.phase();
  const [first] = planned.windows;
  if (first === undefined) return "never";
  if (current === undefined) return "to come";
  const planMs = current.phase.startMs + (nowUs - current.sinceUs) / 1000;
  const { when } = planned;
  if (when === undefined) return `in ${secondsLeft(first.startMs - planMs)}`;
  const waits = `waits until ${conditionInWords(when.condition)}`;
  return planMs < when.fromMs ? `${waits}, from ${secondsLeft(when.fromMs - planMs)} on` : waits;
}

function trafficLine(state: LiveState, { nowUs }: View): Line {
  const { perSecond, tookMs } = state.recent(nowUs);
  return { text: `last 5s   ${perSecond.toFixed(1)} ops/s  ${percentile(tookMs)}` };
}

// A percentile needs 5/(1-q) samples.
const samplesForP95 = 100;
const samplesForP50 = 10;

function percentile(sortedMs: readonly number[]): string {
  const at = (share: number): string => told(sortedMs[Math.ceil(sortedMs.length * share) - 1] ?? 0);
  if (sortedMs.length >= samplesForP95) return `p95 ${at(0.95)}`;
  return sortedMs.length >= samplesForP50 ? `p50 ${at(0.5)}` : "too few for a percentile";
}

function outcomesLine(state: LiveState): Line {
  const classes = [...state.counts().classes].sort(([, a], [, b]) => b - a);
  const shown = classes.slice(0, classesShown).map(([name, count]) => `${name} ${count}`);
  const rest = classes.slice(classesShown).reduce((sum, [, count]) => sum + count, 0);
  return { text: `attempts  ${[...shown, ...(rest > 0 ? [`others ${rest}`] : [])].join("  ")}` };
}

function isOn({ edge }: FaultState): boolean {
  return edge === "requested" || edge === "observed";
}

function isToCome({ edge, condition }: FaultState): boolean {
  return edge === undefined && condition !== "expired";
}

function told(ms: number): string {
  return formatDuration(ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms));
}

/** Tenths below ten seconds, so that a line does not flicker with more than a person reads. */
function secondsLeft(ms: number): string {
  const rest = Math.max(0, ms);
  return rest < 10_000 ? `${(rest / 1000).toFixed(1)}s` : formatDuration(Math.round(rest / 1000) * 1000);
}
