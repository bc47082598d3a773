import { describe, expect, test } from "vitest";
import type { Check, Grade, Judgement, Verdict } from "../../src/checks/check.ts";
import type { FailOn } from "../../src/history/declared.ts";
import { judge } from "../../src/checks/judge.ts";
import { drift } from "../../src/checks/drift.ts";
import { checks } from "../../src/checks/registry.ts";
import { verdictsOf } from "../../src/reporters/verdicts.ts";
import {
  declared,
  effect,
  frame,
  historyOf,
  honestRun,
  judged,
  op,
  opIdOf,
  runStarted,
  toolsToldOf,
  type Timed,
} from "../literal-history.ts";

test("an honest run passes every check, each with its strength", async () => {
  const result = await judged(historyOf(honestRun));
  expect(result.verdict).toBe("pass");
  expect(result.checks.map(({ check }) => check)).toEqual(checks.map(({ name }) => name));
  for (const { strength } of result.checks) expect(strength).toMatch(/^0 /);
  expect(verdictsOf(result).exitCode).toBe(0);
});

describe.each(checks.map((check) => [check.name, check] as const))("the pass of %s", (_, check: Check) => {
  test("turns unknown when the check no longer sees its planted defect", async () => {
    const blinded: Check = {
      ...check,
      fold: (premises) => {
        const { on, end } = check.fold(premises);
        return { on, end: () => ({ ...end(), verdict: "pass", findings: [] }) };
      },
    };
    const { checks: results, verdict } = await judged(historyOf(honestRun), [blinded]);
    expect(verdict).toBe("unknown");
    expect(results[0]?.because).toContain("the pass is blind");
  });

  test("turns unknown when nothing is planted", async () => {
    const idle: Check = { ...check, plant: () => (event) => [event] };
    expect((await judged(historyOf(honestRun), [idle])).verdict).toBe("unknown");
  });

  test("turns unknown when the check crashes, and the others are still judged", async () => {
    const broken: Check = {
      ...check,
      fold: () => ({
        on: () => {
          throw new Error("oops");
        },
        end: () => ({ verdict: "pass", looked: 1, findings: [] }),
      }),
    };
    const others = checks.filter(({ name }) => name !== check.name);
    const { checks: results } = await judged(historyOf(honestRun), [broken, ...others]);
    expect(results[0]).toMatchObject({ verdict: "unknown", because: "the check itself failed: oops" });
    expect(results.slice(1).map(({ verdict }) => verdict)).toEqual(others.map(() => "pass"));
  });
});

describe("what fails a run", () => {
  const [first] = checks;
  const found = (verdict: Verdict, grade: Grade): Check => ({
    ...first,
    fold: (premises) => {
      const { on, end } = first.fold(premises);
      const finding = {
        grade,
        blames: "server",
        says: "s",
        why: "w",
        fix: "f",
        witness: { events: [], ops: [] },
      } as const;
      const judgement = (): Judgement => {
        const own = end();
        return own.verdict === "fail" ? own : { ...own, verdict, findings: [finding] };
      };
      return { on, end: judgement };
    },
  });
  const verdictUnder = async (failOn: FailOn, check: Check, ...more: readonly Timed[]) =>
    (await judged(historyOf(honestRun, ...more), [check], { failOn })).verdict;

  test("is a violation; a weakness only where it was asked for", async () => {
    expect(await verdictUnder("violation", found("pass", "weakness"))).toBe("pass");
    expect(await verdictUnder("weakness", found("pass", "weakness"))).toBe("fail");
    expect(await verdictUnder("weakness", found("pass", "info"))).toBe("pass");
  });

  test("a witnessed weakness stays a fail where evidence is missing; an unknown is never made a fail", async () => {
    const exited: Timed = [1500, { type: "target", target: "cloud", role: "server", edge: "exited", code: 1 }];
    expect(await verdictUnder("violation", found("pass", "weakness"), exited)).toBe("unknown");
    expect(await verdictUnder("weakness", found("pass", "weakness"), exited)).toBe("fail");
    expect(await verdictUnder("weakness", found("unknown", "weakness"))).toBe("unknown");
  });
});

test("a run that stopped early names its later faults in one gap", async () => {
  const [fault] = declared.faults;
  const later = ["two.1", "three.2"].map((name) => ({ ...fault!, fault: name }));
  const { account } = await judged(
    historyOf(runStarted("faults", { faults: [...declared.faults, ...later] }), honestRun.slice(1)),
  );
  expect(account.gaps.map(({ says }) => says)).toEqual([
    "egress-block on cloud->cloud-api (two.1), egress-block on cloud->cloud-api (three.2) were never injected",
  ]);
});

