/** Results as a run would leave them, made up: a 20 s run with three episodes and five findings, and small ones. */
import type { OpOutcome, OutcomeClass } from "../../src/history/outcomes.ts";
import { outcomeClasses } from "../../src/history/outcomes.ts";
import {
  figuresSchema,
  type Bucket,
  type Figures,
  type PhaseSpan,
  type Point,
  type Story,
} from "../../src/measure/figures.ts";
import type { RunResult } from "../../src/reporters/reporter.ts";
import type { Verdicts } from "../../src/reporters/verdicts.ts";

const s = (seconds: number): number => Math.round(seconds * 1e6);
const ms = (milliseconds: number): number => Math.round(milliseconds * 1000);

/** Random enough to look like a run, the same every time. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const phases: readonly PhaseSpan[] = [
  { phase: "baseline", role: "baseline", startUs: s(0.6), endUs: s(5) },
  { phase: "outage", role: "fault", startUs: s(5), endUs: s(7.5) },
  { phase: "outage.recovery", role: "recovery", startUs: s(7.5), endUs: s(10) },
  { phase: "slow", role: "fault", startUs: s(10), endUs: s(12.5) },
  { phase: "slow.recovery", role: "recovery", startUs: s(12.5), endUs: s(14.5) },
  { phase: "lost-answers", role: "fault", startUs: s(14.5), endUs: s(17) },
  { phase: "lost-answers.recovery", role: "recovery", startUs: s(17), endUs: s(19.2) },
  { phase: "final", role: "final", startUs: s(19.2), endUs: s(20.4) },
];

const upstream = "cloud->cloud-api";
const faults: Figures["faults"] = [
  {
    fault: "outage.0",
    kind: "egress-block",
    link: upstream,
    window: 0,
    requestedUs: s(5.01),
    observedUs: s(5.04),
    healedUs: s(7.49),
    form: "let-through",
    control: false,
  },
  {
    fault: "slow.0",
    kind: "latency",
    link: upstream,
    window: 0,
    requestedUs: s(10.01),
    observedUs: s(10.22),
    healedUs: s(12.48),
    form: "let-through",
    control: false,
  },
  ...[0, 1, 2, 3].map((window) => ({
    fault: "lost-answers.0",
    kind: "lost-answer",
    link: upstream,
    window,
    requestedUs: s(14.55 + window * 0.6),
    observedUs: s(14.58 + window * 0.6),
    healedUs: s(14.9 + window * 0.6),
    form: "let-through" as const,
    control: false,
  })),
];

const tools = ["FetchResources", "FetchServices", "FetchUsageLimits", "CreateLimitRequest"] as const;
const bucketUs = ms(200);
const fromUs = s(0.6);
const roleAt = (atUs: number): PhaseSpan => phases.findLast(({ startUs }) => startUs <= atUs) ?? phases[0]!;

interface Op {
  readonly tool: string;
  readonly phase: string;
  readonly atUs: number;
  readonly tookUs: number;
  readonly outcome: OpOutcome;
  readonly classes: readonly OutcomeClass[];
  readonly exchanges: number;
}

/** How one op goes, by what is broken when it comes. */
function opAt(atUs: number, tool: string, random: () => number): Op {
  const { phase } = roleAt(atUs);
  const quick = ms(6 + 9 * random() + (random() < 0.06 ? 40 * random() : 0));
  const op = { tool, phase, atUs };
  if (phase === "outage") {
    const dice = random();
    if (dice < 0.5) return { ...op, tookUs: quick, outcome: "ok", classes: ["ok"], exchanges: 3 };
    if (dice < 0.8)
      return {
        ...op,
        tookUs: ms(1000 + 400 * random()),
        outcome: "failed",
        classes: ["tool-error", "tool-error", "tool-error"],
        exchanges: 9,
      };
    if (dice < 0.9)
      return {
        ...op,
        tookUs: ms(1550 + 20 * random()),
        outcome: "unknown",
        classes: ["timeout", "reset"],
        exchanges: 6,
      };
    return { ...op, tookUs: 0, outcome: "not-run", classes: [], exchanges: 0 };
  }
  if (phase === "slow") {
    const dice = random();
    if (dice < 0.55) return { ...op, tookUs: ms(620 + 250 * random()), outcome: "ok", classes: ["ok"], exchanges: 1 };
    if (dice < 0.7)
      return { ...op, tookUs: ms(1480 + 300 * random()), outcome: "ok", classes: ["timeout", "ok"], exchanges: 2 };
    if (dice < 0.92)
      return { ...op, tookUs: ms(1000 + 550 * random()), outcome: "unknown", classes: ["timeout"], exchanges: 1 };
    return { ...op, tookUs: 0, outcome: "not-run", classes: [], exchanges: 0 };
  }
  if (phase === "lost-answers" && random() < 0.35) {
    return random() < 0.75
      ? { ...op, tookUs: ms(1010 + 30 * random()), outcome: "ok", classes: ["timeout", "ok"], exchanges: 3 }
      : { ...op, tookUs: ms(40 + 60 * random()), outcome: "failed", classes: ["http-refusal"], exchanges: 1 };
  }
  const settling = phase.endsWith(".recovery") && random() < 0.15;
  return { ...op, tookUs: settling ? quick * 6 : quick, outcome: "ok", classes: ["ok"], exchanges: 1 };
}

