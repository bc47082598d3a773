/** The other half of timeout-cascade: which step ate a chain's budget, who starved, and whose that is. */
import { describe, expect, test } from "vitest";
import { timeoutCascade } from "../../src/checks/timeout-cascade.ts";
import type { Declared } from "../../src/history/declared.ts";
import { assembleRecords } from "../../src/history/records.ts";
import {
  declared,
  exchange,
  frame,
  historyOf,
  op,
  opIdOf,
  runStarted,
  verdictOn,
  type Timed,
} from "../literal-history.ts";

const budgetMs = 500;

/** The chain of two steps with a budget, and with so much patience for one attempt. */
function plan({ timeoutMs, attemptsMax = 1 }: { timeoutMs: number; attemptsMax?: number }): Partial<Declared> {
  return {
    steps: declared.steps.map((step) => ({ ...step, timeoutMs })),
    groups: declared.groups.map((group) => ({ ...group, budgetMs, attemptsMax })),
  };
}

const quick = (walk: number, atMs: number): Timed[] => [
  ...op({ atMs, walk, step: 0 }),
  exchange(walk, atMs + 5, { startedUs: (atMs + 2) * 1000, attempt: 1 }),
  ...op({ atMs: atMs + 10, walk, tookMs: 20 }),
];
const baseline = [1, 2, 3, 4, 5, 6].flatMap((walk) => quick(walk, walk * 100));
/** The second step works while the fault is on; so it is healthy. */
const unharmed = op({ atMs: 1005, walk: 90 });

interface Slow {
  readonly walk: number;
  readonly tookMs?: number;
  readonly second?: "cut-short" | "not-run" | "ok" | "no-input";
}

/** A walk of the outage whose first step is answered late. */
function slow({ walk, tookMs = 490, second = "cut-short" }: Slow): Timed[] {
  const atMs = 1100 + walk;
  const then = { atMs: atMs + tookMs, walk } as const;
  const seconds = {
    "cut-short": () => op({ ...then, attempts: ["timeout"], tookMs: budgetMs - tookMs }),
    "not-run": () => op({ ...then, attempts: [], tookMs: 0, because: "no budget" }),
    "no-input": () => op({ ...then, attempts: [], tookMs: 0, because: "no input: resource" }),
    ok: () => op(then),
  } as const;
  return [
    ...op({ atMs, walk, step: 0, tookMs }),
    exchange(walk, atMs + tookMs - 1, { startedUs: (atMs + 2) * 1000, attempt: 1 }),
    ...seconds[second](),
  ];
}

const judge = (over: Partial<Declared>, ...parts: readonly (readonly Timed[])[]) =>
  verdictOn(timeoutCascade, historyOf(runStarted("faults", over), frame(), baseline, ...parts));

describe("names the step that ate the budget, of how much, and who starved", () => {
  test("where the next step was cut short", async () => {
    const { findings } = await judge(plan({ timeoutMs: 1000 }), unharmed, slow({ walk: 20 }));
    expect(findings).toHaveLength(1);
    expect(findings[0]?.says).toBe(
      `in 1 walk of planner cloud.FetchResources ate the budget: ${opIdOf(20, 0)} took 490ms of 500ms (98 %), ` +
        "so cloud.CreateLimitRequest (20ms in the baseline) was cut short",
    );
    expect(findings[0]?.witness.ops).toEqual([opIdOf(20, 0), opIdOf(20)]);
  });

  test("where it was not run at all, in several walks at once", async () => {
    const walks = [20, 21, 22].flatMap((walk) => slow({ walk, tookMs: 500, second: "not-run" }));
    const { findings } = await judge(plan({ timeoutMs: 1000 }), unharmed, walks);
    expect(findings[0]?.says).toContain("in 3 walks of planner cloud.FetchResources ate the budget");
    expect(findings[0]?.says).toContain("(100 %), so cloud.CreateLimitRequest (20ms in the baseline) was not run");
  });
});

describe("blames", () => {
  test.each([
    ["as the whole budget", { timeoutMs: 500 }],
    ["and attempts together as the whole budget", { timeoutMs: 250, attemptsMax: 2 }],
  ])("the agents for patience as long %s: a weakness", async (_, patience) => {
    const result = await judge(plan(patience), unharmed, slow({ walk: 20 }));
    expect(result.findings).toMatchObject([{ grade: "weakness", blames: "agents" }]);
    expect(result.verdict).not.toBe("fail");
  });

  test("the upstream where the patience leaves something: no more than an info", async () => {
    const { findings } = await judge(plan({ timeoutMs: 495 }), unharmed, slow({ walk: 20 }));
    expect(findings).toMatchObject([{ grade: "info", blames: "upstream" }]);
  });

  const hung = (afterMs: number, walks = [20, 21, 22]): Timed[] =>
    walks.flatMap((walk) => [
      ...op({ atMs: 1100 + walk, walk, step: 0, attempts: ["timeout"], tookMs: 490 }),
      exchange(walk, 1590 + walk + afterMs, { startedUs: 1_130_000, attempt: 1, ended: "caller-left" }),
      ...op({ atMs: 1590 + walk, walk, attempts: ["timeout"], tookMs: 10 }),
    ]);

  test("the server where its work for the slow step went on after the cancel", async () => {
    const { findings } = await judge(plan({ timeoutMs: 490 }), unharmed, hung(2500));
    expect(findings).toMatchObject([
      { grade: "violation", blames: "server" },
      { grade: "violation", blames: "server" },
    ]);
    expect(findings[1]?.says).toContain("ate the budget");
  });

  test("no server for a single call that went on, which may be chance", async () => {
    const { findings } = await judge(plan({ timeoutMs: 490 }), unharmed, hung(2500, [20]));
    expect(findings).toMatchObject([{ grade: "weakness" }, { grade: "info", blames: "upstream" }]);
  });

  test("no server that stopped when it was told to", async () => {
    const result = await judge(plan({ timeoutMs: 490 }), unharmed, hung(10));
    expect(result).toMatchObject({ verdict: "pass", findings: [{ grade: "info", blames: "upstream" }] });
  });

  test("the agents, not the server, where even an obedient one would have had too much time", async () => {
    const { findings } = await judge(plan({ timeoutMs: 500 }), unharmed, hung(2500));
    expect(findings).toMatchObject([
      { grade: "violation", blames: "server" },
      { grade: "weakness", blames: "agents" },
    ]);
  });
});

