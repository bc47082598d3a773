/**
 * Who ate a chain's budget: for each walk that ran out of it, the step that took what the later ones needed, and those
 * of them that would have made it in time.
 */
import type { Declared } from "../history/declared.ts";
import type { OpRecord } from "../history/records.ts";

/** One walk in which a slow step left nothing to healthy ones. */
export interface Cascade {
  readonly group: string;
  readonly budgetUs: number;
  readonly eater: Step;
  readonly tookUs: number;
  readonly starved: readonly { readonly step: Step; readonly usualUs: number }[];
}

export interface Step {
  readonly op: string;
  readonly group: string;
  readonly step: number;
  readonly server: string;
  readonly tool: string;
  /** It was asked for; what it took counts from here. */
  readonly fromUs: number;
  readonly toUs: number;
  readonly notRun: boolean;
  /** When its last attempt began, if that got no answer in time. */
  readonly timedOutFromUs?: number;
  /** A request of its own waited where a fault was seen. */
  readonly metFault: boolean;
  /** The faults that were on its server's links meanwhile. */
  readonly faults: readonly string[];
  readonly events: readonly string[];
}

export interface Budgets {
  readonly add: (record: OpRecord, metFault: boolean) => void;
  readonly cascades: () => readonly Cascade[];
  /** Walks of a group that ran short of time and were not kept, for there were too many. */
  readonly leftOut: (group: string) => number;
}

const samplesMin = 6;
const samplesForP95 = 100;
const samplesMax = 1000;
/** Of one group; each is about a kilobyte. */
const walksMax = 3_000;

export function watchBudgets(declared: Declared): Budgets {
  const links = new Map(declared.links.map(({ link, server }) => [link, server]));
  const roles = new Map(declared.phases.map(({ phase, role }) => [phase, role]));
  const budgets = new Map(declared.groups.map(({ group, budgetMs }) => [group, budgetMs]));
  const patience = new Map(declared.steps.map(({ group, step, timeoutMs }) => [`${group}.${step}`, timeoutMs]));
  const usual = new Map<string, number[]>();
  const walks = followWalks(declared, links);
  /** Which tools were seen to work while a fault was on. */
  const unharmed = new Set<string>();

  const add = (record: OpRecord, metFault: boolean): void => {
    const { started, ended, outcome } = record;
    if (budgets.get(started.group) === undefined || ended === undefined) return;
    // What stands in for another step runs only where that was not ok, so it tells nothing of the usual way.
    if (started.insteadOf !== undefined) return;
    const tool = `${started.server}.${started.tool}`;
    if (roles.get(started.phase) === "baseline") {
      const samples = usual.get(tool) ?? [];
      usual.set(tool, samples);
      if (outcome === "ok" && samples.length < samplesMax) samples.push(ended.atUs - fromOf(record));
      return;
    }
    if (outcome === "ok") {
      for (const { fault, fromUs } of windowsAt(record, links)) {
        if (fromUs <= fromOf(record)) unharmed.add(`${fault} ${tool}`);
      }
    }
    walks.add({ record, metFault });
  };

  const cascades = (): readonly Cascade[] => {
    const usually = new Map([...usual].map(([tool, samples]) => [tool, usualUs(samples)]));
    return walks.all().flatMap((steps) => {
      const [first] = steps;
      const budgetMs = first !== undefined && walks.begins(first) ? budgets.get(first.group) : undefined;
      if (budgetMs === undefined) return [];
      const patienceUs = ({ group, step }: Step): number => (patience.get(`${group}.${step}`) ?? 0) * 1000;
      const cascade = cascadeIn(steps, { budgetUs: budgetMs * 1000, patienceUs, usually, unharmed });
      return cascade === undefined ? [] : [cascade];
    });
  };

  return { add, cascades, leftOut: walks.leftOut };
}

interface Seen {
  readonly record: OpRecord;
  readonly metFault: boolean;
}

/** A walk is kept only if one of its steps ran short of time, and one met a fault. */
function followWalks({ steps: declared }: Declared, links: ReadonlyMap<string, string>) {
  // A turn has the budget to itself, so it is a walk of its own.
  const turns = new Map<string, { readonly first: number; length: number }>();
  const turnOf = new Map<string, string>();
  for (const { group, step, turn = 0, insteadOf } of declared) {
    if (insteadOf !== undefined) continue;
    const key = `${group}.${turn}`;
    turnOf.set(`${group}.${step}`, key);
    const known = turns.get(key) ?? { first: step, length: 0 };
    turns.set(key, known);
    known.length += 1;
  }
  const turnWith = (group: string, step: number) => turns.get(turnOf.get(`${group}.${step}`) ?? "");
  const open = new Map<string, Seen[]>();
  const kept = new Map<string, Step[][]>();
  const leftOut = new Map<string, number>();
  const stepsOf = (walk: readonly Seen[]): Step[] => walk.map((seen) => stepOf(seen, links));

  const close = (group: string, walk: readonly Seen[]): void => {
    if (!walk.some(({ metFault }) => metFault) || !walk.some(({ record }) => ranShort(record))) return;
    const of = kept.get(group) ?? [];
    kept.set(group, of);
    if (of.length < walksMax) of.push(stepsOf(walk));
    else leftOut.set(group, (leftOut.get(group) ?? 0) + 1);
  };

  return {
    add: (seen: Seen): void => {
      const { group, agent, walk, step } = seen.record.started;
      const turn = turnWith(group, step);
      const key = `${group}.${agent}.${walk}.${turn?.first ?? 0}`;
      const steps = open.get(key);
      if (steps !== undefined) steps.push(seen);
      else open.set(key, [seen]);
      if ((steps?.length ?? 1) < (turn?.length ?? 1)) return;
      open.delete(key);
      close(group, steps ?? [seen]);
    },
    /** Records come as they are closed, so the steps of a walk may come in any order. */
    all: (): readonly Step[][] =>
      [...[...kept.values()].flat(), ...[...open.values()].map(stepsOf)]
        .map((steps) => steps.toSorted((a, b) => a.step - b.step))
        .toSorted(([a], [b]) => (a?.fromUs ?? 0) - (b?.fromUs ?? 0)),
    begins: ({ group, step }: Step): boolean => turnWith(group, step)?.first === step,
    leftOut: (group: string): number => leftOut.get(group) ?? 0,
  };
}