const random = chance(42);
const ops: readonly Op[] = Array.from({ length: Math.round((19.2 - 0.6) * 24) }, (_, index) =>
  opAt(fromUs + Math.round(index * (1e6 / 24) + random() * 20_000), tools[index % tools.length]!, random),
);

function nearest(sorted: readonly number[], q: number): number | undefined {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
}

function tally(some: readonly Op[]): Record<OpOutcome, number> {
  const of = (outcome: OpOutcome): number => some.filter((op) => op.outcome === outcome).length;
  return { ok: of("ok"), failed: of("failed"), unknown: of("unknown"), "not-run": of("not-run") };
}

function bucketFrom(startUs: number): Bucket {
  const here = ops.filter(({ atUs }) => atUs >= startUs && atUs < startUs + bucketUs);
  const took = here
    .filter(({ outcome }) => outcome === "ok")
    .map(({ tookUs }) => tookUs)
    .toSorted((a, b) => a - b);
  const [p50Us, p95Us] = [nearest(took, 0.5), nearest(took, 0.95)];
  return {
    offered: here.length,
    ops: tally(here),
    attempts: here.reduce((sum, { classes }) => sum + classes.length, 0),
    ...(p50Us === undefined ? {} : { p50Us }),
    ...(p95Us === undefined ? {} : { p95Us }),
    exchanges: here.reduce((sum, op) => sum + op.exchanges, 0),
    effects: here.filter(({ tool, outcome }) => tool === "CreateLimitRequest" && outcome === "ok").length,
  };
}

function toolFigures(): Figures["tools"] {
  return tools.flatMap((tool) =>
    phases.slice(0, -1).map(({ phase }) => {
      const here = ops.filter((op) => op.tool === tool && op.phase === phase);
      const took = here
        .filter(({ outcome }) => outcome === "ok")
        .map(({ tookUs }) => tookUs)
        .toSorted((a, b) => a - b);
      const classes: Partial<Record<OutcomeClass, number>> = {};
      for (const is of here.flatMap((op) => op.classes)) classes[is] = (classes[is] ?? 0) + 1;
      const [p50Us, maxUs, minUs] = [nearest(took, 0.5), took.at(-1), took[0]];
      const response = {
        samples: took.length,
        ...(took.length >= 10 && p50Us !== undefined ? { p50Us } : {}),
        ...(maxUs === undefined || minUs === undefined ? {} : { maxUs, minUs }),
      };
      const attempts = here.reduce((sum, op) => sum + op.classes.length, 0);
      return {
        group: "planner",
        server: "cloud",
        tool,
        phase,
        ops: tally(here),
        attempts,
        classes,
        response,
        service: response,
      };
    }),
  );
}

function hopFigures(): Figures["hops"] {
  return phases.slice(0, -1).flatMap(({ phase }) => {
    const here = ops.filter((op) => op.phase === phase && op.outcome !== "not-run");
    const attempts = here.reduce((sum, op) => sum + op.classes.length, 0);
    const exchanges = here.reduce((sum, op) => sum + op.exchanges, 0);
    return [
      {
        link: "planner@cloud",
        plane: "agent-server",
        phase,
        requests: attempts,
        callers: here.length,
        ratio: attempts / here.length,
      },
      {
        link: upstream,
        plane: "server-upstream",
        phase,
        requests: exchanges,
        callers: attempts,
        ratio: exchanges / attempts,
      },
      { link: "cloud->redis", plane: "server-upstream", phase, requests: 0, callers: attempts },
    ] as const;
  });
}

