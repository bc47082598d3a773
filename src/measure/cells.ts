/** Cells: what each tool did for each group in each phase. All figures of tools and hops are sums of cells. */
import type { Declared } from "../history/declared.ts";
import { neverSent, type OpOutcome, type Outcome, type OutcomeClass } from "../history/outcomes.ts";
import type { OpRecord } from "../history/records.ts";
import type { OutcomeTimes, ToolFigures } from "./figures.ts";
import { addReason, mergeReasons, notRunBecause, reasonsOf, type Reasons } from "./reasons.ts";
import { addTime, emptyTiming, latencyOf, mergeTiming, type Timing } from "./histogram.ts";

/** Two clocks, for both tell the truth of something else. */
export interface Clocks {
  /** Of ops: from the intended start to the end, and so with all that had to be waited for. */
  readonly response: Timing;
  /** Of attempts: from the request to what it came to. */
  readonly service: Timing;
}

export interface Cell {
  readonly group: string;
  readonly server: string;
  readonly tool: string;
  readonly phase: string;
  /** They stand in for this step of their chain. */
  readonly insteadOf?: number;
  readonly ops: Record<OpOutcome, number>;
  /** Ops that were not ok, and their agents went on with something else. */
  degraded: number;
  /** Why ops were not run: for lack of input or budget, or held back by their agents' policy. */
  readonly notRun: Reasons;
  /** Why ops were not tried again, though their agents would have liked to. */
  readonly heldBack: Reasons;
  /** Ops whose end is the run's and not their own: they tell nothing of the server. */
  cutShort: number;
  /** Ops with an attempt. */
  tried: number;
  attempts: number;
  /** Attempts of which something may have reached the server. */
  sent: number;
  readonly classes: Partial<Record<OutcomeClass, number>>;
  /**
   * By what the op, or the attempt, came to: how long a failure took is none of an answer's time. What the run itself
   * cut short has no time of its own, and what was not run has none at all.
   */
  readonly clocks: Readonly<Record<Outcome, Clocks>>;
  /** Response times of ops that were ok, without how late they were begun: that is the generator's doing. */
  readonly punctual: Timing;
}

export interface Cells {
  readonly on: (op: OpRecord) => void;
  /** Joined with others of the same plan; in the order of the chains, then of the phases. */
  readonly all: (...others: readonly Cells[]) => readonly Cell[];
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
    const key = `${toolKey(started)}\n${started.phase}\n${started.insteadOf ?? ""}`;
    let cell = cells.get(key);
    if (cell === undefined) cells.set(key, (cell = emptyCell(started)));
    return cell;
  };

  return {
    on: (op) => {
      const cell = cellOf(op);
      count(cell, op, refusedAttempts(op, agentLinks));
      addResponse(cell, op);
      addServices(cell, op);
    },
    find: (key) => cells.get(key),
    keys: () => cells.keys(),
    all: (...others) => {
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
  for (const { ops, classes, clocks, punctual, notRun, heldBack, ...cell } of [first, ...others]) {
    mergeTiming(sum.punctual, punctual);
    mergeReasons(sum.notRun, notRun);
    mergeReasons(sum.heldBack, heldBack);
    for (const outcome of ["ok", "failed", "unknown", "not-run"] as const) sum.ops[outcome] += ops[outcome];
    for (const key of ["cutShort", "degraded", "tried", "attempts", "sent"] as const) sum[key] += cell[key];
    // TypeScript takes the keys of any object for strings.
    for (const is of Object.keys(classes) as OutcomeClass[]) {
      sum.classes[is] = (sum.classes[is] ?? 0) + (classes[is] ?? 0);
    }
    for (const outcome of ["ok", "failed", "unknown"] as const) {
      mergeTiming(sum.clocks[outcome].response, clocks[outcome].response);
      mergeTiming(sum.clocks[outcome].service, clocks[outcome].service);
    }
  }
  return sum;
}

function emptyCell({
  group,
  server,
  tool,
  phase,
  insteadOf,
}: Pick<Cell, "group" | "server" | "tool" | "phase"> & { readonly insteadOf?: number | undefined }): Cell {
  return {
    group,
    server,
    tool,
    phase,
    ...(insteadOf === undefined ? {} : { insteadOf }),
    ops: noOps(),
    degraded: 0,
    notRun: new Map(),
    heldBack: new Map(),
    cutShort: 0,
    tried: 0,
    attempts: 0,
    sent: 0,
    classes: {},
    clocks: { ok: emptyClocks(), failed: emptyClocks(), unknown: emptyClocks() },
    punctual: emptyTiming(),
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

/** The run ended before the op did; or the walk was begun so late that its budget was gone before its first call. */
export function isCutShort({ started, ended, attempts }: OpRecord): boolean {
  if (ended === undefined || ended.cutShort === true) return true;
  return attempts.at(-1)?.class === "stopped" || (started.step === 0 && ended.because === "no budget");
}

export function figuresOf(cell: Cell): ToolFigures {
  const { cutShort: _, tried: __, sent: ___, punctual: ____, degraded, notRun, heldBack, clocks, ...counted } = cell;
  const failed = timesOf(clocks.failed);
  const unknown = timesOf(clocks.unknown);
  return {
    ...counted,
    ...(degraded === 0 ? {} : { degraded }),
    ...(notRun.size === 0 ? {} : { notRun: reasonsOf(notRun) }),
    ...(heldBack.size === 0 ? {} : { heldBack: reasonsOf(heldBack) }),
    ...timesOf(clocks.ok),
    ...(isEmpty(failed) ? {} : { failed }),
    ...(isEmpty(unknown) ? {} : { unknown }),
  };
}

function timesOf({ response, service }: Clocks): OutcomeTimes {
  return { response: latencyOf(response), service: latencyOf(service) };
}

function isEmpty({ response, service }: OutcomeTimes): boolean {
  return response.samples + service.samples === 0;
}

function emptyClocks(): Clocks {
  return { response: emptyTiming(), service: emptyTiming() };
}

function count(cell: Cell, op: OpRecord, refused: ReadonlySet<number | undefined>): void {
  cell.ops[op.outcome] += 1;
  if (isCutShort(op)) cell.cutShort += 1;
  if (op.ended?.degraded !== undefined) cell.degraded += 1;
  addReason(cell.notRun, notRunBecause(op));
  addReason(cell.heldBack, op.ended?.heldBack);
  if (op.attempts.length > 0) cell.tried += 1;
  cell.attempts += op.attempts.length;
  for (const { attempt, class: is } of op.attempts) {
    cell.classes[is] = (cell.classes[is] ?? 0) + 1;
    if (!neverSent.has(is) && !refused.has(attempt)) cell.sent += 1;
  }
}

function addResponse({ clocks, punctual }: Cell, op: OpRecord): void {
  const { outcome, started, ended } = op;
  // An op that was ok has come to its end, whatever its agent would have done next.
  if (ended === undefined || outcome === "not-run" || (outcome !== "ok" && isCutShort(op))) return;
  addTime(clocks[outcome].response, ended.atUs - started.intendedUs);
  if (outcome === "ok") addTime(punctual, ended.atUs - Math.max(started.atUs, started.intendedUs));
}

function addServices({ clocks }: Cell, { attempts }: OpRecord): void {
  for (const { class: is, outcome, startedUs, atUs } of attempts) {
    if (is !== "stopped" && is !== "outrun") addTime(clocks[outcome].service, atUs - startedUs);
  }
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
