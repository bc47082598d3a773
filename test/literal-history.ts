/** Histories written out by hand: the events of a made-up run, for checks to judge without any network. */
import { checks } from "../src/checks/registry.ts";
import { judge, type Judged } from "../src/checks/judge.ts";
import type { Check } from "../src/checks/check.ts";
import type { Declared, FailOn, Mode } from "../src/history/declared.ts";
import type { Effect, EffectGone } from "../src/history/effect-events.ts";
import type { Attempt, Exchange, HistoryEvent, Unstamped } from "../src/history/events.ts";
import { historySchema } from "../src/history/events.ts";
import { outcomeClasses, type OpOutcome, type OutcomeClass } from "../src/history/outcomes.ts";
import { shapeOf } from "../src/history/shape.ts";
import { listingOf } from "../src/steps/listing.ts";

const nonce = "0000f00d";

export const declared: Declared = {
  phases: [
    { phase: "baseline", role: "baseline" },
    { phase: "outage", role: "fault" },
    { phase: "outage.recovery", role: "recovery" },
    { phase: "final", role: "final" },
  ],
  links: [
    { link: "planner@cloud", plane: "agent-server", server: "cloud", protocol: "mcp" },
    { link: "cloud->cloud-api", plane: "server-upstream", server: "cloud", protocol: "http" },
  ],
  faults: [
    {
      fault: "outage.0",
      kind: "egress-block",
      link: "cloud->cloud-api",
      phase: "outage",
      healForm: "drop-connections",
    },
  ],
  steps: [
    { group: "planner", step: 0, server: "cloud", tool: "FetchResources", timeoutMs: 1000 },
    {
      group: "planner",
      step: 1,
      server: "cloud",
      tool: "CreateLimitRequest",
      timeoutMs: 1000,
      effect: "limit-request",
    },
  ],
  effects: [{ effect: "limit-request", ledger: "cloud-api" }],
  servers: [{ server: "cloud", transport: "http", isStarted: true }],
  groups: [{ group: "planner", wire: "lean", onTimeout: "cancel", attemptsMax: 3 }],
  thresholds: [],
  checks: ["duplicate-effects", "silent-empty"],
};

const replicaLinks = [1, 2, 3].map((n) => `cloud->cloud.${n}`);

/** The same with the server as three replicas. */
export const replicated: Partial<Declared> = {
  links: [
    ...declared.links,
    ...replicaLinks.map((link) => ({ link, plane: "balancer-replica", server: "cloud", protocol: "mcp" }) as const),
  ],
  servers: [{ server: "cloud", transport: "http", isStarted: true, replicas: { count: 3, balance: "round-robin" } }],
};

export type Timed = readonly [atMs: number, event: Unstamped];

export function runStarted(mode: Mode = "faults", over: Partial<Declared> = {}): Timed {
  return [
    0,
    {
      type: "run-started",
      schema: historySchema,
      squall: "0.0.0",
      run: "a-run",
      nonce,
      scenario: "made-up",
      seed: 42,
      mode,
      startedAt: "2026-01-01T00:00:00.000Z",
      replay: "squall run made-up --seed 42",
      declared: { ...declared, ...over },
    },
  ];
}

/** The frame of a run: phases of a second each, the fault on for the whole of its phase. */
export function frame({
  mode = "faults",
  observed = true,
  recoveryUntilMs = 3000,
}: { mode?: Mode; observed?: boolean; recoveryUntilMs?: number } = {}): Timed[] {
  const fault = {
    type: "fault",
    fault: "outage.0",
    kind: "egress-block",
    link: "cloud->cloud-api",
    window: 0,
    ...(mode === "control" ? { control: true as const } : {}),
  } as const;
  const opened = { type: "connection", connection: 1, edge: "opened" } as const;
  return [
    [0, { type: "phase", phase: "baseline", role: "baseline", edge: "start" }],
    [1, { ...opened, link: "planner@cloud" }],
    [1, { ...opened, link: "cloud->cloud-api" }],
    [1000, { type: "phase", phase: "outage", role: "fault", edge: "start" }],
    [1001, { ...fault, edge: "requested" }],
    ...(observed && mode === "faults" ? [[1002, { ...fault, edge: "observed" }] as const] : []),
    [1999, { ...fault, edge: "healed", form: "drop-connections" }],
    [2000, { type: "phase", phase: "outage.recovery", role: "recovery", edge: "start" }],
    [recoveryUntilMs, { type: "phase", phase: "outage.recovery", role: "recovery", edge: "end" }],
    [recoveryUntilMs, { type: "phase", phase: "final", role: "final", edge: "start" }],
    [4000, { type: "ledger-read", ledger: "cloud-api", rows: 0, quiet: true }],
    [5000, { type: "run-ended", reason: "finished" }],
  ];
}