/** A generator at ease, and a server that grows. */
function health(): Pick<Figures, "generator" | "vitals"> {
  const mebi = 2 ** 20;
  const points = Array.from({ length: 20 }, (_, n) => ({
    fromUs: s(0.6 + n),
    toUs: s(1.6 + n),
    cpu: 0.3 + (n % 4) / 40,
    rssBytes: (180 + n) * mebi,
    heapBytes: (60 + (n % 5) * 4) * mebi,
    descriptors: 61,
    busyShare: 0.2,
    delayMaxUs: ms(3 + (n % 3) * 4),
    targets: [
      { target: "cloud", cpu: 0.2 + (n % 3) / 50, rssBytes: (70 + 2 * n) * mebi },
      { target: "cloud-api", cpu: 0.05, rssBytes: 50 * mebi },
    ],
  }));
  return {
    generator: {
      starts: 446,
      lagMaxUs: ms(9),
      lagP99Us: ms(2),
      healthy: true,
      budgetUs: ms(100),
      late: 0,
      dropped: 0,
      threads: [
        {
          thread: "m",
          starts: 446,
          seconds: 18,
          busySeconds: 0,
          busyShare: 0.2,
          delayP99Us: ms(3),
          delayMaxUs: ms(11),
        },
      ],
      machine: {
        cores: 4,
        seconds: 19,
        cpu: 0.34,
        cpuMax: 0.375,
        rssMaxBytes: 199 * mebi,
        descriptorsMax: 61,
        descriptorsLimit: 1024,
        targets: [
          { target: "cloud", cpu: 0.22, cpuMax: 0.24, rssMaxBytes: 108 * mebi },
          { target: "cloud-api", cpu: 0.05, cpuMax: 0.05, rssMaxBytes: 50 * mebi },
        ],
      },
    },
    vitals: {
      points,
      memory: [
        {
          of: "squall rss",
          firstBytes: 180 * mebi,
          lastBytes: 199 * mebi,
          minBytes: 180 * mebi,
          maxBytes: 199 * mebi,
        },
      ],
    },
  };
}

const opName = (walk: number, step: number): string => `14fe4f65.planner.${walk % 5}.${walk}.${step}`;

interface StoryLine {
  readonly op: string;
  readonly tool: string;
  readonly at: number;
  readonly attempts: readonly (readonly [fromMs: number, toMs: number, is: OutcomeClass, says?: string])[];
  readonly exchanges: readonly (readonly [fromMs: number, toMs: number, ended: string, status?: number])[];
  readonly effects?: readonly (readonly [row: string, fromMs: number, toMs: number])[];
  readonly outcome: OpOutcome;
  readonly because?: string;
  readonly endMs?: number;
  readonly lateMs?: number;
}

function story({
  op,
  tool,
  at,
  attempts,
  exchanges,
  effects = [],
  outcome,
  because,
  endMs,
  lateMs = 0,
}: StoryLine): Story {
  const intendedUs = s(at);
  const write = tool === "CreateLimitRequest";
  return {
    op,
    group: "planner",
    server: "cloud",
    tool,
    phase: roleAt(intendedUs).phase,
    intendedUs,
    startUs: intendedUs + ms(lateMs),
    ...(endMs === undefined ? {} : { endUs: intendedUs + ms(endMs) }),
    outcome,
    ...(because === undefined ? {} : { because }),
    attempts: attempts.map(([fromMs, toMs, is, says], index) => ({
      attempt: index + 1,
      startUs: intendedUs + ms(fromMs),
      endUs: intendedUs + ms(toMs),
      class: is,
      outcome: outcomeClasses[is].outcome,
      ...(says === undefined ? {} : { says }),
    })),
    exchanges: exchanges.map(([fromMs, toMs, ended, status]) => ({
      link: upstream,
      startUs: intendedUs + ms(fromMs),
      endUs: intendedUs + ms(toMs),
      method: write ? "POST" : "GET",
      path: write ? "/limit-requests" : `/${tool.slice(5).toLowerCase()}`,
      ended,
      ...(status === undefined ? {} : { status }),
    })),
    effects: effects.map(([row, fromMs, toMs]) => ({
      row,
      fromUs: intendedUs + ms(fromMs),
      toUs: intendedUs + ms(toMs),
    })),
  };
}

