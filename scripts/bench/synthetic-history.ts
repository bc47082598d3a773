/**
 * A made-up run of any length, as a lazy sequence of events: what two groups of agents, two servers and their upstreams
 * would have left behind in phases with three episodes of faults. The same parameters give the same events.
 */
import type { Declared } from "../../src/history/declared.ts";
import {
  historySchema,
  type Attempt,
  type Exchange,
  type HistoryEvent,
  type Stamp,
  type Unstamped,
} from "../../src/history/events.ts";
import { opId } from "../../src/history/ids.ts";
import { opOutcome, outcomeClasses, type OutcomeClass } from "../../src/history/outcomes.ts";
import { shapeOf, type Shape } from "../../src/history/shape.ts";
import { seededRandom, type Random } from "../../src/world.ts";
import { openTimeWheel, type Due } from "./time-wheel.ts";

export interface SyntheticRun {
  /** About so many: the last walks come to their end. */
  readonly events: number;
  readonly opsPerSecond: number;
  /** Of the calls under a fault, the share that needs the broken upstream; the others are answered from memory. */
  readonly failures: number;
  /** Writes that have their effect twice. */
  readonly duplicates: number;
  /** Of the requests to upstreams, the share that does not say for which call it is. */
  readonly nameless: number;
  readonly seed: number;
  readonly checks: readonly string[];
  readonly thresholds: readonly string[];
}

export const synthetic: SyntheticRun = {
  events: 100_000,
  opsPerSecond: 300,
  failures: 0.3,
  duplicates: 0,
  nameless: 0.01,
  seed: 42,
  checks: ["duplicate-effects", "retry-storm", "silent-empty", "survives", "timeout-cascade"],
  thresholds: [
    "p95(cloud.FetchResources, baseline) < 400ms",
    "error-rate(baseline) <= 1%",
    "goodput(planner, recovery) >= 95% of baseline within 2s",
    "amplification(agents->cloud, baseline) <= 1.1",
  ],
};

const nonce = "5ca1ab1e";
const agents = 200;
const eventsPerOp = 5.44;
const patienceUs = 400_000;
const ledgerEveryUs = 500_000;
const attemptsMax = 3;

interface Step {
  readonly group: string;
  readonly step: number;
  readonly server: "cloud" | "shop";
  readonly tool: string;
  readonly method: string;
  readonly path: string;
  readonly usualUs: number;
  readonly effect?: string;
  readonly answer: Shape;
}

const chains: readonly (readonly Step[])[] = [
  [
    step("planner", 0, "cloud", "FetchResources", { usualUs: 6000, answer: shapeOf({ resources: [{ id: "r-1" }] }) }),
    step("planner", 1, "cloud", "FetchUsage", { usualUs: 9000, answer: shapeOf({ usage: { used: 3, limit: 9 } }) }),
    step("planner", 2, "cloud", "CreateLimitRequest", {
      usualUs: 12_000,
      effect: "limit-request",
      answer: shapeOf({ id: "q-1", state: "open" }),
    }),
  ],
  [
    step("buyer", 0, "shop", "FindItems", { usualUs: 5000, answer: shapeOf({ items: [{ sku: "s-1", price: 9 }] }) }),
    step("buyer", 1, "shop", "PlaceOrder", { usualUs: 15_000, effect: "order", answer: shapeOf({ order: "o-1" }) }),
  ],
];
const opsPerRound = chains.flat().length;
const roundsInBlock = 10;

function step(
  group: string,
  at: number,
  server: Step["server"],
  tool: string,
  rest: Pick<Step, "usualUs" | "answer" | "effect">,
): Step {
  const method = rest.effect === undefined ? "GET" : "POST";
  return { group, step: at, server, tool, method, path: `/${tool.toLowerCase()}`, ...rest };
}

const upstreamOf = { cloud: "cloud-api", shop: "shop-db" } as const;
const upstreamLink = (server: Step["server"]): string => `${server}->${upstreamOf[server]}`;

interface Episode {
  readonly phase: string;
  readonly server: Step["server"];
  readonly kind: string;
  readonly healForm: "let-through" | "drop-connections";
  /** On for so long, off for so long; on for the whole phase where absent. */
  readonly flap?: readonly [onUs: number, offUs: number];
}

const episodes: readonly Episode[] = [
  { phase: "outage", server: "cloud", kind: "egress-block", healForm: "drop-connections" },
  { phase: "stall", server: "cloud", kind: "latency", healForm: "let-through" },
  { phase: "flap", server: "shop", kind: "flap", healForm: "let-through", flap: [600_000, 400_000] },
];

