/**
 * The supervisor, the only stage that acts. Comes in: a scenario and its plan. Goes out: a history on disk.
 * It opens the stage, plays the plan, heals everything in reverse order, waits for the ledgers, and closes.
 */
import { join } from "node:path";
import type { EngineChoice } from "../engines/registry.ts";
import { openLease } from "../engines/lease.ts";
import { sweepLapsed } from "../engines/lease-sweep.ts";
import { offersTools, type FailOn } from "../history/declared.ts";
import type { RunEnded } from "../history/events.ts";
import { historySchema } from "../history/events.ts";
import { createTracer } from "../history/ids.ts";
import { openHistory, type HistoryWriter } from "../history/segments.ts";
import { createStopRules, type StopRules } from "../measure/stop-rules.ts";
import type { Plan, PlannedPhase } from "../plan/plan.ts";
import type { Scenario } from "../scenario/resolve.ts";
import { secretsIn, unmistakable } from "../scenario/secrets.ts";
import { createMasks, maskedDeep, type Masks } from "../masks.ts";
import { version } from "../version.ts";
import type { World } from "../world.ts";
import { createClosing, type Closing } from "./closing.ts";
import { createConditions, type Conditions } from "./conditions.ts";
import type { CrewDrive } from "./crew.ts";
import { tellingRefusals } from "./egress.ts";
import { endedBy, endOf } from "./ending.ts";
import { openFaultDesk, type FaultDesk } from "./fault-desk.ts";
import { keepRules } from "./keep-rules.ts";
import { generatorOf, lagBudgetUs } from "./health.ts";
import type { ThreadHealth } from "./health-thread.ts";
import { followProcesses, openMachineHealth, type Processes } from "./health-machine.ts";
import { createObserver, type Observer, type RunProgress } from "./progress.ts";
import { maskedError, masking } from "./secrets.ts";
import { beginFolder, stamp } from "./run-folder.ts";
import { openStage, type OpenLoad, type Stage } from "./stage.ts";
import { playTimeline, type Played } from "./timeline.ts";
import { createToolLists, sessionsAtFirst, type ToolLists } from "./tool-lists.ts";
import { unlessStopped } from "./unless-stopped.ts";

export interface RunOptions {
  readonly scenario: Scenario;
  readonly plan: Plan;
  /** As resolved, secrets removed: what scenario.json holds. */
  readonly document: unknown;
  /** The command line that repeats this run. */
  readonly replay: string;
  readonly failOn: FailOn;
  /** What makes the network faults. Absent: the embedded one. */
  readonly engine?: EngineChoice;
  /** How many threads agents get, where a person has said so. */
  readonly threads?: number;
  /** Who loads the servers in place of the scenario's agents. */
  readonly openLoad?: OpenLoad;
  /** The folder that the scenario's relative paths start from. */
  readonly home: string;
  readonly out: string;
  readonly world: World;
  /** First: begin nothing more, drain, heal. Its reason tells which signal it was. */
  readonly stopping: AbortSignal;
  /** Second: do not wait for answers, heal at once. */
  readonly hurrying: AbortSignal;
  readonly onProgress: (progress: RunProgress) => void;
}

export interface RunFiles {
  readonly run: string;
  readonly directory: string;
}