const duplicated = [0, 1, 2].map((n) =>
  story({
    op: opName(141 + n * 9, 3),
    tool: "CreateLimitRequest",
    at: 14.62 + n * 0.61,
    outcome: "ok",
    endMs: 1043 + n * 7,
    lateMs: n,
    attempts: [
      [n, 1000 + n, "timeout"],
      [1001 + n, 1043 + n * 7, "ok"],
    ],
    exchanges: [
      [4, 31, "eaten", 201],
      [1006 + n, 1031 + n * 6, "answered", 201],
    ],
    effects: [
      [`${131 + n * 2}`, 9, 31],
      [`${132 + n * 2}`, 1010, 1031],
    ],
  }),
);

const silent = [0, 1].map((n) =>
  story({
    op: opName(41 + n, 1),
    tool: "FetchServices",
    at: 5.32 + n * 0.4,
    outcome: "ok",
    endMs: 14 + n,
    attempts: [[0, 14 + n, "ok"]],
    exchanges: [[3, 9, "refused"]],
  }),
);

const storm = [0, 1].map((n) =>
  story({
    op: opName(47 + n * 2, 2),
    tool: "FetchUsageLimits",
    at: 6.02 + n * 0.37,
    outcome: "failed",
    endMs: 1223 + n * 31,
    attempts: [
      [0, 402, "tool-error", "upstream connect ECONNREFUSED 127.0.0.1:36411"],
      [403, 810, "tool-error", "upstream connect ECONNREFUSED 127.0.0.1:36411"],
      [811, 1223 + n * 31, "tool-error", "upstream connect ECONNREFUSED 127.0.0.1:36411"],
    ],
    exchanges: Array.from({ length: 9 }, (_, tried) => [4 + tried * 134, 9 + tried * 134, "refused"] as const),
  }),
);

const cascade = [
  story({
    op: opName(92, 0),
    tool: "FetchResources",
    at: 10.84,
    outcome: "unknown",
    endMs: 1502,
    attempts: [[0, 1500, "timeout"]],
    exchanges: [[5, 2405, "answered", 200]],
  }),
  story({
    op: opName(92, 1),
    tool: "FetchServices",
    at: 12.345,
    outcome: "not-run",
    because: "the budget of 1.55s is spent",
    endMs: 0,
    attempts: [],
    exchanges: [],
  }),
];

const finding = (
  over: Partial<Verdicts["checks"][number]["findings"][number]>,
): Verdicts["checks"][number]["findings"][number] => ({
  grade: "violation",
  blames: "server",
  says: "",
  why: "",
  fix: "",
  witness: { events: [], ops: [] },
  ...over,
});
const opsOfStories = (stories: readonly Story[]): string[] => stories.map(({ op }) => op);

