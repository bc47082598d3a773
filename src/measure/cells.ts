/** Cells: what each tool did for each group in each phase. All figures of tools and hops are sums of cells. */
import type { Declared } from "../history/declared.ts";
import { neverSent, type OpOutcome, type OutcomeClass } from "../history/outcomes.ts";
import type { OpRecord } from "../history/records.ts";
import type { ToolFigures } from "./figures.ts";
import { addTime, emptyTiming, latencyOf, mergeTiming, type Timing } from "./histogram.ts";

export interface Cell {
  readonly group: string;
  readonly server: string;
  readonly tool: string;
  readonly phase: string;
  readonly ops: Record<OpOutcome, number>;
  /** Ops whose end is the run's and not their own: they tell nothing of the server. */
  cutShort: number;
  /** Ops with an attempt. */
  tried: number;
  attempts: number;
  /** Attempts of which something may have reached the server. */
  sent: number;
  readonly classes: Partial<Record<OutcomeClass, number>>;
  readonly response: Timing;
  readonly service: Timing;
}

export interface Cells {
  readonly on: (op: OpRecord) => void;
  /** Joined with others of the same plan; in the order of the chains, then of the phases. */
  readonly with: (...others: readonly Cells[]) => readonly Cell[];
  readonly find: (key: string) => Cell | undefined;
  readonly keys: () => Iterable<string>;
}

export const noOps = (): Record<OpOutcome, number> => ({ ok: 0, failed: 0, unknown: 0, "not-run": 0 });

export function openCells({ steps, phases, links }: Declared): Cells {
  const agentLinks = new Set(links.filter(({ plane }) => plane === "agent-server").map(({ link }) => link));
  const cells = new Map<string, Cell>();
  const stepOrder = orderOf(steps.map(toolKey));
  const phaseOrder = orderOf(phases.map(({ phase }) => phase));

  const cellOf = ({ started }: OpRecord): Cell => {
    const key = `${toolKey(started)}\n${started.phase}`;
    let cell = cells.get(key);
    if (cell === undefined) cells.set(key, (cell = emptyCell(started)));
    return cell;
  };

  return {
    on: (op) => count(cellOf(op), op, refusedAttempts(op, agentLinks)),
    find: (key) => cells.get(key),
    keys: () => cells.keys(),
    with: (...others) => {
      const keys = new Set([...cells.keys(), ...others.flatMap((other) => [...other.keys()])]);
      const all = [...keys].map((key) =>
        joined([cells.get(key), ...others.map((other) => other.find(key))].filter((cell) => cell !== undefined)),
      );
      return all.toSorted(
        (a, b) =>
          stepOrder(toolKey(a)) - stepOrder(toolKey(b)) ||
          compared(toolKey(a), toolKey(b)) ||
          phaseOrder(a.phase) - phaseOrder(b.phase) ||
          compared(a.phase, b.phase),
      );
    },
  };
}

/** Cells of the same tool in the same phase, made of different ops. */
function joined([first, ...others]: readonly Cell[]): Cell {
  if (first === undefined) throw new Error("expected a cell to join");
  if (others.length === 0) return first;
  const sum = emptyCell(first);
  for (const { ops, classes, response, service, ...cell } of [first, ...others]) {
    for (const outcome of ["ok", "failed", "unknown", "not-run"] as const) sum.ops[outcome] += ops[outcome];
    for (const key of ["cutShort", "tried", "attempts", "sent"] as const) sum[key] += cell[key];
    // TypeScript takes the keys of any object for strings.
    for (const is of Object.keys(classes) as OutcomeClass[]) {
      sum.classes[is] = (sum.classes[is] ?? 0) + (classes[is] ?? 0);
    }
    mergeTiming(sum.response, response);
    mergeTiming(sum.service, service);
  }
  return sum;
}

function emptyCell({ group, server, tool, phase }: Pick<Cell, "group" | "server" | "tool" | "phase">): Cell {
  return {
    group,
    server,
    tool,
    phase,
    ops: noOps(),
    cutShort: 0,
    tried: 0,
    attempts: 0,
    sent: 0,
    classes: {},
    response: emptyTiming(),
    service: emptyTiming(),
  };
}

/**
 * Whether a fault of another phase was in an op's way: on already when it began, or on only when it was under way. Of a
 * phase with faults of its own every op may meet them, and that is what it is for.
 */
export function metAtEdge({ started, faults }: OpRecord, phases: Declared["phases"]): "start" | "end" | undefined {
  if (faults.length === 0) return undefined;
  if (phases.find(({ phase }) => phase === started.phase)?.role === "fault") return undefined;
  return faults.some(({ fromUs }) => fromUs <= started.atUs) ? "start" : "end";
}

/** The run ended before the op did. */
export function isCutShort({ ended, attempts }: OpRecord): boolean {
  return ended === undefined || ended.cutShort === true || attempts.at(-1)?.class === "stopped";
}

export function figuresOf(cell: Cell): ToolFigures {
  const { cutShort: _, tried: __, sent: ___, response, service, ...counted } = cell;
  return { ...counted, response: latencyOf(response), service: latencyOf(service) };
}

function count(cell: Cell, op: OpRecord, refused: ReadonlySet<number | undefined>): void {
  cell.ops[op.outcome] += 1;
  if (isCutShort(op)) cell.cutShort += 1;
  if (op.attempts.length > 0) cell.tried += 1;
  cell.attempts += op.attempts.length;
  for (const { attempt, class: is, outcome, startedUs, atUs } of op.attempts) {
    cell.classes[is] = (cell.classes[is] ?? 0) + 1;
    if (!neverSent.has(is) && !refused.has(attempt)) cell.sent += 1;
    if (outcome === "ok") addTime(cell.service, atUs - startedUs);
  }
  if (op.outcome === "ok" && op.ended !== undefined) addTime(cell.response, op.ended.atUs - op.started.intendedUs);
}

const none: ReadonlySet<number | undefined> = new Set();

/** Those that the agents' own link refused: behind a tap that accepts first, their caller sees only a reset. */
function refusedAttempts({ exchanges }: OpRecord, agentLinks: ReadonlySet<string>): ReadonlySet<number | undefined> {
  const refused = exchanges.filter(({ link, ended }) => ended === "refused" && agentLinks.has(link));
  return refused.length === 0 ? none : new Set(refused.map(({ attempt }) => attempt));
}

function toolKey({ group, server, tool }: { group: string; server: string; tool: string }): string {
  return `${group}\n${server}\n${tool}`;
}

function orderOf(names: readonly string[]): (name: string) => number {
  return (name) => (names.includes(name) ? names.indexOf(name) : names.length);
}

function compared(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