type Phase = Declared["phases"][number] & { readonly fromUs: number; readonly toUs: number };

function phasesOf(lengthUs: number): readonly Phase[] {
  const shares: readonly (readonly [Declared["phases"][number], number])[] = [
    [{ phase: "warm-up", role: "warm-up" }, 0.04],
    [{ phase: "baseline", role: "baseline" }, 0.26],
    ...episodes.flatMap(
      ({ phase }) =>
        [
          [{ phase, role: "fault" }, 0.11],
          [{ phase: `${phase}.recovery`, role: "recovery" }, 0.12],
        ] as const,
    ),
    [{ phase: "final", role: "final" }, 0.01],
  ];
  let atUs = 0;
  return shares.map(([phase, share]) => {
    const fromUs = atUs;
    atUs += Math.round(lengthUs * share);
    return { ...phase, fromUs, toUs: atUs };
  });
}

interface Window {
  readonly episode: Episode;
  readonly window: number;
  readonly fromUs: number;
  readonly toUs: number;
}

function windowsOf(phases: readonly Phase[]): readonly Window[] {
  return episodes.flatMap((episode) => {
    const within = phases.find(({ phase }) => phase === episode.phase);
    if (within === undefined) return [];
    const lastUs = within.toUs - 1000;
    const [onUs, offUs] = episode.flap ?? [lastUs - within.fromUs, 0];
    const count = Math.max(1, Math.floor((lastUs - within.fromUs) / Math.max(1, onUs + offUs)));
    return Array.from({ length: count }, (_, window) => {
      const fromUs = within.fromUs + 1000 + window * (onUs + offUs);
      return { episode, window, fromUs, toUs: Math.min(lastUs, fromUs + onUs) };
    });
  });
}

export function declaredOf({ checks, thresholds }: Pick<SyntheticRun, "checks" | "thresholds">): Declared {
  const servers = ["cloud", "shop"] as const;
  const steps = chains.flat();
  return {
    phases: phasesOf(0).map(({ phase, role }) => ({ phase, role })),
    links: [
      { link: "planner@cloud", plane: "agent-server", server: "cloud", protocol: "mcp" },
      { link: "buyer@shop", plane: "agent-server", server: "shop", protocol: "mcp" },
      ...servers.map(
        (server) => ({ link: upstreamLink(server), plane: "server-upstream", server, protocol: "http" }) as const,
      ),
    ],
    faults: episodes.map(({ phase, server, kind, healForm }) => {
      return { fault: `${phase}.0`, kind, link: upstreamLink(server), phase, healForm };
    }),
    steps: steps.map(({ group, step, server, tool, effect }) => ({
      group,
      step,
      server,
      tool,
      timeoutMs: patienceUs / 1000,
      ...(effect === undefined ? {} : { effect }),
    })),
    effects: [
      { effect: "limit-request", ledger: "cloud-api" },
      { effect: "order", ledger: "shop-db" },
    ],
    servers: servers.map((server) => ({ server, transport: "http", isStarted: true })),
    groups: [
      { group: "planner", wire: "lean", budgetMs: 1600, onTimeout: "cancel", attemptsMax },
      { group: "buyer", wire: "lean", onTimeout: "cancel", attemptsMax },
    ],
    checks,
    thresholds,
  };
}

/** Read from a file, no two events share anything. */
function copyOf({ form, filled, hollow }: Shape): Shape {
  return { form, filled: [...filled], hollow: [...hollow] };
}

/** What one run has at hand while it is made up. */
interface Making {
  readonly run: SyntheticRun;
  readonly random: Random;
  readonly phases: readonly Phase[];
  readonly windows: readonly Window[];
  readonly put: (due: Due) => void;
  rows: number;
  duplicatesLeft: number;
  duplicateEvery: number;
}

export function* syntheticHistory(over: Partial<SyntheticRun> = {}): Generator<HistoryEvent, void, undefined> {
  for (const block of syntheticBlocks(over)) yield* block;
}