const checks: Verdicts["checks"] = [
  {
    check: "duplicate-effects",
    verdict: "fail",
    looked: 31,
    warnings: 0,
    findings: [
      finding({
        says: `3 of 112 cloud.CreateLimitRequest ops had more than one effect: ${opsOfStories(duplicated)
          .map((op, n) => `${op} (ledger rows ${131 + n * 2}, ${132 + n * 2})`)
          .join("; ")}`,
        why: "A reply was lost or late, the call was made again, and the world changed again: the payment goes out twice.",
        fix: "Take a request id from the caller, pass it on as the upstream's idempotency key, and answer a known id with the first result.",
        witness: {
          events: ["w0:4102", "w0:4131", "l0:880", "l0:902", "w0:4160", "e0:131", "e0:132"],
          ops: opsOfStories(duplicated),
        },
      }),
    ],
  },
  {
    check: "silent-empty",
    verdict: "fail",
    looked: 38,
    warnings: 0,
    findings: [
      finding({
        says: `14 cloud.FetchServices calls answered success without $.services[], which every baseline answer held, while what it needed from its upstream failed: ${opsOfStories(silent).join(", ")}`,
        why: "The agent takes nothing for the truth and goes on; monitoring that counts errors stays green.",
        fix: "Turn a failed upstream call into a tool error (isError) that says what failed; answer an empty list only where the upstream did.",
        witness: { events: ["w0:1320", "w0:1324", "l0:311"], ops: opsOfStories(silent) },
      }),
    ],
  },
  {
    check: "retry-storm",
    verdict: "fail",
    looked: 61,
    warnings: 1,
    findings: [
      finding({
        grade: "info",
        blames: "agents",
        says: "the agents' policy made 1.9 attempts per op in outage, against 1.0 in the baseline; no threshold bounds it",
        why: "Retries of agents multiply with those of the server.",
        fix: "Give the policy a budget (10 % of its calls) and back-off with full jitter.",
        witness: { events: ["w0:1477"], ops: [] },
      }),
      finding({
        says: "cloud made 3.0 exchanges per attempt in outage, against 1.0 in the baseline, the next within 2ms of the failure",
        why: "Three immediate tries at each layer are 27 at the bottom: the upstream that comes back is knocked down again.",
        fix: "Retry at one layer only, with exponential back-off and full jitter, within a budget of 10 % of calls.",
        witness: { events: ["l0:402", "l0:403", "l0:404", "l0:405", "l0:406", "l0:407"], ops: opsOfStories(storm) },
      }),
    ],
  },
  {
    check: "timeout-cascade",
    verdict: "pass",
    strength: "0 healthy steps starved by the server in 44 walks",
    looked: 44,
    warnings: 1,
    findings: [
      finding({
        grade: "weakness",
        says: `cloud.FetchResources ate the whole budget of 1.55s in 9 walks, so 17 steps that were healthy were not run; its upstream call went on for 905ms after its caller had left: ${cascade[0]!.op}`,
        why: "Work that nobody waits for any more keeps an ailing upstream busy.",
        fix: "Pass the deadline on, and end the upstream call when its caller leaves (notifications/cancelled, closed connection).",
        witness: { events: ["w0:2710", "l0:602"], ops: opsOfStories(cascade) },
      }),
    ],
  },
  {
    check: "survives",
    verdict: "pass",
    looked: 446,
    warnings: 0,
    strength: "0 exits, 0 tools lost, 0 errors persisting after 3 healings (2 let-through, 1 drop-connections)",
    findings: [],
  },
];

const thresholds = [
  {
    expression: "p95(cloud.FetchResources, baseline) < 400ms",
    verdict: "pass",
    value: 23.4,
    samples: 104,
    shown: "23.4ms",
  },
  {
    expression: "goodput(planner, outage.recovery) >= 95% of baseline within 5s",
    verdict: "fail",
    value: 0.81,
    samples: 60,
    shown: "81%",
  },
  {
    expression: "p99(cloud.CreateLimitRequest, baseline) < 1s",
    verdict: "unknown",
    samples: 26,
    because: "n too small: p99 needs 500 samples",
  },
] as const;

export const figures: Figures = {
  schema: figuresSchema,
  run: "2026-03-14T09-26-53-quickstart-14fe4f65",
  scenario: "quickstart",
  mode: "faults",
  seed: 42,
  startedAt: "2026-03-14T09:26:53.589Z",
  squall: "0.1.0",
  endUs: s(20.4),
  ended: "finished",
  phases,
  faults,
  marks: [
    { atUs: s(7.93), says: "the session of planner 3 with cloud was lost (404)" },
    { atUs: s(12.61), says: "the upstream cloud-api refused 14 connections" },
  ],
  tools: toolFigures(),
  hops: hopFigures(),
  effects: [
    {
      effect: "limit-request",
      ledger: "cloud-api",
      quiet: true,
      counts: [
        { outcome: "ok", effects: "1", ops: 81 },
        { outcome: "ok", effects: "more", ops: 3 },
        { outcome: "failed", effects: "0", ops: 9 },
        { outcome: "unknown", effects: "0", ops: 6 },
        { outcome: "unknown", effects: "1", ops: 8 },
        { outcome: "not-run", effects: "0", ops: 5 },
      ],
    },
  ],
  episodes: [
    { phase: "outage", clearUs: s(7.49), recoveryUs: s(0.85) },
    { phase: "slow", clearUs: s(12.48), recoveryUs: s(1.62) },
    { phase: "lost-answers", clearUs: s(16.7), because: "fewer than 20 ops were offered before the run's end" },
  ],
  series: {
    bucketUs,
    fromUs,
    buckets: Array.from({ length: 99 }, (_, index) => bucketFrom(fromUs + index * bucketUs)),
  },
  ...health(),
  points: ops.map(({ atUs, tookUs, tool, outcome, classes }): Point => ({
    atUs,
    tookUs,
    tool,
    outcome,
    ...(classes.length > 0 ? { class: classes.at(-1)! } : {}),
  })),
  stories: [...duplicated, ...silent, ...storm, ...cascade],
};