export async function runScenario(options: RunOptions): Promise<RunFiles> {
  const { scenario, plan, world } = options;
  await sweepLapsed({ world });
  const nonce = world.nonce();
  const run = `${stamp(world.date())}-${scenario.name}-${nonce}`;
  const directory = join(options.out, run);
  const secrets = secretsIn(scenario, world.env);
  const masks = createMasks(secrets);
  const masked = masks.mask;
  const hidden = (document: unknown): unknown => maskedDeep(document, createMasks(unmistakable(secrets)).mask);
  await beginFolder(directory, { "scenario.json": hidden(options.document), "plan.json": hidden(plan) });

  const closing = createClosing();
  const failing = new AbortController();
  const history = await openHistory(join(directory, "history"), world, { onFailed: (error) => failing.abort(error) });
  const rules = createStopRules(plan.declared);
  const observer = createObserver(options.onProgress, { rules, declared: plan.declared });
  const processes = followProcesses();
  const conditions = createConditions();
  const record = masking(conditions.watching(processes.watching(observer.watching(history.record))), masked);
  const recorder = { ...history, record };
  recorder.record({
    type: "run-started",
    schema: historySchema,
    squall: version,
    run,
    nonce,
    scenario: scenario.name,
    seed: plan.seed,
    mode: plan.mode,
    startedAt: world.date().toISOString(),
    replay: options.replay,
    ...(options.failOn === "violation" ? {} : { failOn: options.failOn }),
    declared: plan.declared,
  });
  const onUnwritten = (error: Error): void => failing.abort(error);
  const watched = { history: recorder, observer, rules, conditions, running: processes.running };
  const written: Record<string, number> = {};
  const onWritten = (writer: string, events: number): void => void (written[writer] = events);
  const kept = { failing: failing.signal, onUnwritten, onWritten, masks, closing };
  let lostEngine: Error | undefined;
  const onEngineLost = (error: Error): void => void (lostEngine = error);
  const act = { ...options, ...watched, ...kept, run, nonce, directory, onEngineLost };
  let ended: RunEnded = { type: "run-ended", reason: "broken" };
  let left: readonly string[] = [];
  try {
    ended = await actOut(act);
  } catch (error) {
    const after = endedBy(error, { signal: endOf(options), lostEngine });
    ended = after.ended;
    if (after.isThrown) throw maskedError(error, masked);
  } finally {
    left = await closing.close();
    const last: RunEnded = left.length > 0 ? { type: "run-ended", reason: "broken", says: left.join("; ") } : ended;
    recorder.record(Object.keys(written).length === 0 ? last : { ...last, written });
    await history.close();
  }
  if (left.length > 0) throw new Error(`the run left something behind: ${masked(left.join("; "))}`);
  const unwritten = history.failed ?? (failing.signal.aborted ? failing.signal.reason : undefined);
  if (unwritten !== undefined) throw unwritten;
  return { run, directory };
}

type Act = RunOptions & {
  /** The history cannot be written: nothing that happens from now on can be proven. */
  readonly failing: AbortSignal;
  readonly onUnwritten: (error: Error) => void;
  readonly onEngineLost: (error: Error) => void;
  readonly onWritten: (writer: string, events: number) => void;
  readonly masks: Masks;
  readonly run: string;
  readonly nonce: string;
  readonly directory: string;
  readonly closing: Closing;
  readonly history: HistoryWriter;
  readonly observer: Observer;
  readonly rules: StopRules;
  readonly conditions: Conditions;
  readonly running: Processes;
};

async function actOut(act: Act): Promise<RunEnded> {
  const { scenario, plan, world, closing, history, nonce, observer } = act;
  const unguarded = new AbortController();
  const stopping = AbortSignal.any([act.stopping, act.failing, unguarded.signal]);

  const lease = await openLease({ world, run: { id: act.run, nonce } });
  closing.defer("the lease", () => lease.close());
  void lease.broken.then((error) => unguarded.abort(error));
  const tracer = createTracer(
    nonce,
    scenario.groups.map(({ name }) => name),
  );
  const about = {
    ...act,
    lease: lease.directory,
    tracer,
    recorder: history,
    watch: observer.ops,
    stopping,
    onStep: observer.step,
    onEngineLost: (error: Error) => {
      act.onEngineLost(error);
      unguarded.abort(error);
    },
  };
  const stage = await tellingRefusals(about, openStage);
  const desk = openFaultDesk({ mode: plan.mode, breakable: stage, seed: plan.seed, recorder: history, world });
  // Every call would be told of, so nobody is told where nothing waits.
  if (plan.faults.some(({ when }) => when !== undefined)) act.conditions.follow(stage.links);
  const follow = new AbortController();
  const following = stage.ledgers.map((ledger) => ledger.follow(follow.signal));
  const lists = createToolLists({
    servers: scenario.servers.map(({ name }) => name).filter((name) => offersTools(name, plan.declared)),
    listToolsOf: stage.listToolsOf,
    sessionsAtFirst: (name) => sessionsAtFirst(plan.declared, name),
    recorder: history,
    world,
  });
  observer.step("listing tools");
  await unlessStopped(stopping, lists.ask());
  let played: Played;
  try {
    played = await play(act, { stage, desk, stopping, lists });
  } finally {
    await desk.healAll();
    follow.abort();
    await Promise.all(following);
  }
  history.record({ type: "phase", phase: "final", role: "final", edge: "start" });
  // In a recovery they have been asked already.
  if (plan.phases.at(-1)?.role !== "recovery") void lists.ask();
  observer.step("waiting for late effects");
  await Promise.all([
    ...stage.ledgers.map((ledger) => ledger.settle(act.hurrying)),
    lists.settle(AbortSignal.any([act.stopping, act.hurrying])),
  ]);
  history.record({ type: "phase", phase: "final", role: "final", edge: "end" });
  unguarded.signal.throwIfAborted();
  return { type: "run-ended", ...played, reason: endOf(act) ?? played.reason };
}