interface OpLine {
  readonly atMs: number;
  readonly walk: number;
  readonly step?: 0 | 1;
  readonly attempts?: readonly OutcomeClass[];
  /** What the ok answer holds. */
  readonly answer?: unknown;
  readonly tookMs?: number;
  readonly outcome?: OpOutcome;
  /** Why it was not run. */
  readonly because?: string;
  readonly onTimeout?: Attempt["onTimeout"];
  /** Where the phases are not of a second each. */
  readonly phase?: string;
}

const phaseAt = (atMs: number): string =>
  atMs < 1000 ? "baseline" : atMs < 2000 ? "outage" : atMs < 3000 ? "outage.recovery" : "final";

export function opIdOf(walk: number, step: 0 | 1 = 1): string {
  return `${nonce}.planner.0.${walk}.${step}`;
}

/** An op with its attempts, ten milliseconds each. */
export function op({
  atMs,
  walk,
  step = 1,
  attempts = ["ok"],
  answer = { id: "r-1" },
  tookMs = 10,
  outcome,
  because,
  onTimeout = "cancel",
  phase = phaseAt(atMs),
}: OpLine): Timed[] {
  const id = opIdOf(walk, step);
  const tool = step === 0 ? "FetchResources" : "CreateLimitRequest";
  const outcomes = attempts.map((is) => outcomeClasses[is].outcome);
  const came: OpOutcome =
    outcome ??
    (outcomes.length === 0
      ? "not-run"
      : outcomes.includes("ok")
        ? "ok"
        : outcomes.every((one) => one === "failed")
          ? "failed"
          : "unknown");
  return [
    [
      atMs,
      {
        type: "op-started",
        op: id,
        group: "planner",
        agent: 0,
        walk,
        step,
        server: "cloud",
        tool,
        phase,
        intendedUs: atMs * 1000,
        argsShape: "",
        ...(step === 1 ? { effect: "limit-request", asked: [asAsked] } : {}),
      },
    ],
    ...attempts.map((is, index): Timed => [
      atMs + tookMs,
      {
        type: "attempt",
        op: id,
        attempt: index + 1,
        startedUs: atMs * 1000,
        class: is,
        outcome: outcomeClasses[is].outcome,
        ...(is === "ok" ? { answer: shapeOf(answer) } : {}),
        ...(is === "timeout" ? { onTimeout } : {}),
      },
    ]),
    [atMs + tookMs, { type: "op-ended", op: id, outcome: came, ...(because === undefined ? {} : { because }) }],
  ];
}

/** The digest of what every write asks for. */
const asAsked = "0badcafe";

let rows = 0;

export function effect(walk: number, atMs: number, over: Partial<Effect> = {}): Timed {
  rows += 1;
  return [
    atMs,
    {
      type: "effect",
      effect: "limit-request",
      ledger: "cloud-api",
      row: String(rows),
      key: opIdOf(walk),
      op: opIdOf(walk),
      committedUs: [atMs * 1000, atMs * 1000],
      content: [asAsked],
      ...over,
    },
  ];
}

/** A row that was there is there no more. */
export function effectGone(walk: number, atMs: number, over: Partial<EffectGone> = {}): Timed {
  return [
    atMs,
    {
      type: "effect-gone",
      effect: "limit-request",
      ledger: "cloud-api",
      row: "1",
      key: opIdOf(walk),
      op: opIdOf(walk),
      goneUs: [atMs * 1000, atMs * 1000],
      content: [asAsked],
      ...over,
    },
  ];
}

export function exchange(walk: number, atMs: number, over: Partial<Exchange> = {}, step: 0 | 1 = 0): Timed {
  return [
    atMs,
    {
      type: "exchange",
      link: "cloud->cloud-api",
      connection: 1,
      ops: [opIdOf(walk, step)],
      method: "GET",
      path: "/resources",
      startedUs: atMs * 1000,
      ended: "answered",
      status: 200,
      answer: shapeOf({ resources: [{ id: "r-1" }] }),
      bytesUp: 10,
      bytesDown: 10,
      ...over,
    },
  ];
}

