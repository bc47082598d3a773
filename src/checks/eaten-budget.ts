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
const walksMax = 10_000;

export function watchBudgets(declared: Declared): Budgets {
  const links = new Map(declared.links.map(({ link, server }) => [link, server]));
  const roles = new Map(declared.phases.map(({ phase, role }) => [phase, role]));
  const budgets = new Map(declared.groups.map(({ group, budgetMs }) => [group, budgetMs]));
  const patience = new Map(declared.steps.map(({ group, step, timeoutMs }) => [`${group}.${step}`, timeoutMs]));
  const usual = new Map<string, number[]>();
  const walks = followWalks(declared);
  /** Which tools were seen to work while a fault was on. */
  const unharmed = new Set<string>();

  const add = (record: OpRecord, metFault: boolean): void => {
    const { started, ended, outcome } = record;
    if (budgets.get(started.group) === undefined || ended === undefined) return;
    const windows = record.faults.filter(({ link, observed }) => observed && links.get(link) === started.server);
    const step = stepOf(record, { metFault, faults: windows.map(({ fault }) => fault), toUs: ended.atUs });
    if (roles.get(started.phase) === "baseline") {
      const samples = usual.get(step.tool) ?? [];
      usual.set(step.tool, samples);
      if (outcome === "ok" && samples.length < samplesMax) samples.push(step.toUs - step.fromUs);
      return;
    }
    if (outcome === "ok") {
      for (const { fault, fromUs } of windows) {
        if (fromUs <= step.fromUs) unharmed.add(`${fault} ${step.tool}`);
      }
    }
    walks.add(`${started.group}.${started.agent}.${started.walk}`, step);
  };

  const cascades = (): readonly Cascade[] => {
    const usually = new Map([...usual].map(([tool, samples]) => [tool, usualUs(samples)]));
    return walks.all().flatMap((steps) => {
      const [first] = steps;
      const budgetMs = first?.step === 0 ? budgets.get(first.group) : undefined;
      if (budgetMs === undefined) return [];
      const patienceUs = ({ group, step }: Step): number => (patience.get(`${group}.${step}`) ?? 0) * 1000;
      const cascade = cascadeIn(steps, { budgetUs: budgetMs * 1000, patienceUs, usually, unharmed });
      return cascade === undefined ? [] : [cascade];
    });
  };

  return { add, cascades, leftOut: walks.leftOut };
}

/** A walk is kept only if one of its steps ran short of time behind one that had met a fault. */
function followWalks({ steps: declared }: Declared) {
  const lengths = new Map<string, number>();
  for (const { group } of declared) lengths.set(group, (lengths.get(group) ?? 0) + 1);
  const open = new Map<string, Step[]>();
  const kept = new Map<string, Step[][]>();
  const leftOut = new Map<string, number>();

  const close = (key: string, group: string, steps: Step[]): void => {
    open.delete(key);
    const ranShort = steps.some(({ notRun, timedOutFromUs }) => notRun || timedOutFromUs !== undefined);
    if (!ranShort || !steps.some(({ metFault }) => metFault)) return;
    const of = kept.get(group) ?? [];
    kept.set(group, of);
    if (of.length < walksMax) of.push(steps);
    else leftOut.set(group, (leftOut.get(group) ?? 0) + 1);
  };

  return {
    add: (key: string, step: Step): void => {
      const steps = open.get(key) ?? [];
      open.set(key, steps);
      steps.push(step);
      if (steps.length === lengths.get(step.group)) close(key, step.group, steps);
    },
    /** Records come as they are closed, so the steps of a walk may come in any order. */
    all: (): readonly Step[][] =>
      [...[...kept.values()].flat(), ...open.values()]
        .map((steps) => steps.toSorted((a, b) => a.step - b.step))
        .toSorted(([a], [b]) => (a?.fromUs ?? 0) - (b?.fromUs ?? 0)),
    leftOut: (group: string): number => leftOut.get(group) ?? 0,
  };
}

function stepOf(
  { started, ended, attempts, outcome, op }: OpRecord,
  seen: Pick<Step, "metFault" | "faults" | "toUs">,
): Step {
  const last = attempts.at(-1);
  const notRun = outcome === "not-run" && ended?.because === "no budget";
  return {
    op,
    group: started.group,
    step: started.step,
    server: started.server,
    tool: `${started.server}.${started.tool}`,
    // What could not be run counts from the start of the op that left it nothing; its own turn came later.
    fromUs: notRun ? started.atUs : started.intendedUs,
    notRun,
    ...(last?.class === "timeout" ? { timedOutFromUs: last.startedUs } : {}),
    events: [started.id, ...attempts.map(({ id }) => id), ...(ended === undefined ? [] : [ended.id])],
    ...seen,
  };
}

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
  const before = steps.slice(0, Math.max(0, firstOut)).filter(({ metFault }) => metFault);
  const [eater] = before.toSorted((a, b) => b.toUs - b.fromUs - (a.toUs - a.fromUs));
  const out = steps[firstOut];
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
