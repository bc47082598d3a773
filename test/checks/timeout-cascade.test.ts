import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { timeoutCascade } from "../../src/checks/timeout-cascade.ts";
import type { Declared, DeclaredFault } from "../../src/history/declared.ts";
import type { Exchange } from "../../src/history/events.ts";
import {
  declared,
  effect,
  exchange,
  frame,
  historyOf,
  judged,
  op,
  opIdOf,
  runStarted,
  verdictOn,
  type Timed,
} from "../literal-history.ts";

const baseline = [1, 2, 3].flatMap((walk) => [
  ...op({ atMs: 100 * walk, walk, step: 0 }),
  exchange(walk, 100 * walk + 5, { startedUs: (100 * walk + 2) * 1000, attempt: 1 }),
]);
const start = [runStarted(), ...frame(), ...baseline];
const patienceMs = 100;

interface Call {
  readonly walk: number;
  readonly atMs?: number;
  readonly step?: 0 | 1;
  readonly onTimeout?: "cancel" | "close" | "abandon";
  /** The work behind it, by when it ended after the caller had given up. */
  readonly afterMs?: number;
  readonly over?: Omit<Partial<Exchange>, "attempt">;
  /** The request does not tell for which attempt it is. */
  readonly nameless?: boolean;
}

/** A call that nobody answers within the patience, and the request behind it. */
function hung({
  walk,
  atMs = 1100 + walk,
  step = 0,
  onTimeout = "cancel",
  afterMs = 12,
  over = {},
  nameless = false,
}: Call): Timed[] {
  return [
    ...op({ atMs, walk, step, attempts: ["timeout"], tookMs: patienceMs, onTimeout }),
    exchange(
      walk,
      atMs + patienceMs + afterMs,
      { startedUs: (atMs + 2) * 1000, ended: "caller-left", ...(nameless ? {} : { attempt: 1 }), ...over },
      step,
    ),
  ];
}

const several = (count: number, call: Omit<Call, "walk"> = {}, from = 20): Timed[] =>
  Array.from({ length: count }, (_, n) => hung({ ...call, walk: from + n })).flat();
const honest = several(5, {}, 60);
const verdict = (...parts: readonly (Timed | readonly Timed[])[]) => verdictOn(timeoutCascade, historyOf(...parts));

describe("fails where the work behind a cancelled call goes on", () => {
  test.each([
    ["until the upstream answers", { over: { ended: "answered" } }],
    ["until the healing closes it", { over: { ended: "closed" } }],
    ["until the healing resets it", { over: { ended: "reset" } }],
    ["until the run ends", { over: { ended: "open" } }],
    ["until the server lets go, too late", { over: { ended: "caller-left" } }],
    ["and nothing tells for which attempt", { nameless: true }],
  ] as const)("%s", async (_, call) => {
    const result = await verdict(start, honest, several(3, { afterMs: 2300, ...call }));
    expect(result).toMatchObject({ verdict: "fail", looked: 8 });
    expect(result.findings).toMatchObject([{ grade: "violation", blames: "server" }]);
    expect(result.findings[0]?.witness.ops).toEqual([20, 21, 22].map((walk) => opIdOf(walk, 0)));
    expect(result.findings[0]?.says).toContain(
      `3 of 8 cancelled calls left work behind at cloud->cloud-api: ${opIdOf(20, 0)} (GET /resources went on for 2.3s after the cancel)`,
    );
  });

  test("in a new request, begun long after", async () => {
    const begun = [20, 21, 22].map((walk) =>
      exchange(walk, 2500, { startedUs: 2_450_000, attempt: 1, ended: "answered" }),
    );
    const result = await verdict(start, honest, several(3), begun);
    expect(result.verdict).toBe("fail");
    expect(result.findings[0]?.says).toContain("(GET /resources began 1.23s after the cancel)");
  });

  test("without any fault: it is an invariant", async () => {
    const calm = Array.from({ length: 3 }, (_, n) => hung({ walk: 20 + n, atMs: 100 + n, afterMs: 2300 })).flat();
    expect((await verdict(start, calm)).verdict).toBe("fail");
    expect((await verdict(runStarted("control"), frame({ mode: "control" }), calm)).verdict).toBe("fail");
  });

  test("longer than an op's record stays open", async () => {
    const calls = several(3, { afterMs: 70_000, over: { ended: "closed" } });
    const end: Timed = [90_000, { type: "run-ended", reason: "finished" }];
    const result = await verdict(
      start.filter(([, { type }]) => type !== "run-ended"),
      honest,
      calls,
      end,
    );
    expect(result.findings[0]?.says).toContain("went on for 1m10s after the cancel");
    expect(result.findings[0]?.says).toContain("wasted work: 3 of 8 requests");
    expect(result.verdict).toBe("fail");
  });
});