describe("says nothing", () => {
  const long = plan({ timeoutMs: 1000 });
  const slowly = ([atMs, event]: Timed): Timed =>
    event.type === "exchange" ? [atMs, { ...event, ops: [] }] : [atMs, event];

  test.each([
    ["where the chain has no budget", {}, slow({ walk: 20 }), unharmed],
    ["where the walk made it in time", long, slow({ walk: 20, tookMs: 400, second: "ok" }), unharmed],
    ["where the later step lacked its input", long, slow({ walk: 20, second: "no-input" }), unharmed],
    ["where enough was left for a healthy step", long, slow({ walk: 20, tookMs: 470 }), unharmed],
    [
      "where the later step was never seen to work under the fault that is on its way too",
      long,
      slow({ walk: 20 }),
      [],
    ],
    [
      "where it was seen to work only as the fault began",
      long,
      slow({ walk: 20 }),
      op({ atMs: 1000, walk: 90, tookMs: 20 }),
    ],
    [
      "where the later step's own patience ended first",
      { ...long, steps: declared.steps.map((step) => ({ ...step, timeoutMs: step.step === 0 ? 1000 : 5 })) },
      slow({ walk: 20 }),
      unharmed,
    ],
    ["where the slow step is not seen at its upstream", long, slow({ walk: 20 }).map(slowly), unharmed],
  ] as const)("%s", async (_, over, walk, others) => {
    expect((await judge(over, walk, others)).findings).toEqual([]);
  });

  test("where the baseline knows too little of the steps", async () => {
    const history = historyOf(runStarted("faults", long), frame(), unharmed, slow({ walk: 20 }), quick(1, 100));
    expect((await verdictOn(timeoutCascade, history)).findings).toEqual([]);
  });

  test("where the later step is as slow as ever, and would not have made it anyway", async () => {
    const sluggish = [1, 2, 3, 4, 5, 6].flatMap((walk) => [
      ...op({ atMs: walk * 50, walk: 200 + walk, step: 0 }),
      ...op({ atMs: walk * 50 + 10, walk: 200 + walk, tookMs: 600 }),
    ]);
    expect((await judge(long, unharmed, sluggish, slow({ walk: 20 }))).findings).toEqual([]);
  });
});

test("a step of another server, with nothing broken on its way, is healthy", async () => {
  const billed = (events: readonly Timed[]): Timed[] =>
    events.map(([atMs, event]) =>
      event.type === "op-started" && event.step === 1 ? [atMs, { ...event, server: "billing" }] : [atMs, event],
    );
  const over = {
    ...plan({ timeoutMs: 1000 }),
    links: [
      ...declared.links,
      { link: "planner@billing", plane: "agent-server", server: "billing", protocol: "mcp" } as const,
    ],
  };
  const history = historyOf(runStarted("faults", over), frame(), billed(baseline), billed(slow({ walk: 20 })));
  const { findings } = await verdictOn(timeoutCascade, history);
  expect(findings[0]?.says).toContain("so billing.CreateLimitRequest (20ms in the baseline) was cut short");
});

test("in whatever order the records of a walk's steps are closed", () => {
  const over = plan({ timeoutMs: 1000 });
  const history = historyOf(runStarted("faults", over), frame(), baseline, unharmed, slow({ walk: 20 }));
  const premises = { declared: { ...declared, ...over }, mode: "faults" } as const;
  const assembler = assembleRecords(premises.declared);
  const records = [...history.flatMap((event) => assembler.push(event)), ...assembler.flush()];
  for (const ordered of [records, records.toReversed()]) {
    const { on, end } = timeoutCascade.fold(premises);
    for (const record of ordered) on(record);
    expect(end().findings.map(({ says }) => says.split(":")[0])).toEqual([
      "in 1 walk of planner cloud.FetchResources ate the budget",
    ]);
  }
});

test("a turn has the budget to itself, so one takes nothing from the next", async () => {
  const { steps = [], ...rest } = plan({ timeoutMs: 1000 });
  const inTurns = { ...rest, steps: steps.map((step, turn) => ({ ...step, turn })) };
  expect((await judge(inTurns, unharmed, slow({ walk: 20 }))).findings).toEqual([]);
});

test("steps that run at the same time take nothing from each other", async () => {
  const both = slow({ walk: 20 }).map(([atMs, event]): Timed => {
    // The second step begins with the first, and is cut short with it.
    if (event.type === "op-started" && event.step === 1) return [1120, { ...event, intendedUs: 1_120_000 }];
    return event.type === "attempt" && event.op === opIdOf(20)
      ? [atMs, { ...event, startedUs: 1_120_000 }]
      : [atMs, event];
  });
  expect((await judge(plan({ timeoutMs: 1000 }), unharmed, slow({ walk: 20 }))).findings).toHaveLength(1);
  expect((await judge(plan({ timeoutMs: 1000 }), unharmed, both)).findings).toEqual([]);
});