async function play(
  act: Act,
  on: {
    readonly stage: Stage;
    readonly desk: FaultDesk;
    readonly stopping: AbortSignal;
    readonly lists: ToolLists;
  },
): Promise<Played> {
  const { plan, world, history, observer, rules } = act;
  const cutOff = new AbortController();
  // What the run still has to ask when its timeline is over is not stopped with it.
  const over = new AbortController();
  const stopping = AbortSignal.any([on.stopping, over.signal]);
  const originUs = history.nowUs();
  const machine = openMachineHealth(world, { recorder: history, running: act.running });
  const driving = on.stage.crew.drive({ originUs, stopping, cutOff: cutOff.signal });
  // Over stdio a process of its own would be asked: whatever was called meanwhile has changed nothing in that.
  const shared = act.scenario.servers.filter(({ transport }) => transport !== "stdio").map(({ name }) => name);
  // Late enough for a server to be well again, early enough to be answered before the next fault begins.
  const askLateIn = async ({ role, startMs, endMs }: PlannedPhase): Promise<void> => {
    const leadMs = Math.min(askLeadMs, (endMs - startMs) / 4);
    if (!(await world.sleep(endMs - startMs - leadMs, stopping))) return;
    await on.lists.ask(role === "baseline" ? shared : undefined);
  };
  const kept = keepRules({ rules, world, nowUs: history.nowUs, until: stopping });
  try {
    const timeline = playTimeline({
      plan,
      originUs,
      desk: on.desk,
      conditions: act.conditions,
      tally: observer.tally,
      tallied: () => driving.tellAll(),
      recorder: history,
      world,
      stopping: AbortSignal.any([stopping, kept.broken]),
      onPhase: (phase) => {
        observer.phase(phase);
        if (phase.role === "baseline" || phase.role === "recovery") void askLateIn(phase);
      },
    });
    // A walk or a rule that throws is a defect of ours: it must end the run, not wait for the phases to pass.
    const played = await Promise.race([
      timeline,
      ...[driving.done, kept.done].map((done) => done.then(() => timeline)),
    ]);
    return played.reason === "interrupted" ? (kept.stop() ?? played) : played;
  } finally {
    over.abort();
    try {
      await on.desk.healAll();
      observer.step("waiting for the last answers");
      const threads = await drain(act, driving, cutOff);
      history.record(generatorOf(threads, lagBudgetUs(act.scenario.groups), machine.end()));
    } finally {
      machine.end();
    }
  }
}

const askLeadMs = 1000;

/** Waits for answers as long as agents would, unless a person is in a hurry. */
async function drain(act: Act, driving: CrewDrive, cutOff: AbortController): Promise<readonly ThreadHealth[]> {
  const hurry = (): void => cutOff.abort();
  act.hurrying.addEventListener("abort", hurry, { once: true });
  const patience = act.world.timer(act.stopping.aborted ? drainStoppedMs : drainMs, hurry);
  if (act.hurrying.aborted) hurry();
  return driving.done.finally(() => patience.cancel());
}

const drainMs = 30_000;
const drainStoppedMs = 1000;