describe("a finding tells", () => {
  const left = several(3, { afterMs: 2500, over: { ended: "closed" } });

  test("how much work was wasted, and that the server has no deadline of its own", async () => {
    const { findings } = await verdict(start, honest, left);
    expect(findings[0]?.says).toContain("wasted work: 3 of 8 requests under the fault");
    expect(findings[0]?.says).toContain("so it has no deadline of its own below 2.598s");
  });

  test("of no waste under the fault where the work met none", async () => {
    const begun = [20, 21, 22].map((walk) => exchange(walk, 2500, { startedUs: 2_450_000, attempt: 1 }));
    const { findings } = await verdict(start, honest, several(3), begun);
    expect(findings[0]?.says).toContain("wasted work: 0 of 8 requests under the fault");
  });

  test("nothing of a deadline where the upstream was just slow", async () => {
    const slow = several(3, { afterMs: 2500, over: { ended: "answered" } });
    expect((await verdict(start, slow)).findings[0]?.says).not.toContain("deadline");
  });

  test("which writes were done for nobody", async () => {
    const writes = several(3, { afterMs: 2500, step: 1, over: { ended: "answered" } });
    const { findings } = await verdict(start, writes, effect(20, 3700), effect(21, 1150));
    expect(findings[0]?.says).toContain("1 had their effect after the cancel");
  });
});

describe("passes", () => {
  test("a server that stops at once, and says how soon", async () => {
    const result = await verdict(start, several(31, { afterMs: 12 }));
    expect(result).toMatchObject({ verdict: "pass", looked: 31, findings: [] });
    expect(result.strength).toBe("0 of 31 cancelled calls left work behind; slowest stop 12ms after the cancel");
  });

  test.each([
    ["gives up by its own deadline", { afterMs: 1400 }],
    ["finishes a quick write", { afterMs: 300, over: { method: "POST", ended: "answered" } }],
    ["has closed, though an answer comes later", { afterMs: 3000, over: { ended: "answered", leftUs: 1_230_000 } }],
  ] as const)("a server that %s", async (_, call) => {
    expect(await verdict(start, several(4, call))).toMatchObject({ verdict: "pass", looked: 4, findings: [] });
  });

  test("a server that clears up at once after a cancel, with a deadline for that as well", async () => {
    const clearing = [20, 21, 22].map((walk) =>
      exchange(walk, 3600, { startedUs: 2_100_000, attempt: 1, method: "DELETE", ended: "caller-left" }),
    );
    expect(await verdict(start, several(3), clearing)).toMatchObject({ verdict: "pass", looked: 3 });
  });

  test("a slow tool that stays inside its budget", async () => {
    const slow = [
      ...op({ atMs: 1100, walk: 20, step: 0, tookMs: 700 }),
      exchange(20, 1799, { startedUs: 1_101_000, attempt: 1 }),
    ];
    expect(await verdict(start, honest, slow)).toMatchObject({ verdict: "pass", looked: 5, findings: [] });
  });

  test("calls whose requests are seen on their way to the server too: those are no work behind it", async () => {
    const arriving = [1, 20, 21, 22].map((walk) => exchange(walk, 4200, { link: "planner@cloud", startedUs: 101_000 }));
    const early = exchange(1, 108, { link: "planner@cloud", startedUs: 100_500 });
    expect(await verdict(start, several(3), early, arriving)).toMatchObject({ verdict: "pass", looked: 3 });
  });

  test("one call among many that went on: a weakness, as chance does such things", async () => {
    const result = await verdict(start, several(9), several(1, { afterMs: 2500 }, 50));
    expect(result).toMatchObject({ verdict: "pass", looked: 10, findings: [{ grade: "weakness", blames: "server" }] });
    expect(result.strength).toContain("1 of 10 cancelled calls left work behind");
  });

  test("within the harness's own lateness", async () => {
    const late = several(4, { afterMs: 2300 });
    const behind: Timed = [4500, { type: "generator", starts: 9, lagMaxUs: 4e5, lagP99Us: 1e5, healthy: true }];
    expect((await verdict(start, late)).verdict).toBe("fail");
    expect((await verdict(start, late, behind)).verdict).toBe("pass");
  });

  test("within what its event loops were held up, though it began in time", async () => {
    const held = {
      thread: "m",
      starts: 9,
      seconds: 9,
      busySeconds: 0,
      busyShare: 0.1,
      delayP99Us: 1e4,
      delayMaxUs: 4e5,
    };
    const behind: Timed = [
      4500,
      { type: "generator", starts: 9, lagMaxUs: 1e3, lagP99Us: 1e3, healthy: true, threads: [held] },
    ];
    expect((await verdict(start, several(4, { afterMs: 2300 }), behind)).verdict).toBe("pass");
  });
});

