/**
 * The order in which a walk goes through its chain: turn by turn, with pauses between, stretch by stretch, some of them
 * several steps at once. Data flows from step to step; what stands in for a step that is not ok runs behind it.
 */
import type { OpEnded } from "../history/events.ts";
import type { ScenarioGroup, ScenarioStep } from "../scenario/resolve.ts";
import { saveFrom } from "../scenario/template.ts";
import { seededRandom, type Random } from "../world.ts";
import type { Op, Ran, Walk, WalkContext } from "./walk.ts";

type RunOp = (op: Op) => Promise<Ran>;

/** What the steps of one stretch share. */
interface Around {
  readonly context: WalkContext;
  readonly walk: Walk;
  readonly saved: Map<string, unknown>;
  readonly deadlineUs: number;
  readonly intendedUs: number;
  readonly lackingSinceUs: number;
  readonly runOp: RunOp;
}

export async function followCourse(context: WalkContext, walk: Walk, runOp: RunOp): Promise<void> {
  const { group, agent } = walk;
  const saved = new Map<string, unknown>();
  const random = seededRandom(context.seed, "walk", group.name, agent, walk.walk);
  let { intendedUs } = walk;
  let lackingSinceUs = intendedUs;
  for (const { pauseMs, stretches } of group.turns ?? wholeOf(group)) {
    if (pauseMs !== undefined) {
      const ms = pauseMs.least + random.next() * (pauseMs.most - pauseMs.least);
      if (ms > 0 && !(await context.world.sleep(ms, context.stopping))) return;
      intendedUs = context.recorder.nowUs();
      lackingSinceUs = intendedUs;
    }
    const deadlineUs = group.budgetMs === undefined ? Number.POSITIVE_INFINITY : intendedUs + group.budgetMs * 1000;
    for (const numbers of stretches) {
      if (context.stopping.aborted) return;
      const around: Around = { context, walk, saved, deadlineUs, intendedUs, lackingSinceUs, runOp };
      const [only = 0] = numbers;
      lackingSinceUs = numbers.length === 1 ? await runStep(around, only, random) : await runTogether(around, numbers);
      intendedUs = context.recorder.nowUs();
    }
  }
}

const wholes = new WeakMap<ScenarioGroup, NonNullable<ScenarioGroup["turns"]>>();

function wholeOf(group: ScenarioGroup): NonNullable<ScenarioGroup["turns"]> {
  const whole = wholes.get(group) ?? [{ stretches: group.steps.map((_, number) => [number]) }];
  wholes.set(group, whole);
  return whole;
}

/** Each has chance of its own, so that the seed decides it whichever is faster. */
async function runTogether(around: Around, numbers: readonly number[]): Promise<number> {
  const { context, walk } = around;
  const randomOf = (number: number): Random =>
    seededRandom(context.seed, "walk", walk.group.name, walk.agent, walk.walk, number);
  const intended = await Promise.all(numbers.map((number) => runStep(around, number, randomOf(number))));
  return Math.max(...intended);
}

/** Runs a step, and what stands in for it; answers the start that it counts from. */
async function runStep(around: Around, number: number, random: Random): Promise<number> {
  const { context, walk, saved, runOp, deadlineUs, intendedUs, lackingSinceUs } = around;
  const step = walk.group.steps[number];
  if (step === undefined) throw new Error(`${walk.group.name} has no step ${number}`);
  const { otherwise } = step;
  const ran = await runOp({
    deadlineUs,
    intendedUs,
    lackingSinceUs,
    walk,
    step,
    at: { group: walk.group.name, agent: walk.agent, walk: walk.walk, step: number },
    saved,
    random,
    standIn: otherwise === undefined ? undefined : () => wayOn(walk, step),
  });
  keep(around, step, ran);
  switch (ran.degraded) {
    case undefined:
      break;
    case "cached":
      for (const { name } of step.save) saved.set(name, walk.cache?.get(name));
      break;
    case "values":
      if (otherwise?.is === "values")
        for (const [name, value] of Object.entries(otherwise.values)) saved.set(name, value);
      break;
    case "step":
      if (otherwise?.is === "step") {
        const nowUs = context.recorder.nowUs();
        await runStep({ ...around, intendedUs: nowUs, lackingSinceUs: ran.intendedUs }, otherwise.step, random);
      }
      break;
    default:
      ran.degraded satisfies never;
  }
  return ran.intendedUs;
}

/** What was never saved cannot be gone on with. */
function wayOn({ cache }: Walk, { otherwise, save }: ScenarioStep): OpEnded["degraded"] {
  if (otherwise?.is !== "cached") return otherwise?.is;
  return save.every(({ name }) => cache?.has(name) === true) ? "cached" : undefined;
}

function keep({ saved, walk }: Around, { save }: ScenarioStep, { result }: Ran): void {
  if (result === undefined) return;
  for (const { name, path } of save) {
    const value = saveFrom(result, path);
    if (value === undefined) continue;
    saved.set(name, value);
    walk.cache?.set(name, value);
  }
}