/** The same, many at a time, as they are read from a disk. */
export function* syntheticBlocks(
  over: Partial<SyntheticRun> = {},
): Generator<readonly HistoryEvent[], void, undefined> {
  const run = { ...synthetic, ...over };
  const rounds = Math.max(1, Math.round(run.events / eventsPerOp / opsPerRound));
  const lengthUs = Math.round((rounds * opsPerRound * 1e6) / run.opsPerSecond);
  const phases = phasesOf(lengthUs);
  const wheel = openTimeWheel();
  const making: Making = {
    run,
    random: seededRandom(run.seed, "synthetic"),
    phases,
    windows: windowsOf(phases),
    put: wheel.put,
    rows: 0,
    duplicatesLeft: run.duplicates,
    duplicateEvery: Math.max(1, Math.floor((rounds * 2) / (run.duplicates + 1))),
  };
  const frame = frameOf(making, lengthUs).toSorted(([a], [b]) => a - b);
  const closingUs = lengthUs - Math.round(lengthUs * 0.005);
  let framed = 0;
  const frameUntil = (untilUs: number): void => {
    for (let next = frame[framed]; next !== undefined && next[0] <= untilUs; next = frame[framed]) {
      wheel.put(framedDue(next));
      framed += 1;
    }
  };
  for (let round = 0; round < rounds; round += 1) {
    const atUs = Math.round((round * closingUs) / rounds);
    frameUntil(atUs + 2_000_000);
    for (const chain of chains) walk(making, chain, { number: round, atUs: atUs + making.random.integer(0, 2000) });
    if (round % roundsInBlock === 0) yield wheel.until(atUs);
  }
  frameUntil(closingUs + 7_000_000);
  yield wheel.until(Number.POSITIVE_INFINITY);
  for (const next of frame.slice(framed)) {
    wheel.put(framedDue(next));
    yield wheel.until(Number.POSITIVE_INFINITY);
  }
}

function framedDue([atUs, event]: readonly [number, Unstamped]): Due {
  return { writer: tapsWriter, atUs, make: (stamp) => ({ ...stamp, ...event }) };
}

/** All that does not come of calls. */
function frameOf({ run, phases, windows }: Making, lengthUs: number): (readonly [number, Unstamped])[] {
  const declared = declaredOf(run);
  const endUs = lengthUs + 20_000_000;
  const listed = (server: Step["server"]): Unstamped => ({
    type: "tools-listed",
    server,
    tools: [...new Set(chains.flat().flatMap((step) => (step.server === server ? [step.tool] : [])))],
  });
  return [
    [0, { type: "run-started", ...startOf(run), declared }],
    ...(["cloud", "shop"] as const).flatMap((target) => [
      [0, { type: "target", target: upstreamOf[target], role: "upstream", edge: "ready" }] as const,
      [0, { type: "target", target, role: "server", edge: "ready" }] as const,
      [0, listed(target)] as const,
      ...phases.filter(({ role }) => role === "recovery").map(({ toUs }) => [toUs - 1, listed(target)] as const),
      [endUs, { type: "ledger-read", ledger: upstreamOf[target], rows: 0, quiet: true }] as const,
    ]),
    ...declared.links.flatMap(({ link, plane, server }) =>
      Array.from({ length: plane === "agent-server" ? agents : 8 }, (_, n) => n).flatMap((agent) => [
        [1, { type: "connection", link, connection: agent, edge: "opened" }] as const,
        ...(plane === "agent-server"
          ? [[2, { type: "session", group: link.split("@")[0] ?? "", agent, server, edge: "opened" }] as const]
          : []),
        [endUs, { type: "connection", link, connection: agent, edge: "closed", by: "caller", how: "fin" }] as const,
      ]),
    ),
    ...phases.flatMap(({ phase, role, fromUs, toUs }, index) => [
      [fromUs, { type: "phase", phase, role, edge: "start" }] as const,
      [index === phases.length - 1 ? endUs - 1 : toUs, { type: "phase", phase, role, edge: "end" }] as const,
    ]),
    ...windows.flatMap(({ episode, window, fromUs, toUs }) => {
      const { phase, kind, server, healForm: form } = episode;
      const edge = { type: "fault", fault: `${phase}.0`, kind, link: upstreamLink(server), window } as const;
      return [
        [fromUs, { ...edge, edge: "requested" }],
        [fromUs + 500, { ...edge, edge: "observed" }],
        [toUs, { ...edge, edge: "healed", form }],
      ] as const;
    }),
    [endUs, { type: "generator", starts: 1, lagMaxUs: 900, lagP99Us: 300, healthy: true }],
    [endUs + 1, { type: "run-ended", reason: "finished" }],
  ];
}

function startOf({ seed }: SyntheticRun) {
  return {
    schema: historySchema,
    squall: "0.0.0",
    run: "synthetic",
    nonce,
    scenario: "synthetic",
    seed,
    mode: "faults",
    startedAt: "2026-01-01T00:00:00.000Z",
    replay: "node scripts/bench/judge.ts",
  } as const;
}