describe("a call that is tried again", () => {
  /** Cancelled at first, and answered at the second attempt, which takes until 2.6 s later. */
  const retried = (walk: number): Timed[] => {
    const first = hung({ walk });
    const second = op({ atMs: 1210 + walk, walk, step: 0, tookMs: 2600 });
    return [
      ...first.filter(([, { type }]) => type !== "op-ended"),
      ...second.flatMap(([atMs, event]): Timed[] => {
        if (event.type === "op-started") return [];
        return [[atMs, event.type === "attempt" ? { ...event, attempt: 2 } : event]];
      }),
    ];
  };
  const asked = (walk: number, over: Partial<Exchange>) =>
    exchange(walk, 3800 + walk, { startedUs: (1212 + walk) * 1000, ended: "answered", ...over });
  const walks = [20, 21, 22];

  test.each([{}, { attempt: 2 }])("has not left behind the request of its second attempt (%o)", async (over) => {
    const calls = walks.flatMap((walk) => [...retried(walk), asked(walk, over)]);
    expect(await verdict(start, honest, calls)).toMatchObject({ verdict: "pass", looked: 8, findings: [] });
  });

  test("has left behind what is named as the first one's", async () => {
    const calls = walks.flatMap((walk) => [...retried(walk), asked(walk, { attempt: 1 })]);
    expect(await verdict(start, honest, calls)).toMatchObject({ verdict: "fail" });
  });
});