export const verdicts: Verdicts = {
  schema: "squall.verdicts/1",
  squall: "0.1.0",
  mode: "faults",
  run: figures.run,
  scenario: "quickstart",
  seed: 42,
  startedAt: figures.startedAt,
  durationMs: 20_400,
  failOn: "violation",
  verdict: "fail",
  exitCode: 1,
  checks,
  thresholds: [...thresholds],
  notCovered: [{ check: "breaker", because: "no policy of this scenario has a breaker" }],
  gaps: [],
  replay: "squall run quickstart --seed 42",
};

/** The full run: three episodes, five findings. */
export const sample: RunResult = { verdicts, figures, directory: "reports/a-run" };

/** A control run of two seconds on one tool, in which all passed. */
export const controlOfTwoSeconds: RunResult = {
  directory: "reports/control",
  verdicts: {
    ...verdicts,
    mode: "control",
    verdict: "pass",
    exitCode: 0,
    checks: [
      {
        check: "silent-empty",
        verdict: "pass",
        looked: 12,
        warnings: 0,
        strength: "0 silently empty in 12 calls (0 said that they failed)",
        findings: [],
      },
    ],
    thresholds: [],
    notCovered: [],
    replay: "squall run quickstart --seed 42 --no-faults",
  },
  figures: {
    ...figures,
    mode: "control",
    endUs: s(2.04),
    phases: [
      { phase: "baseline", role: "baseline", startUs: ms(310), endUs: s(1) },
      { phase: "outage", role: "fault", startUs: s(1), endUs: s(1.5) },
      { phase: "outage.recovery", role: "recovery", startUs: s(1.5), endUs: s(2) },
    ],
    faults: [
      {
        fault: "outage.0",
        kind: "egress-block",
        link: upstream,
        window: 0,
        requestedUs: s(1.01),
        healedUs: s(1.5),
        control: true,
      },
    ],
    marks: [],
    tools: figures.tools.slice(0, 1),
    hops: figures.hops.slice(0, 1),
    effects: [],
    episodes: [],
    series: { bucketUs: ms(100), fromUs: ms(310), buckets: figures.series.buckets.slice(0, 17) },
    points: ops.slice(0, 40).map(({ atUs, tookUs, tool }) => ({
      atUs: Math.round((atUs - s(0.6)) * 0.9) + ms(310),
      tookUs,
      tool,
      outcome: "ok",
      class: "ok",
    })),
    stories: [],
  },
};

/** Cut off inside the first fault: no end mark, a fault that was never healed and one that nothing showed. */
export const cutOff: RunResult = {
  directory: "reports/cut",
  verdicts: {
    ...verdicts,
    verdict: "unknown",
    exitCode: 2,
    checks: checks.map(({ check, looked }) => ({
      check,
      verdict: "unknown",
      because: `history ends at 6.200 s, no end mark; latency on ${upstream} (slow.0) was never injected${check === "survives" ? "; no tools were listed after the fault" : ""}`,
      looked,
      warnings: 0,
      findings: [],
    })),
    thresholds: [],
    gaps: [
      { gap: "history-cut", says: "history ends at 6.200 s, no end mark" },
      { gap: "fault-not-observed", says: `latency on ${upstream} (slow.0) was never injected` },
    ],
  },
  figures: {
    ...figures,
    endUs: s(6.2),
    ended: "cut",
    phases: [phases[0]!, { ...phases[1]!, endUs: s(6.2) }],
    faults: [
      {
        fault: "outage.0",
        kind: "egress-block",
        link: upstream,
        window: 0,
        requestedUs: s(5.01),
        observedUs: s(5.04),
        control: false,
      },
      { fault: "outage.1", kind: "latency", link: "planner@cloud", window: 0, requestedUs: s(5.4), control: false },
    ],
    marks: [{ atUs: s(6.1), says: "the server cloud ended by itself (SIGKILL)" }],
    effects: [
      {
        ...figures.effects[0]!,
        quiet: false,
        counts: [
          { outcome: "ok", effects: "1", ops: 20 },
          { outcome: "ok", effects: "0", ops: 2 },
        ],
      },
    ],
    tools: figures.tools.filter(({ phase }) => phase === "baseline" || phase === "outage"),
    hops: figures.hops.filter(({ phase }) => phase === "baseline" || phase === "outage"),
    episodes: [{ phase: "outage", because: "the history ends before the fault was healed" }],
    series: { ...figures.series, buckets: figures.series.buckets.slice(0, 28) },
    points: figures.points.filter(({ atUs }) => atUs < s(6.2)),
    stories: [],
  },
};