export function historyOf(...parts: readonly (Timed | readonly Timed[])[]): HistoryEvent[] {
  const isTimed = (part: Timed | readonly Timed[]): part is Timed => typeof part[0] === "number";
  return parts
    .flatMap((part): readonly Timed[] => (isTimed(part) ? [part] : part))
    .toSorted(([a], [b]) => a - b)
    .map(([atMs, event], index) => ({ id: `t:${index + 1}`, atUs: atMs * 1000, ...event }));
}

export function judged(
  history: readonly HistoryEvent[],
  registry: readonly Check[] = checks,
  options: { readonly failOn?: FailOn } = {},
): Promise<Judged> {
  const asked = registry.map(({ name }) => name);
  const events = history.map((event) =>
    event.type === "run-started" ? { ...event, declared: { ...event.declared, checks: asked } } : event,
  );
  return judge(
    async function* () {
      yield* events;
    },
    registry,
    options,
  );
}

/** The verdict of one check over a history. */
export async function verdictOn(check: Check, history: readonly HistoryEvent[]) {
  const result = (await judged(history, [check])).checks.find((candidate) => candidate.check === check.name);
  if (result === undefined) throw new Error(`${check.name} was not judged`);
  return result;
}

export function toolsListed(atMs: number, tools: readonly string[] = ["CreateLimitRequest", "FetchResources"]): Timed {
  return [atMs, { type: "tools-listed", server: "cloud", tools }];
}

/** With what is listed of each tool, as where it is told for the first time. */
export function toolsToldOf(atMs: number): Timed {
  const tools = ["CreateLimitRequest", "FetchResources"];
  const listing = listingOf(tools.map((name) => ({ name, inputSchema: { type: "object" } })));
  return [atMs, { type: "tools-listed", server: "cloud", tools, listing }];
}

/** Something has connected to each replica. */
export const replicasUsed: readonly Timed[] = replicaLinks.map((link) => [
  1,
  { type: "connection", connection: 1, edge: "opened", link },
]);

/** The effect is read back, and its content compared with what was asked for. */
export const readBack: Partial<Declared> = {
  effects: [{ effect: "limit-request", ledger: "cloud-api", read: { by: "sql", content: ["limit"] } }],
};

/** Every answer was compared with what its call gave, and echoes it; its call was told how far it was. */
const compared = ([atMs, event]: Timed): Timed => [
  atMs,
  event.type === "attempt" && event.class === "ok"
    ? { ...event, strays: [], progress: { count: 2, firstUs: 10, lastUs: 20 } }
    : event,
];

/** Beside it a server of an older revision, whose event streams are cut, and whose questions come with a state. */
const archived = {
  links: [{ link: "planner@archive", plane: "agent-server", server: "archive", protocol: "mcp" }],
  faults: [{ fault: "outage.1", kind: "sse-cut", link: "planner@archive", phase: "outage", healForm: "let-through" }],
  steps: [{ group: "planner", step: 3, server: "archive", tool: "Read", timeoutMs: 1000, tampers: true }],
  servers: [{ server: "archive", transport: "http", isStarted: true, protocol: "2025-11-25" }],
} as const satisfies Partial<Declared>;

const archivedFault = {
  type: "fault",
  fault: "outage.1",
  kind: "sse-cut",
  link: "planner@archive",
  window: 0,
} as const;

const archivedRun: readonly Timed[] = [
  [0, { type: "tools-listed", server: "archive", tools: ["Read"], listing: listingOf([{ name: "Read" }]) }],
  [3900, { type: "tools-listed", server: "archive", tools: ["Read"] }],
  [1, { type: "connection", connection: 1, edge: "opened", link: "planner@archive" }],
  [
    2,
    { type: "session", group: "planner", agent: 0, server: "archive", edge: "opened", protocolVersion: "2025-11-25" },
  ],
  [1001, { ...archivedFault, edge: "requested" }],
  [1002, { ...archivedFault, edge: "observed" }],
  [1999, { ...archivedFault, edge: "healed", form: "let-through" }],
  ...reading(50, [{ class: "rpc-error", tampered: true, goesOn: true }, { class: "ok" }], { atMs: 900 }),
  ...reading(
    51,
    [
      {
        class: "ok",
        lostStream: {
          afterUs: 500,
          events: 2,
          lastEventId: "e-2",
          resumptions: [{ afterUs: 1000, came: "answer", status: 200, events: 1 }],
        },
      },
    ],
    { atMs: 1100 },
  ),
  ...Array.from({ length: 10 }, (_, n) => [
    ...reading(52 + n, [{ class: "ok" }], { atMs: 50 + n * 50 }),
    ...reading(62 + n, [{ class: "ok" }], { atMs: 3400 + n * 50, phase: "outage.recovery" }),
  ]).flat(),
];

