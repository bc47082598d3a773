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
}

const samplesMin = 6;
const samplesForP95 = 100;
const samplesMax = 1000;

export function watchBudgets(declared: Declared): Budgets {
  const links = new Map(declared.links.map(({ link, server }) => [link, server]));
  const roles = new Map(declared.phases.map(({ phase, role }) => [phase, role]));
  const budgets = new Map(declared.groups.map(({ group, budgetMs }) => [group, budgetMs]));
  const patience = new Map(declared.steps.map(({ group, step, timeoutMs }) => [`${group}.${step}`, timeoutMs]));
  const usual = new Map<string, number[]>();
  const walks = new Map<string, Step[]>();
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
    const key = `${started.group}.${started.agent}.${started.walk}`;
    walks.set(key, [...(walks.get(key) ?? []), step]);
  };

  const cascades = (): readonly Cascade[] => {
    const usually = new Map([...usual].map(([tool, samples]) => [tool, usualUs(samples)]));
    return [...walks.values()].flatMap((steps) => {
      const [first] = steps;
      const budgetMs = first?.step === 0 ? budgets.get(first.group) : undefined;
      if (budgetMs === undefined) return [];
      const patienceUs = ({ group, step }: Step): number => (patience.get(`${group}.${step}`) ?? 0) * 1000;
      const cascade = cascadeIn(steps, { budgetUs: budgetMs * 1000, patienceUs, usually, unharmed });
      return cascade === undefined ? [] : [cascade];
    });
  };

  return { add, cascades };
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