describe("a gap in the evidence keeps every pass from being believed", () => {
  const without = (type: Timed[1]["type"]) => honestRun.filter(([, event]) => event.type !== type);
  const cases: readonly (readonly [string, readonly Timed[], string])[] = [
    ["a history without an end", without("run-ended"), "no end mark"],
    [
      "a link that nothing used",
      honestRun.filter(([, e]) => e.type !== "connection" || e.link !== "cloud->cloud-api"),
      "nothing ever connected over cloud->cloud-api",
    ],
    [
      "a fault that was never observed",
      honestRun.filter(([, e]) => e.type !== "fault" || e.edge !== "observed"),
      "nothing at the tap shows it",
    ],
    ["faults that were never injected", without("fault"), "were never injected"],
    [
      "a fault whose condition never came",
      [
        ...without("fault"),
        [1500, { type: "fault-condition", fault: "outage.0", link: "cloud->cloud-api", is: "expired", says: "x is y" }],
      ],
      "(outage.0) was never injected, as its condition never came: x is y",
    ],
    ["no call at all", [runStarted(), ...frame()], "no tool was called"],
    [
      "a target that ended by itself",
      [...honestRun, [1500, { type: "target", target: "cloud-api", role: "upstream", edge: "exited", code: 1 }]],
      "the upstream cloud-api ended by itself (exit code 1)",
    ],
    [
      "a generator that fell behind",
      [...honestRun, [4500, { type: "generator", starts: 9, lagMaxUs: 9e5, lagP99Us: 8e5, healthy: false }]],
      "fell behind",
    ],
    [
      "a baseline that failed",
      [
        ...without("run-ended"),
        [
          5000,
          { type: "run-ended", reason: "baseline-failed", says: "the baseline does not hold: 3 of 9 ops were not ok" },
        ],
      ],
      "the baseline does not hold",
    ],
    [
      "a run that a stop condition ended",
      [
        ...without("run-ended"),
        [5000, { type: "run-ended", reason: "stopped", says: "the run was stopped at 5s: error-rate() > 50% held" }],
      ],
      "the run was stopped at 5s",
    ],
  ];

  test.each(cases)("%s", async (_, events, says) => {
    const result = await judged(historyOf(events));
    expect(result.verdict).toBe("unknown");
    expect(verdictsOf(result).exitCode).toBe(2);
    expect(result.account.gaps.map((gap) => gap.says).join("; ")).toContain(says);
  });

  test("but a witnessed violation stays a fail", async () => {
    const result = await judged(historyOf(without("run-ended"), effect(3, 1500)));
    expect(result.verdict).toBe("fail");
    expect(verdictsOf(result).exitCode).toBe(1);
  });
});

test("a server that ended in one session after the other is one gap", async () => {
  const exits = [1500, 1600, 1700].map((at): Timed => {
    return [at, { type: "target", target: "cloud", role: "server", edge: "exited", code: 1 }];
  });
  const { account } = await judged(historyOf(honestRun, exits));
  expect(account.gaps.map(({ says }) => says)).toEqual(["the server cloud ended by itself (exit code 1), 3 times"]);
});

test("a baseline that failed says what its first call that was not ok came to", async () => {
  const says = "the baseline does not hold: 1 of 9 ops were not ok";
  const failed: Timed = [
    1,
    {
      type: "attempt",
      op: opIdOf(77),
      attempt: 1,
      startedUs: 0,
      class: "tool-error",
      outcome: "failed",
      says: "no such table",
    },
  ];
  const ended: Timed = [5000, { type: "run-ended", reason: "baseline-failed", says }];
  const events = honestRun.filter(([, { type }]) => type !== "run-ended");
  const { account } = await judged(historyOf(events, failed, ended));
  expect(account.gaps.map((gap) => gap.says)).toContain(
    `${says}; the first: ${opIdOf(77)} came to tool-error, "no such table"`,
  );
});

test.each([
  ["interrupted", 130],
  ["terminated", 143],
  ["broken", 70],
] as const)("a run that was %s exits %i, whatever was found", async (reason, exitCode) => {
  const events = honestRun.map(([at, event]): Timed => [at, event.type === "run-ended" ? { ...event, reason } : event]);
  expect(verdictsOf(await judged(historyOf(events, effect(3, 1500)))).exitCode).toBe(exitCode);
});

test("a fault that could not be healed is the worst of all", async () => {
  const stuck: Timed = [
    2500,
    { type: "fault", fault: "outage.0", kind: "egress-block", link: "cloud->cloud-api", window: 0, edge: "unhealed" },
  ];
  expect(verdictsOf(await judged(historyOf(honestRun, stuck))).exitCode).toBe(76);
});

test("a check that this version does not have is unknown, not forgotten", async () => {
  const history = historyOf(honestRun).map((event) =>
    event.type === "run-started"
      ? { ...event, declared: { ...event.declared, checks: ["duplicate-effects", "predicts"] } }
      : event,
  );
  const result = await judge(async function* () {
    yield* history;
  }, checks);
  expect(result.checks).toMatchObject([{ verdict: "pass" }, { check: "predicts", verdict: "unknown" }]);
  expect(result.verdict).toBe("unknown");
});

test("what only stands by is no judgement of a run that wanted others, and is one where it was asked for", async () => {
  const steps = declared.steps.map(({ group, step, server, tool, timeoutMs }) => ({
    group,
    step,
    server,
    tool,
    timeoutMs,
  }));
  const calm = frame().filter(([, event]) => event.type !== "fault");
  const started = runStarted("faults", { faults: [], effects: [], steps });
  const calls = [1, 2, 3].flatMap((walk) => [
    ...op({ atMs: walk * 100, walk }),
    ...op({ atMs: walk * 100, walk, step: 0 }),
  ]);
  const opened = { type: "session", group: "planner", agent: 0, server: "cloud", edge: "opened" } as const;
  const listed = [toolsToldOf(0), toolsToldOf(3900)];
  const history = historyOf(started, calm, listed, [[2, opened]], calls);
  const wanted = await judged(history);
  expect(wanted.checks).toMatchObject([{ check: "drift", verdict: "unknown" }]);
  expect(wanted.account.gaps.map(({ says }) => says)).toEqual([
    "no check but drift applies to this scenario and it sets no threshold, so nothing was judged",
  ]);
  expect((await judged(history, [drift])).account.gaps).toEqual([]);
});

test("no applicable check at all is unknown", async () => {
  const result = await judged(historyOf(runStarted("faults", { steps: [], faults: [] }), frame()));
  expect(result.checks).toEqual([]);
  expect(result.verdict).toBe("unknown");
  expect(result.account.gaps.map(({ gap }) => gap)).toContain("nothing-judged");
});