const { generator: _, ...untold } = figures;

/** A run in which nothing came to pass. */
export const nothingHappened: RunResult = {
  directory: "reports/nothing",
  verdicts: {
    ...verdicts,
    verdict: "unknown",
    exitCode: 2,
    checks: [],
    thresholds: [],
    gaps: [{ gap: "nothing-called", says: "no tool was called" }],
  },
  figures: {
    ...untold,
    endUs: ms(80),
    ended: "unreachable",
    phases: [],
    faults: [],
    marks: [],
    tools: [],
    hops: [],
    effects: [],
    episodes: [],
    series: { bucketUs, fromUs: 0, buckets: [] },
    points: [],
    vitals: { points: [], memory: [] },
    stories: [],
  },
};

/** As much as Figures may hold: 240 buckets, 2,000 points, 10 findings of 10 stories, 40 tools, 30 faults, long names. */
export function theLargest(): RunResult {
  const long = (name: string): string => `${name}-${"of-a-very-long-name-".repeat(12)}`;
  const stories = Array.from({ length: 100 }, (_, n) =>
    story({
      op: `14fe4f65.${"planner-".repeat(5)}${n}.7.${n}.3`,
      tool: long("CreateLimitRequest"),
      at: 1 + n * 0.18,
      outcome: "unknown",
      endMs: 1500,
      attempts: Array.from(
        { length: 10 },
        (_, tried) => [tried * 150, tried * 150 + 140, "timeout", long("said")] as const,
      ),
      exchanges: Array.from({ length: 30 }, (_, tried) => [tried * 50, tried * 50 + 40, "reset"] as const),
      effects: Array.from({ length: 10 }, (_, row) => [long(`${row}`), row * 100, row * 100 + 90] as const),
    }),
  );
  const findings = Array.from({ length: 10 }, (_, n) =>
    finding({
      says: long(`${n}`).repeat(10),
      why: long("why").repeat(4),
      fix: long("fix").repeat(4),
      witness: {
        events: Array.from({ length: 10 }, (_, e) => `w0:${e}`),
        ops: opsOfStories(stories.slice(n * 10, n * 10 + 10)),
      },
    }),
  );
  return {
    directory: "reports/large",
    verdicts: { ...verdicts, checks: [{ ...checks[0]!, findings }] },
    figures: {
      ...figures,
      stories,
      tools: Array.from({ length: 40 }, (_, n) =>
        figures.tools.slice(0, 7).map((entry) => ({ ...entry, tool: long(`tool-${n}`) })),
      ).flat(),
      faults: Array.from({ length: 30 }, (_, n) => ({
        ...faults[0]!,
        fault: long(`fault-${n}`),
        link: long("link"),
        requestedUs: s(1 + n * 0.6),
        observedUs: s(1.1 + n * 0.6),
        healedUs: s(3 + n * 0.6),
      })),
      marks: Array.from({ length: 200 }, (_, n) => ({ atUs: s(n / 10), says: long("a mark") })),
      points: Array.from({ length: 2000 }, (_, n) => ({
        ...figures.points[n % figures.points.length]!,
        atUs: s(n / 100),
        tool: long("tool"),
      })),
      vitals: {
        points: Array.from({ length: 120 }, (_, n) => ({
          ...figures.vitals.points[n % 20]!,
          fromUs: ms(170 * n),
          toUs: ms(170 * (n + 1)),
          targets: [1, 2, 3, 4, 5].map((target) => ({ target: long(`${target}`), cpu: n % 4, rssBytes: n * 1e6 })),
        })),
        memory: [],
      },
      series: {
        bucketUs: ms(85),
        fromUs: 0,
        buckets: Array.from({ length: 240 }, (_, n) => figures.series.buckets[n % 99]!),
      },
    },
  };
}
