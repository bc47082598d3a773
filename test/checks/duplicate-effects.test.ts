import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { duplicateEffects } from "../../src/checks/duplicate-effects.ts";
import {
  declared,
  effect,
  frame,
  historyOf,
  judged,
  op,
  opIdOf,
  runStarted,
  verdictOn,
  type Timed,
} from "../literal-history.ts";

/** Baseline writes that the ledger shows once each, so that its silence elsewhere means something. */
const baseline: Timed[] = [1, 2, 3].flatMap((walk) => [
  ...op({ atMs: walk * 100, walk }),
  effect(walk, walk * 100 + 5),
]);
const start = [runStarted(), ...frame(), ...baseline];

describe("the table of op outcomes against effects", () => {
  const cases = [
    { attempts: ["ok"], effects: 0, says: "no effect although" },
    { attempts: ["ok"], effects: 1, says: undefined },
    { attempts: ["ok"], effects: 2, says: "more than one effect" },
    { attempts: ["tool-error"], effects: 0, says: undefined },
    { attempts: ["tool-error"], effects: 1, says: "had an effect although" },
    { attempts: ["tool-error"], effects: 2, says: "had an effect although" },
    { attempts: ["timeout"], effects: 0, says: undefined },
    { attempts: ["timeout"], effects: 1, says: undefined },
    { attempts: ["timeout"], effects: 2, says: "more than one effect" },
    { attempts: [], effects: 0, says: undefined },
    { attempts: [], effects: 1, says: "had an effect although" },
  ] as const;

  test.each(cases)("$attempts with $effects effects", async ({ attempts, effects, says }) => {
    const writes = [...op({ atMs: 1100, walk: 10, attempts }), ...op({ atMs: 1200, walk: 11, attempts: ["ok", "ok"] })];
    const rows = Array.from({ length: effects }, (_, n) => effect(10, 1105 + n));
    const result = await verdictOn(duplicateEffects, historyOf(start, writes, rows, effect(11, 1205)));
    expect(result.verdict).toBe(says === undefined ? "pass" : "fail");
    if (says !== undefined) {
      expect(result.findings).toHaveLength(1);
      expect(result.findings[0]?.says).toContain(says);
      expect(result.findings[0]?.witness.ops).toEqual([opIdOf(10)]);
    }
  });
});

test("a finding names the op and its ledger rows", async () => {
  const rows = [effect(10, 1105, { row: "77" }), effect(10, 1106, { row: "78" })];
  const { findings } = await verdictOn(duplicateEffects, historyOf(start, op({ atMs: 1100, walk: 10 }), rows));
  expect(findings[0]?.says).toContain(`${opIdOf(10)} (ledger rows 77, 78)`);
  expect(findings[0]?.blames).toBe("server");
});

test("a finding counts the writes of its own tool, not those of others", async () => {
  const other = { tool: "CreateInvoice" };
  const others = [11, 12, 13].flatMap((walk) => [
    ...op({ atMs: 1100, walk }).map(([at, event]): Timed => {
      return [at, event.type === "op-started" ? { ...event, ...other } : event];
    }),
    effect(walk, 1105),
  ]);
  const own = [op({ atMs: 1100, walk: 10 }), effect(10, 1105), effect(10, 1106)] as const;
  const { findings } = await verdictOn(duplicateEffects, historyOf(start, ...own, others));
  const { findings: alone } = await verdictOn(duplicateEffects, historyOf(start, ...own));
  const countedIn = (says = ""): string => says.slice(0, says.indexOf(" had more"));
  expect(countedIn(findings[0]?.says)).toMatch(/^1 of \d+ CreateLimitRequest|^1 of \d+ cloud\.CreateLimitRequest/);
  expect(countedIn(findings[0]?.says)).toBe(countedIn(alone[0]?.says));
});

test("a PUT that is repeated without a second row is no duplicate", async () => {
  const write = op({ atMs: 1100, walk: 10, attempts: ["closed", "closed", "ok"] });
  const result = await verdictOn(duplicateEffects, historyOf(start, write, effect(10, 1105)));
  expect(result).toMatchObject({ verdict: "pass", looked: 1 });
  expect(result.strength).toBe("0 duplicated, lost or orphaned in 1 exposed write");
});

test("a duplicate in the baseline is found too: it is an invariant", async () => {
  const result = await verdictOn(duplicateEffects, historyOf(start, effect(2, 300)));
  expect(result.verdict).toBe("fail");
});