describe("accuses nobody, and is unknown,", () => {
  const lasting = { afterMs: 2500, over: { ended: "closed" } } as const;

  test("on an empty history", async () => {
    expect((await verdict(runStarted())).verdict).toBe("unknown");
  });

  test("where the planned fault was never observed", async () => {
    const result = await verdict(runStarted(), frame({ observed: false }), several(5));
    expect(result).toMatchObject({ verdict: "unknown", looked: 0 });
  });

  test("where no call ran out of patience", async () => {
    const calm = [exchange(20, 1105), ...op({ atMs: 1100, walk: 20, step: 0 })];
    expect(await verdict(start, calm)).toMatchObject({ verdict: "unknown", because: "no call ran out of patience" });
  });

  test.each(["close", "abandon"] as const)("where callers %s: that is no cancel", async (onTimeout) => {
    const result = await verdict(start, several(5, { ...lasting, onTimeout }));
    expect(result).toMatchObject({
      verdict: "unknown",
      looked: 0,
      findings: [{ grade: "weakness", blames: "server" }],
    });
    expect(result.because).toContain("callers never said that they gave up");
  });

  test("where nothing is left for callers that went without a word, there is not even a weakness", async () => {
    expect((await verdict(start, several(5, { onTimeout: "close" }))).findings).toEqual([]);
  });

  test("where no request carries an op id", async () => {
    const anonymous = several(5, { ...lasting, over: { ...lasting.over, ops: [] } });
    const result = await verdict(runStarted(), frame(), anonymous);
    expect(result).toMatchObject({ verdict: "unknown", looked: 0, findings: [] });
    expect(result.because).toContain("carried an op id");
  });

  test("where a single request can be joined only by its time", async () => {
    const lonely = [0, 1, 2].flatMap((n) => {
      return hung({ walk: 20 + n, atMs: 1100 + 250 * n, afterMs: 20, over: { ops: [], ended: "caller-left" } });
    });
    expect(await verdict(start, lonely)).toMatchObject({ verdict: "unknown", looked: 0, findings: [] });
  });

  test("where a request was made for several calls at once", async () => {
    const ops = [20, 21, 22].map((walk) => opIdOf(walk, 0));
    const both = [20, 21, 22].flatMap((walk) => hung({ walk, afterMs: 2500, over: { ops, ended: "closed" } }));
    expect(await verdict(start, both)).toMatchObject({ verdict: "unknown", looked: 0, findings: [] });
  });

  test("where others waited without a request of their own: the server may have asked once for all", async () => {
    const sharing = op({ atMs: 1900, walk: 40, step: 0, attempts: ["timeout"], tookMs: patienceMs });
    const result = await verdict(start, several(5, lasting), sharing);
    expect(result).toMatchObject({ verdict: "unknown", looked: 0, findings: [] });
    expect(result.because).toContain("5 left work behind that other calls may have waited for");
    const other = op({ atMs: 1900, walk: 40, attempts: ["timeout"], tookMs: patienceMs });
    expect((await verdict(start, several(5, lasting), other)).verdict).toBe("fail");
  });

  test("where a patient caller waited for the same and got it: the server asked once for both", async () => {
    const patient = [20, 21, 22].flatMap((walk) => op({ atMs: 1150, walk: walk + 20, step: 0, tookMs: 2600 }));
    const result = await verdict(start, several(3, { afterMs: 2500, over: { ended: "answered" } }), patient);
    expect(result).toMatchObject({ verdict: "unknown", looked: 0, findings: [] });
    expect(result.because).toContain("3 left work behind that other calls may have waited for");
    const cached = [20, 21, 22].flatMap((walk) => op({ atMs: 1150, walk: walk + 20, step: 0, tookMs: 60 }));
    expect((await verdict(start, several(3, lasting), cached)).verdict).toBe("fail");
  });

  test("but not where who waited came when the work had been due to end: nobody had kept it going till then", async () => {
    const cameMs = (afterMs: number) => op({ atMs: 1123 + patienceMs + afterMs, walk: 40, step: 0, tookMs: 600 });
    expect((await verdict(start, several(3, lasting), cameMs(1900))).verdict).toBe("unknown");
    expect((await verdict(start, several(3, lasting), cameMs(2100))).verdict).toBe("fail");
  });

  test("where a later request only names the op: another call may have asked about it", async () => {
    const about = [20, 21, 22].map((walk) => exchange(walk, 3500, { path: "/requests/r" }));
    const result = await verdict(start, several(3, { nameless: true }), about);
    expect(result).toMatchObject({ verdict: "unknown", looked: 0, findings: [] });
    expect(result.because).toBe(
      "0 cancelled calls could be judged, 3 are needed: after the cancel of 3 a request began " +
        "that does not tell for which attempt it was",
    );
  });

  test("where one of two servers that a fault holds up was not judged", async () => {
    const link = { link: "billing->ledger", plane: "server-upstream", server: "billing", protocol: "http" } as const;
    const over: Partial<Declared> = {
      links: [...declared.links, link],
      faults: declared.faults.flatMap((fault) => [fault, { ...fault, fault: "outage.1", link: link.link }]),
    };
    const cut = { type: "fault", fault: "outage.1", kind: "egress-block", link: link.link, window: 0 } as const;
    const seen: Timed[] = [
      [1, { type: "connection", link: link.link, connection: 1, edge: "opened" }],
      [1001, { ...cut, edge: "requested" }],
      [1002, { ...cut, edge: "observed" }],
    ];
    const result = await verdict(runStarted("faults", over), frame(), baseline, seen, several(5));
    expect(result).toMatchObject({ verdict: "unknown", because: "billing: no call ran out of patience" });
  });

  test("where the work was ended from outside before the server had to", async () => {
    const result = await verdict(start, several(5, { afterMs: 500, over: { ended: "closed" } }));
    expect(result).toMatchObject({ verdict: "unknown", looked: 0, findings: [] });
    expect(result.because).toContain("for 5 the work was ended from outside within 2s of the cancel");
  });

  test("where the run's own end made the server let go", async () => {
    const closing: Timed = [1150, { type: "phase", phase: "final", role: "final", edge: "end" }];
    expect(await verdict(start, several(5), closing)).toMatchObject({ verdict: "unknown", looked: 0 });
  });

  test.each(["exited", "killed", "stopped"] as const)("where the server let go only as it was %s", async (edge) => {
    const crash: Timed = [1250, { type: "target", target: "cloud", role: "server", edge, code: 1 }];
    expect(await verdict(start, several(5), crash)).toMatchObject({ verdict: "unknown", looked: 0, findings: [] });
    const session: Timed = [
      1250,
      { type: "target", target: "cloud", role: "server", edge: "stopped", instance: "tools" },
    ];
    expect(await verdict(start, several(5), session)).toMatchObject({ looked: 5 });
    const other: Timed = [1250, { type: "target", target: "billing", role: "server", edge: "exited", code: 1 }];
    expect(await verdict(start, several(5), other)).toMatchObject({ looked: 5 });
  });

  test("with too few calls for the defect to show", async () => {
    expect((await verdict(start, several(2))).because).toBe(
      "2 cancelled calls could be judged, 3 are needed: no more had a request of their own waiting at a fault",
    );
    const result = await verdict(start, several(2, lasting), several(1, {}, 50));
    expect(result).toMatchObject({ verdict: "unknown", findings: [{ grade: "weakness" }] });
    expect(result.because).toContain("too few to tell it from chance");
  });

  test("where a fault between caller and server may have swallowed the cancel", async () => {
    const cut = { type: "fault", fault: "outage.1", kind: "latency", link: "planner@cloud", window: 0 } as const;
    const swallowed: Timed[] = [
      [1003, { ...cut, edge: "requested" }],
      [1990, { ...cut, edge: "healed" }],
    ];
    expect(await verdict(start, swallowed, several(5, lasting))).toMatchObject({ looked: 0, findings: [] });
  });
});