function walk(making: Making, chain: readonly Step[], at: { readonly number: number; readonly atUs: number }): void {
  const [first] = chain;
  const budgetUs = first?.group === "planner" ? 1_600_000 : Number.POSITIVE_INFINITY;
  let intendedUs = at.atUs;
  for (const step of chain) {
    const op: Op = {
      step,
      id: opId(nonce, coordinates(step, at.number)),
      number: at.number,
      intendedUs,
      deadlineUs: at.atUs + budgetUs,
    };
    intendedUs = runOp(making, op) + 200;
  }
}

function coordinates({ group, step }: Step, number: number) {
  return { group, agent: number % agents, walk: Math.floor(number / agents), step };
}

// Agents write their own events, in two threads; taps and ledgers are read by the supervisor.
const tapsWriter = "m";
const writerOf = (walk: number): string => (walk % 2 === 0 ? "w1" : "w2");

interface Op {
  readonly step: Step;
  readonly id: string;
  readonly number: number;
  readonly intendedUs: number;
  readonly deadlineUs: number;
}

/** Answers when it ended. */
function runOp(making: Making, op: Op): number {
  const { put, phases } = making;
  const { id, number, intendedUs, deadlineUs } = op;
  const phase = phases.findLast(({ fromUs }) => fromUs <= intendedUs)?.phase ?? "final";
  const startedUs = intendedUs + 80;
  const writer = writerOf(number);
  put({ writer, atUs: startedUs, make: (stamp) => opStarted(stamp, op, phase) });
  if (startedUs + 1000 > deadlineUs) {
    const make: Due["make"] = (stamp) => {
      return { ...stamp, type: "op-ended", op: id, outcome: "not-run", because: "no budget" };
    };
    put({ writer, atUs: startedUs, make });
    return startedUs;
  }
  const attempts: Came[] = [];
  let atUs = startedUs;
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const came = tryOnce(making, op, { attempt, atUs });
    attempts.push(came);
    atUs = came.endUs;
    if (came.outcome === "ok" || atUs + 50_000 > deadlineUs) break;
    if (attempt < attemptsMax) atUs += 20_000 * 2 ** attempt + making.random.integer(0, 20_000);
  }
  const outcome = opOutcome(attempts);
  put({ writer, atUs, make: (stamp) => ({ ...stamp, type: "op-ended", op: id, outcome }) });
  return atUs;
}

function opStarted(stamp: Stamp, { step, id, number, intendedUs }: Op, phase: string): HistoryEvent {
  return {
    ...stamp,
    type: "op-started",
    op: id,
    ...coordinates(step, number),
    server: step.server,
    tool: step.tool,
    phase,
    intendedUs,
    argsShape: step.effect === undefined ? "resource:string" : "limit:number,requestId:string,resource:string",
    ...(step.effect === undefined ? {} : { effect: step.effect }),
  };
}

interface Came {
  readonly outcome: Attempt["outcome"];
  readonly endUs: number;
}

interface Try {
  readonly attempt: number;
  readonly atUs: number;
}

function tryOnce(making: Making, op: Op, { attempt, atUs }: Try): Came {
  const { random, windows, run } = making;
  const window = windows.find(
    ({ episode, fromUs, toUs }) => episode.server === op.step.server && fromUs + 1000 <= atUs && atUs < toUs,
  );
  const tookUs = Math.round(op.step.usualUs * (0.6 + 0.8 * random.next() + 2 * random.next() ** 12));
  const about = { attempt, atUs, tookUs };
  if (window !== undefined && random.next() < run.failures) {
    return window.episode.kind === "latency" ? stalled(making, op, about) : refused(making, op, about);
  }
  if (window === undefined && random.next() < 0.003) {
    // Load alone makes some be turned away.
    return answered(making, op, { ...about, class: "http-refusal", asks: false });
  }
  return answered(making, op, { ...about, class: "ok", asks: window === undefined });
}

type Asked = Try & { readonly tookUs: number };

function answered(
  making: Making,
  op: Op,
  { attempt, atUs, tookUs, class: is, asks }: Asked & { readonly class: OutcomeClass; readonly asks: boolean },
): Came {
  const { step } = op;
  const endUs = atUs + tookUs;
  if (asks) {
    const [startedUs, answeredUs] = [atUs + 700, endUs - 500];
    upstream(making, op, { attempt, startedUs, endUs: answeredUs, ended: "answered", status: 200 });
    if (step.effect !== undefined) commit(making, op, answeredUs - 200);
  } else if (is === "ok" && step.effect !== undefined) {
    // What it has taken in it does as soon as it can, past the link that is broken.
    commit(making, op, endUs - 200);
  }
  return attempted(making, op, { attempt, atUs, endUs, class: is });
}