function windowsAt({ started, faults }: OpRecord, links: ReadonlyMap<string, string>): OpRecord["faults"] {
  return faults.filter(
    ({ links: met, observed }) => observed && met.some((link) => links.get(link) === started.server),
  );
}

function wasNotRun({ outcome, ended }: OpRecord): boolean {
  return outcome === "not-run" && ended?.because === "no budget";
}

function ranShort(record: OpRecord): boolean {
  return wasNotRun(record) || record.attempts.at(-1)?.class === "timeout";
}

/** What could not be run counts from the start of the op that left it nothing; its own turn came later. */
function fromOf(record: OpRecord): number {
  return wasNotRun(record) ? record.started.atUs : record.started.intendedUs;
}

function stepOf({ record, metFault }: Seen, links: ReadonlyMap<string, string>): Step {
  const { started, ended, attempts, op } = record;
  const last = attempts.at(-1);
  return {
    op,
    group: started.group,
    step: started.step,
    server: started.server,
    tool: `${started.server}.${started.tool}`,
    fromUs: fromOf(record),
    toUs: ended?.atUs ?? Number.POSITIVE_INFINITY,
    notRun: wasNotRun(record),
    ...(last?.class === "timeout" ? { timedOutFromUs: last.startedUs } : {}),
    metFault,
    faults: windowsAt(record, links).map(({ fault }) => fault),
    events: [started.id, ...attempts.map(({ id }) => id), ...(ended === undefined ? [] : [ended.id])],
  };
}

/** A start is kept in whole microseconds. */
const roundedUs = 1000;

/** The 95th percentile, or the slowest where that would claim more than the samples tell. */
function usualUs(samples: readonly number[]): number | undefined {
  if (samples.length < samplesMin) return undefined;
  const sorted = samples.toSorted((a, b) => a - b);
  return samples.length < samplesForP95 ? sorted.at(-1) : sorted[Math.ceil(sorted.length * 0.95) - 1];
}

function cascadeIn(
  steps: readonly Step[],
  about: {
    readonly budgetUs: number;
    readonly patienceUs: (step: Step) => number;
    readonly usually: ReadonlyMap<string, number | undefined>;
    readonly unharmed: ReadonlySet<string>;
  },
): Cascade | undefined {
  const { budgetUs, patienceUs, usually, unharmed } = about;
  const deadlineUs = (steps[0]?.fromUs ?? 0) + budgetUs;
  const usualOf = ({ tool }: Step): number => usually.get(tool) ?? Number.POSITIVE_INFINITY;
  // Cut short is who had less than its patience left; starved is who would have needed more than that.
  const ranOut = (step: Step): boolean =>
    step.notRun ||
    (step.timedOutFromUs !== undefined &&
      step.timedOutFromUs + patienceUs(step) > deadlineUs &&
      deadlineUs - step.timedOutFromUs < usualOf(step));

  const firstOut = steps.findIndex(ranOut);
  const out = steps[firstOut];
  // Steps that run at the same time take nothing from each other.
  const before = steps
    .slice(0, Math.max(0, firstOut))
    .filter(({ metFault, toUs }) => metFault && toUs < (out?.fromUs ?? 0) + roundedUs);
  const [eater] = before.toSorted((a, b) => b.toUs - b.fromUs - (a.toUs - a.fromUs));
  if (eater === undefined || out === undefined || !Number.isFinite(usualOf(eater))) return undefined;
  const isHealthy = ({ faults, tool }: Step): boolean =>
    faults.every((fault) => eater.faults.includes(fault) && unharmed.has(`${fault} ${tool}`));

  const tookUs = eater.toUs - eater.fromUs;
  // What would have been left to the others, had the slow step been as fast as ever.
  let spareUs = deadlineUs - out.fromUs + tookUs - usualOf(eater);
  const starved: { step: Step; usualUs: number }[] = [];
  for (const step of steps.slice(firstOut).filter(ranOut)) {
    spareUs -= usualOf(step);
    if (spareUs < 0) break;
    if (isHealthy(step)) starved.push({ step, usualUs: usualOf(step) });
  }
  return starved.length === 0 ? undefined : { group: eater.group, budgetUs, eater, tookUs, starved };
}