/** One op at that server. */
function reading(
  walk: number,
  attempts: readonly Pick<Attempt, "class" | "tampered" | "goesOn" | "lostStream">[],
  at: Pick<OpLine, "atMs" | "phase">,
): Timed[] {
  const classes = attempts.map(({ class: is }) => is);
  return op({ ...at, walk, step: 0, attempts: classes, answer: { resources: [{ id: "r-1" }] }, outcome: "ok" }).map(
    ([atMs, event]): Timed => {
      if (event.type === "op-started") return [atMs, { ...event, step: 3, server: "archive", tool: "Read" }];
      if (event.type !== "attempt") return [atMs, event];
      return [atMs, { ...event, ...attempts[event.attempt - 1] }];
    },
  );
}

/** A run that every check passes: nothing is wrong, and each check has something to judge. */
export const honestRun: readonly Timed[] = [
  runStarted("faults", {
    ...replicated,
    ...readBack,
    steps: [
      ...declared.steps.map((step) => ({ ...step, echoes: true as const, progress: true as const })),
      { group: "planner", step: 2, server: "cloud", tool: "FetchResources", kind: "task", timeoutMs: 1000 },
      ...archived.steps,
    ],
    links: [...replicated.links!, ...archived.links],
    faults: [...declared.faults, ...archived.faults],
    groups: declared.groups.map((group) => ({ ...group, resumes: true })),
    servers: [...replicated.servers!.map((of) => ({ ...of, protocol: "2026-07-28" as const })), ...archived.servers],
  }),
  toolsToldOf(0),
  ...archivedRun,
  ...frame({ recoveryUntilMs: 4000 }),
  ...replicasUsed,
  [2, { type: "session", group: "planner", agent: 0, server: "cloud", edge: "opened", protocolVersion: "2026-07-28" }],
  ...Array.from({ length: 10 }, (_, walk) => [
    ...op({ atMs: 50 + walk * 50, walk, step: 0, answer: { resources: [{ id: "r-1" }] } }),
    exchange(walk, 52 + walk * 50),
    ...op({ atMs: 60 + walk * 50, walk }),
    exchange(walk, 65 + walk * 50, { link: `cloud->cloud.${(walk % 3) + 1}`, attempt: 1 }, 1),
    effect(walk, 65 + walk * 50, { row: String(walk) }),
  ])
    .flat()
    .map(compared),
  ...op({ atMs: 1100, walk: 20, step: 0, attempts: ["tool-error"] }),
  exchange(20, 1105, { ended: "refused" }),
  ...op({ atMs: 1110, walk: 20, attempts: ["timeout", "ok"] }),
  effect(20, 1120, { row: "20" }),
  ...[21, 22, 23].flatMap((walk) => [
    ...op({ atMs: 1000 + walk * 10, walk, step: 0, attempts: ["timeout"], tookMs: 100 }),
    exchange(walk, 1105 + walk * 10, { startedUs: (1001 + walk * 10) * 1000, ended: "caller-left" }),
  ]),
  ...Array.from({ length: 10 }, (_, n) => [
    ...op({
      atMs: 3400 + n * 50,
      walk: 30 + n,
      step: 0,
      answer: { resources: [{ id: "r-1" }] },
      phase: "outage.recovery",
    }),
    exchange(30 + n, 3402 + n * 50),
  ])
    .flat()
    .flatMap((timed) => asTask(timed, opIdOf(39, 0))),
  toolsListed(3900),
];

/** The op as a task, which its server has begun before it was done. */
function asTask([at, event]: Timed, of: string): Timed[] {
  if (event.type === "op-started" && event.op === of) return [[at, { ...event, kind: "task" }]];
  if (event.type !== "attempt" || event.op !== of) return [[at, event]];
  const { answer: _, ...rest } = event;
  return [
    [at, { ...rest, class: "task-begun", outcome: "unknown", goesOn: true }],
    [at, { ...event, attempt: 2 }],
  ];
}