describe("what counts as an effect", () => {
  const write = op({ atMs: 1100, walk: 10, attempts: ["timeout", "ok"] });

  test("a row whose key only contains the op is the op's: the reader finds it, and it is counted", async () => {
    const rows = [effect(10, 1105), effect(10, 1106, { key: `${opIdOf(10)}-retry1` })];
    expect((await verdictOn(duplicateEffects, historyOf(start, write, rows))).verdict).toBe("fail");
  });

  test("a row of another effect that the op also has is none of its own", async () => {
    const rows = [effect(10, 1105), effect(10, 1106, { effect: "audit-entry" })];
    expect((await verdictOn(duplicateEffects, historyOf(start, write, rows))).verdict).toBe("pass");
  });

  test("a row that names no op of this run keeps a pass from being believed", async () => {
    const { op: _, ...stranger } = effect(10, 1106)[1] as Extract<Timed[1], { type: "effect" }>;
    const rows: Timed[] = [effect(10, 1105), [1106, { ...stranger, key: "" }]];
    const result = await verdictOn(duplicateEffects, historyOf(start, write, rows));
    expect(result).toMatchObject({
      verdict: "unknown",
      because: "the ledger holds 1 rows that belong to no op of this run",
    });
  });

  test("nothing is called lost by a ledger that failed, though another was read well", async () => {
    const effects = [
      { effect: "limit-request", ledger: "cloud-api" },
      { effect: "invoice", ledger: "billing" },
    ];
    const events = start.filter(([, { type }]) => type !== "run-started" && type !== "ledger-read");
    const reads: Timed[] = [
      [4000, { type: "ledger-read", ledger: "cloud-api", rows: 0, quiet: false, failed: "it is gone" }],
      [4500, { type: "ledger-read", ledger: "billing", rows: 0, quiet: true }],
    ];
    const history = historyOf(runStarted("faults", { effects }), events, reads, op({ atMs: 1100, walk: 10 }));
    const result = await verdictOn(duplicateEffects, history);
    expect(result).toMatchObject({
      verdict: "unknown",
      findings: [],
      because: "the ledger cloud-api cannot be trusted: it is gone",
    });
  });
});

describe("a write counts as exposed only if it was sent and met something", () => {
  test.each([
    ["was not run", op({ atMs: 1100, walk: 10, attempts: [] })],
    ["was refused, so nothing was sent", op({ atMs: 1100, walk: 10, attempts: ["refused"] })],
    ["failed in the baseline, where nothing was broken", op({ atMs: 900, walk: 10, attempts: ["tool-error"] })],
  ])("one that %s proves nothing", async (_, write) => {
    const result = await verdictOn(duplicateEffects, historyOf(start, write));
    expect(result).toMatchObject({ verdict: "unknown", looked: 0 });
  });

  test("nor does one that overlapped a fault on the way of another server", async () => {
    const links = [
      { link: "planner@cloud", plane: "agent-server" as const, server: "cloud", protocol: "mcp" as const },
      { link: "cloud->cloud-api", plane: "server-upstream" as const, server: "elsewhere", protocol: "http" as const },
    ];
    const events = start.filter(([, { type }]) => type !== "run-started");
    const history = historyOf(runStarted("faults", { links }), events, op({ atMs: 1100, walk: 10 }), effect(10, 1105));
    expect(await verdictOn(duplicateEffects, history)).toMatchObject({ verdict: "unknown", looked: 0 });
  });
});

describe("is unknown", () => {
  test("on an empty history", async () => {
    const result = await verdictOn(duplicateEffects, historyOf(runStarted()));
    expect(result).toMatchObject({ verdict: "unknown", because: expect.stringContaining("no write was called") });
  });

  test("where the ledger shows none of the baseline's writes", async () => {
    const history = historyOf(runStarted(), frame(), op({ atMs: 100, walk: 1 }), op({ atMs: 1100, walk: 10 }));
    const result = await verdictOn(duplicateEffects, history);
    expect(result).toMatchObject({ verdict: "unknown", findings: [] });
    expect(result.because).toContain("none of the 1 cloud.CreateLimitRequest ops");
  });

  test("where no write met a fault", async () => {
    const result = await verdictOn(duplicateEffects, historyOf(start));
    expect(result.because).toContain("no write that was sent met a fault");
  });

  test("where the ledger never grew quiet, and an effect that is missing is not called lost", async () => {
    const events = [...start, ...op({ atMs: 1100, walk: 10 })].map(([at, event]): Timed => [
      at,
      event.type === "ledger-read" ? { ...event, quiet: false } : event,
    ]);
    const result = await verdictOn(duplicateEffects, historyOf(events));
    expect(result).toMatchObject({ verdict: "unknown", findings: [] });
  });

  test("where the history is cut off, but a duplicate seen before the cut stays a fail", async () => {
    const cut = (events: readonly Timed[]) =>
      events.filter(([, { type }]) => type !== "run-ended" && type !== "ledger-read");
    const honest = [...start, ...op({ atMs: 1100, walk: 10 }), effect(10, 1105)];
    expect((await verdictOn(duplicateEffects, historyOf(cut(honest)))).verdict).toBe("unknown");
    expect((await verdictOn(duplicateEffects, historyOf(cut([...honest, effect(10, 1107)])))).verdict).toBe("fail");
  });
});