function refused(making: Making, op: Op, { attempt, atUs }: Asked): Came {
  upstream(making, op, { attempt, startedUs: atUs + 700, endUs: atUs + 1500, ended: "refused" });
  return attempted(making, op, { attempt, atUs, endUs: atUs + 2500, class: "tool-error" });
}

function stalled(making: Making, op: Op, { attempt, atUs }: Asked): Came {
  const endUs = atUs + patienceUs;
  const leftUs = endUs + making.random.integer(1000, 30_000);
  upstream(making, op, { attempt, startedUs: atUs + 700, endUs: leftUs, ended: "caller-left" });
  return attempted(making, op, { attempt, atUs, endUs, class: "timeout" });
}

type Attempted = Try & { readonly endUs: number; readonly class: OutcomeClass };

function attempted({ put }: Making, op: Op, about: Attempted): Came {
  const { endUs, class: is } = about;
  put({ writer: tapsWriter, atUs: endUs - 50, make: (stamp) => callOf(stamp, op, about) });
  put({ writer: writerOf(op.number), atUs: endUs, make: (stamp) => attemptOf(stamp, op, about) });
  return { outcome: outcomeClasses[is].outcome, endUs };
}

function callOf(stamp: Stamp, { step, id, number }: Op, { attempt, atUs, endUs, class: is }: Attempted): HistoryEvent {
  return {
    ...stamp,
    type: "exchange",
    link: `${step.group}@${step.server}`,
    connection: number % agents,
    reusedSocket: true,
    ops: [id],
    attempt,
    method: "POST",
    path: "/mcp",
    tool: step.tool,
    startedUs: atUs + 50,
    sentUs: atUs + 90,
    ...(is === "timeout" ? {} : { firstByteUs: endUs - 120 }),
    ended: is === "timeout" ? "caller-left" : "answered",
    ...(is === "timeout" ? {} : { status: is === "http-refusal" ? 503 : 200 }),
    bytesUp: 612,
    bytesDown: 388,
  };
}

function attemptOf(stamp: Stamp, { step, id }: Op, { attempt, atUs, class: is }: Attempted): HistoryEvent {
  return {
    ...stamp,
    type: "attempt",
    op: id,
    attempt,
    startedUs: atUs,
    class: is,
    outcome: outcomeClasses[is].outcome,
    ...(is === "timeout" ? { onTimeout: "cancel" } : { status: is === "http-refusal" ? 503 : 200, bytes: 388 }),
    ...(is === "tool-error" ? { says: "the upstream refused the connection" } : {}),
    reusedSocket: true,
    ...(is === "ok" ? { answer: copyOf(step.answer) } : {}),
  };
}

type Request = Pick<Exchange, "startedUs" | "ended" | "status"> & { readonly attempt: number; readonly endUs: number };

function upstream({ put, random, run }: Making, op: Op, about: Request): void {
  const named = random.next() >= run.nameless;
  put({ writer: tapsWriter, atUs: about.endUs, make: (stamp) => requestOf(stamp, op, { ...about, named }) });
}

function requestOf(
  stamp: Stamp,
  { step, id, number }: Op,
  { attempt, startedUs, endUs, ended, status, named }: Request & { readonly named: boolean },
): HistoryEvent {
  return {
    ...stamp,
    type: "exchange",
    link: upstreamLink(step.server),
    connection: number % 8,
    reusedSocket: true,
    ops: named ? [id] : [],
    ...(named ? { attempt } : {}),
    method: step.method,
    path: step.path,
    asks: "9f86d081884c7d65",
    startedUs,
    sentUs: startedUs + 40,
    ...(status === undefined ? {} : { status, firstByteUs: endUs - 90, answer: copyOf(step.answer) }),
    ended,
    bytesUp: 318,
    bytesDown: status === undefined ? 0 : 274,
  };
}

/** The row is seen when its ledger is read next. */
function commit(making: Making, { step, id }: Op, atUs: number): void {
  const { effect } = step;
  if (effect === undefined) return;
  making.rows += 1;
  const twice = making.duplicatesLeft > 0 && making.rows % making.duplicateEvery === 0;
  if (twice) making.duplicatesLeft -= 1;
  for (const lateUs of twice ? [0, 1_500_000] : [0]) {
    const committedUs = atUs + lateUs;
    const row = lateUs === 0 ? String(making.rows) : `${making.rows}+`;
    making.put({
      writer: tapsWriter,
      atUs: Math.ceil(committedUs / ledgerEveryUs) * ledgerEveryUs,
      make: (stamp) => ({
        ...stamp,
        type: "effect",
        effect,
        ledger: upstreamOf[step.server],
        row,
        key: id,
        op: id,
        committedUs: [committedUs, committedUs],
      }),
    });
  }
}