describe("in a control run", () => {
  const control = [runStarted("control"), ...frame({ mode: "control" })];
  const calls = [10, 11].flatMap((walk) => [...op({ atMs: 1100, walk, step: 0 }), exchange(walk, 1105)]);

  test("calls are its samples, and nobody needs to give up", async () => {
    const result = await verdict(control, calls);
    expect(result).toMatchObject({ verdict: "pass", looked: 2 });
    expect(result.strength).toBe("0 of 0 cancelled calls left work behind in 2 calls");
  });

  test("without a view of the upstream there is nothing to be sure of", async () => {
    expect((await verdict(control, op({ atMs: 1100, walk: 10, step: 0 }))).verdict).toBe("unknown");
  });
});

describe("does not apply", () => {
  const fault = (over: Partial<DeclaredFault>) => declared.faults.map((outage) => ({ ...outage, ...over }));
  const cases: readonly (readonly [string, Partial<Declared>])[] = [
    ["without any fault", { faults: [] }],
    ["where callers are turned away at once", { faults: fault({ healForm: "let-through" }) }],
    ...["kill", "rolling-restart", "scale-in"].map(
      (kind) => [`where ${kind} ends what would answer`, { faults: fault({ kind, healForm: "start-again" }) }] as const,
    ),
    ["where the fault is before the server", { faults: fault({ kind: "latency", link: "planner@cloud" }) }],
    [
      "where requests cannot be told apart",
      {
        links: declared.links.map((link) => (link.plane === "server-upstream" ? { ...link, protocol: "tcp" } : link)),
      },
    ],
  ];

  test.each(cases)("%s", async (_, over) => {
    const { notCovered } = await judged(historyOf(runStarted("faults", over), frame()), [timeoutCascade]);
    expect(notCovered).toContainEqual({
      check: "timeout-cascade",
      because: "no fault holds up an upstream whose requests can be told apart",
    });
  });
});

describe("whatever else happens", () => {
  const behaviours = fc.constantFrom<Omit<Call, "walk">>(
    { afterMs: 12 },
    { afterMs: 1500 },
    { afterMs: 2500, over: { ended: "answered" } },
    { afterMs: 400, over: { ended: "closed" } },
    { afterMs: 2500, onTimeout: "close" },
  );
  // Few moments, so that many things happen at the same time.
  const moments = fc.integer({ min: 0, max: 7 }).map((n) => 1010 + 100 * n);
  const cancelled = fc.array(fc.tuple(behaviours, moments), { maxLength: 12 });
  const callsOf = (list: readonly (readonly [Omit<Call, "walk">, number])[], from: number): Timed[][] =>
    list.map(([call, atMs], n) => hung({ ...call, atMs, walk: from + n }));

  test("the order of unrelated calls changes nothing", async () => {
    await fc.assert(
      fc.asyncProperty(cancelled, fc.infiniteStream(fc.nat()), async (list, keys) => {
        const calls = callsOf(list, 20);
        const shuffled = calls.map((call) => ({ call, key: keys.next().value })).toSorted((a, b) => a.key - b.key);
        const one = await verdict(start, calls.flat());
        const other = await verdict(
          start,
          shuffled.flatMap(({ call }) => call),
        );
        const bare = ({ verdict: is, looked, strength, because }: typeof one) => ({ is, looked, strength, because });
        expect(bare(other)).toEqual(bare(one));
      }),
      { numRuns: 60 },
    );
  });

  test("honest calls never make it fail, nor hide a failure", async () => {
    const honestCalls = fc.array(
      fc.tuple(
        fc.constantFrom<Omit<Call, "walk">>(
          { afterMs: 5 },
          { afterMs: 1900 },
          { afterMs: 300, over: { ended: "answered" } },
        ),
        moments,
      ),
      { maxLength: 20 },
    );
    await fc.assert(
      fc.asyncProperty(cancelled, honestCalls, async (list, more) => {
        const before = await verdict(start, callsOf(list, 20).flat());
        const after = await verdict(start, callsOf(list, 20).flat(), callsOf(more, 50).flat());
        expect(after.verdict === "fail").toBe(before.verdict === "fail");
      }),
      { numRuns: 60 },
    );
  });
});