test("does not apply where no step declares an effect", async () => {
  const history = historyOf(runStarted("faults", { steps: [] }), frame());
  const { checks, notCovered } = await judged(history, [duplicateEffects]);
  expect(checks).toEqual([]);
  expect(notCovered).toEqual([{ check: "duplicate-effects", because: "no step declares an effect" }]);
});

test("in a control run every write counts, without any fault", async () => {
  const history = historyOf(runStarted("control"), frame({ mode: "control" }), baseline);
  expect(await verdictOn(duplicateEffects, history)).toMatchObject({ verdict: "pass", looked: 3 });
});

test("the order in which effects and ops become known changes no verdict", async () => {
  const line = fc.record({
    attempts: fc.constantFrom(
      ["ok"] as const,
      ["timeout"] as const,
      ["tool-error"] as const,
      ["closed", "ok"] as const,
    ),
    effects: fc.integer({ min: 0, max: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 12 }),
      fc.infiniteStream(fc.integer({ min: 1100, max: 3500 })),
      async (lines, times) => {
        const ops = lines.flatMap(({ attempts }, n) => op({ atMs: 1100 + n, walk: 10 + n, attempts }));
        const rows = (atMs: () => number) =>
          lines.flatMap(({ effects }, n) =>
            Array.from({ length: effects }, () => effect(10 + n, atMs(), { row: "1" })),
          );
        const orderly = await verdictOn(
          duplicateEffects,
          historyOf(
            start,
            ops,
            rows(() => 1500),
          ),
        );
        const mixed = await verdictOn(
          duplicateEffects,
          historyOf(
            start,
            ops,
            rows(() => times.next().value),
          ),
        );
        expect(mixed.verdict).toBe(orderly.verdict);
        expect(mixed.findings.map(({ says }) => says)).toEqual(orderly.findings.map(({ says }) => says));
      },
    ),
    { seed: 42, numRuns: 60 },
  );
});

describe("a write that another one stands in for", () => {
  /** The first step of the same walk is the write, of unknown fate; the second made it again. */
  const over = {
    steps: declared.steps.map((step) => ({
      ...step,
      effect: "limit-request",
      ...(step.step === 1 ? { insteadOf: 0 } : {}),
    })),
  };
  const writing = (events: readonly Timed[]): Timed[] =>
    events.map(([at, event]) => [at, event.type === "op-started" ? { ...event, effect: "limit-request" } : event]);
  const calm = [...writing(op({ atMs: 700, walk: 7, step: 0 })), effect(7, 705, { op: opIdOf(7, 0) })];
  const first = writing(op({ atMs: 1100, walk: 10, step: 0, attempts: ["timeout"] })).map(([at, event]): Timed => [
    at,
    event.type === "op-ended" ? { ...event, degraded: "step" } : event,
  ]);
  const second = op({ atMs: 1200, walk: 10, step: 1 }).map(([at, event]): Timed => [
    at,
    event.type === "op-started" ? { ...event, insteadOf: 0 } : event,
  ]);
  const rowOfFirst = effect(10, 1105, { row: "77", op: opIdOf(10, 0) });
  const rowOfSecond = effect(10, 1205, { row: "78" });
  const judge = (...rows: readonly Timed[]) =>
    verdictOn(
      duplicateEffects,
      historyOf([runStarted("faults", over), ...frame(), ...baseline], calm, first, second, rows),
    );

  test("is done once where the first one never was", async () => {
    expect(await judge(rowOfSecond)).toMatchObject({ verdict: "pass", findings: [] });
  });

  test("is a second effect where both were done, and that is the agents' doing", async () => {
    const { verdict, findings } = await judge(rowOfFirst, rowOfSecond);
    expect(verdict).toBe("fail");
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({
      grade: "violation",
      blames: "agents",
      witness: { ops: [opIdOf(10, 0), opIdOf(10, 1)] },
    });
    expect(findings[0]?.says).toContain(`${opIdOf(10, 1)} for ${opIdOf(10, 0)} (ledger rows 77, 78)`);
  });

  test("is not the agents' doing where the server had said that the first one failed", async () => {
    const refused = first.map(([at, event]): Timed => {
      if (event.type === "attempt") return [at, { ...event, class: "tool-error", outcome: "failed" }];
      return [at, event.type === "op-ended" ? { ...event, outcome: "failed" } : event];
    });
    const { findings } = await verdictOn(
      duplicateEffects,
      historyOf([runStarted("faults", over), ...frame(), ...baseline], calm, refused, second, [
        rowOfFirst,
        rowOfSecond,
      ]),
    );
    expect(findings).toMatchObject([{ grade: "violation", blames: "server", witness: { ops: [opIdOf(10, 0)] } }]);
    expect(findings[0]?.says).toContain("had an effect although the caller was told that it failed");
  });
});
