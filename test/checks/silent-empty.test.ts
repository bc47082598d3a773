import { describe, expect, test } from "vitest";
import { silentEmpty } from "../../src/checks/silent-empty.ts";
import type { DeclaredFault } from "../../src/history/declared.ts";
import {
  declared,
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

const full = { resources: [{ id: "r-1" }, { id: "r-2" }] };
const baseline: Timed[] = Array.from({ length: 10 }, (_, walk) => [
  ...op({ atMs: 50 + walk * 50, walk, step: 0, answer: full }),
  exchange(walk, 52 + walk * 50),
]).flat();
const start = [runStarted(), ...frame(), ...baseline];

/** A call of the outage: what the server answered and what its upstream had done. */
const call = (walk: number, answer: unknown, upstream: Parameters<typeof exchange>[2]): Timed[] => [
  exchange(walk, 1105 + walk, upstream),
  ...op({ atMs: 1100 + walk, walk, step: 0, answer }),
];
const refused = { ended: "refused" } as const;
const loud = op({ atMs: 1500, walk: 99, step: 0, attempts: ["tool-error"] });

describe("fails", () => {
  test.each([
    ["an empty list", { resources: [] }],
    ["no content at all", {}],
    ["null", null],
    ["an empty text", ""],
    ["an error text without isError", "Error: connect ECONNREFUSED"],
    ["a status in place of the data", { status: "error" }],
    ["an empty list beside other values", { resources: [], total: 0 }],
  ])("on %s while the upstream refused", async (_, answer) => {
    const result = await verdictOn(silentEmpty, historyOf(start, call(20, answer, refused), loud));
    expect(result.verdict).toBe("fail");
    expect(result.findings[0]).toMatchObject({ grade: "violation", blames: "server" });
    expect(result.findings[0]?.witness.ops).toEqual([opIdOf(20, 0)]);
  });

  test("when the server did not even ask its upstream, which was down", async () => {
    const empty = op({ atMs: 1100, walk: 20, step: 0, answer: { resources: [] } });
    expect((await verdictOn(silentEmpty, historyOf(start, empty))).verdict).toBe("fail");
  });

  test("of a tool that never asks its upstream no violation is told: no fault can touch it", async () => {
    const own = baseline.filter(([, event]) => event.type !== "exchange");
    const empty = op({ atMs: 1100, walk: 20, step: 0, answer: { resources: [] } });
    const { findings } = await verdictOn(silentEmpty, historyOf([runStarted(), ...frame()], own, empty));
    expect(findings.filter(({ grade }) => grade === "violation")).toEqual([]);
  });

  test("when the emptiness goes on after healing", async () => {
    const later = [exchange(20, 2500, refused), ...op({ atMs: 2499, walk: 20, step: 0, answer: { resources: [] } })];
    expect((await verdictOn(silentEmpty, historyOf(start, later, loud))).verdict).toBe("fail");
  });
});

describe("passes", () => {
  test("a server that says that it failed", async () => {
    const result = await verdictOn(silentEmpty, historyOf(start, loud));
    expect(result).toMatchObject({ verdict: "pass", looked: 1, findings: [] });
    expect(result.strength).toBe("0 silently empty in 1 call that met the fault (1 said that they failed)");
  });

  test("an empty list where the upstream itself said so: an info, not a violation", async () => {
    const { hollow } = { hollow: { form: "json" as const, filled: [], hollow: ["$.resources"] } };
    const history = historyOf(start, call(20, { resources: [] }, { answer: hollow }), loud);
    const result = await verdictOn(silentEmpty, history);
    expect(result.verdict).toBe("pass");
    expect(result.findings).toMatchObject([{ grade: "info", blames: "upstream" }]);
  });

  test("a full answer from a cache while the upstream is down", async () => {
    const history = historyOf(start, call(20, full, refused), loud);
    expect(await verdictOn(silentEmpty, history)).toMatchObject({ verdict: "pass", looked: 2 });
  });

  test("an answer that lacks an optional part but holds the rest", async () => {
    const history = historyOf(start, call(20, { resources: [{ id: "r-1" }], next: null }, refused));
    expect((await verdictOn(silentEmpty, history)).verdict).toBe("pass");
  });

  test("a step that may be empty, if the scenario says so", async () => {
    const steps = [
      {
        group: "planner",
        step: 0,
        server: "cloud",
        tool: "FetchResources",
        timeoutMs: 1000,
        mayBeEmpty: true as const,
      },
      { group: "planner", step: 1, server: "cloud", tool: "CreateLimitRequest", timeoutMs: 1000 },
    ];
    const others = Array.from({ length: 8 }, (_, n) => op({ atMs: 600 + n, walk: 50 + n })).flat();
    const failing = op({ atMs: 1500, walk: 80, attempts: ["tool-error"] });
    const history = historyOf(
      [runStarted("faults", { steps }), ...frame(), ...baseline],
      call(20, { resources: [] }, refused),
      others,
      failing,
    );
    expect(await verdictOn(silentEmpty, history)).toMatchObject({ verdict: "pass", findings: [] });
  });
});

test("data that is lost although the upstream answered is a weakness, and no failure", async () => {
  const result = await verdictOn(silentEmpty, historyOf(start, call(20, { resources: [] }, {}), loud));
  expect(result).toMatchObject({ verdict: "pass", warnings: 1 });
});

describe("an op that asked its upstream several things", () => {
  const empty = op({ atMs: 1100, walk: 20, step: 0, answer: { resources: [] } });

  test("is judged by each of them: one good answer hides no failed one", async () => {
    const asked = [exchange(20, 1101, { path: "/token" }), exchange(20, 1105, refused)];
    expect((await verdictOn(silentEmpty, historyOf(start, asked, empty))).verdict).toBe("fail");
  });

  test("is excused by the last word on each: a retry that was answered", async () => {
    const asked = [exchange(20, 1101, refused), exchange(20, 1105)];
    const result = await verdictOn(silentEmpty, historyOf(start, asked, empty, loud));
    expect(result.findings).toMatchObject([{ grade: "weakness" }]);
  });

  test("is not accused for a 404, which may well mean that there is nothing", async () => {
    const asked = [exchange(20, 1105, { status: 404 })];
    const result = await verdictOn(silentEmpty, historyOf(start, asked, empty, loud));
    expect(result).toMatchObject({ verdict: "pass", findings: [{ grade: "info" }] });
  });
});

test("two calls whose requests nobody can tell apart accuse nobody", async () => {
  const both = [20, 21].flatMap((walk) => op({ atMs: 1100, walk, step: 0, answer: { resources: [] } }));
  const anonymous = [exchange(20, 1104, { ...refused, ops: [] }), exchange(21, 1105, { ops: [] })];
  const { findings } = await verdictOn(silentEmpty, historyOf(start, both, anonymous, loud));
  expect(findings).toMatchObject([{ grade: "info" }]);
});

test("calls that only overlapped the fault, each answered well by its upstream, are no evidence", async () => {
  const calm = [20, 21].flatMap((walk) => call(walk, full, {}));
  expect(await verdictOn(silentEmpty, historyOf(start, calm))).toMatchObject({ verdict: "unknown", looked: 0 });
});

test("a part that became null while the data is there is no emptiness", async () => {
  const paged = { resources: [{ id: "r-1" }], cursor: "abc" };
  const before = Array.from({ length: 8 }, (_, n) =>
    op({ atMs: 600 + n, walk: 50 + n, step: 0, answer: paged }),
  ).flat();
  const history = historyOf(runStarted(), frame(), before, call(20, { ...paged, cursor: null }, refused), loud);
  expect(await verdictOn(silentEmpty, history)).toMatchObject({ verdict: "pass", findings: [] });
});

test("emptiness in a control run is a doubt about the baseline, not a finding", async () => {
  const empty = [
    exchange(20, 1105, { status: 500 }),
    ...op({ atMs: 1100, walk: 20, step: 0, answer: { resources: [] } }),
  ];
  const history = historyOf(runStarted("control"), frame({ mode: "control" }), baseline, empty);
  const result = await verdictOn(silentEmpty, history);
  expect(result).toMatchObject({ verdict: "unknown", because: "answers turned empty although nothing was broken" });
});

describe("is unknown", () => {
  test("on an empty history", async () => {
    expect((await verdictOn(silentEmpty, historyOf(runStarted()))).verdict).toBe("unknown");
  });

  test("with too few baseline answers to know what a tool holds", async () => {
    const few = baseline.slice(0, 8);
    const result = await verdictOn(silentEmpty, historyOf(runStarted(), frame(), few, call(20, full, refused)));
    expect(result.verdict).toBe("unknown");
    expect(result.because).toContain("no tool gave 6 answers");
  });

  test("where answers come and go without any fault", async () => {
    const moody = Array.from({ length: 10 }, (_, n) =>
      op({ atMs: 600 + n, walk: 50 + n, step: 0, answer: n % 2 === 0 ? full : { resources: [] } }),
    ).flat();
    const result = await verdictOn(
      silentEmpty,
      historyOf(runStarted(), frame(), moody, call(20, { resources: [] }, refused)),
    );
    expect(result).toMatchObject({ verdict: "unknown", findings: [] });
    expect(result.because).toContain("come and go without any fault");
  });

  test("where no call met the fault", async () => {
    expect((await verdictOn(silentEmpty, historyOf(start))).because).toContain("no answered call met a fault");
  });

  test("where the planned fault was never observed", async () => {
    const history = historyOf(runStarted(), frame({ observed: false }), baseline, loud);
    const result = await verdictOn(silentEmpty, history);
    expect(result.verdict).toBe("unknown");
    expect(result.because).toContain(
      "egress-block on cloud->cloud-api (outage.0) was injected but nothing at the tap shows it",
    );
  });
});

describe("behind a link of which only bytes are seen", () => {
  const empty = op({ atMs: 1100, walk: 20, step: 0, answer: { resources: [] } });
  const says = op({ atMs: 1500, walk: 99, step: 0, attempts: ["tool-error"] });
  const silently: Timed[] = Array.from({ length: 10 }, (_, walk) =>
    op({ atMs: 50 + walk * 50, walk, step: 0, answer: full }),
  ).flat();
  const overTcp = (fault: Partial<DeclaredFault>): Timed[] => [
    runStarted("faults", {
      links: declared.links.map((link) => (link.protocol === "http" ? { ...link, protocol: "tcp" } : link)),
      faults: declared.faults.map((one) => ({ ...one, ...fault })),
    }),
    ...frame(),
    ...silently,
  ];

  test("an empty success while nothing gets through is silent", async () => {
    const result = await verdictOn(silentEmpty, historyOf(overTcp({ silences: true }), empty, says));
    expect(result).toMatchObject({ verdict: "fail", findings: [{ grade: "violation" }] });
  });

  test("one while answers may get through is not: the upstream may have said so itself", async () => {
    const result = await verdictOn(silentEmpty, historyOf(overTcp({}), empty, says));
    expect(result).toMatchObject({ verdict: "pass", findings: [{ grade: "info", blames: "upstream" }] });
  });

  test.each([
    ["that began while it was under way", 1105, 1300],
    ["that was over before it had its answer", 1050, 1105],
  ])("one beside a silence %s is not", async (_, fromMs, toMs) => {
    const moved = overTcp({ silences: true }).map(([at, event]): Timed => {
      if (event.type !== "fault") return [at, event];
      return [event.edge === "healed" ? toMs : fromMs, event];
    });
    const { findings } = await verdictOn(silentEmpty, historyOf(moved, empty, says));
    expect(findings).toMatchObject([{ grade: "info", blames: "upstream" }]);
  });

  test("one while another upstream was there is not, if only bytes are seen of it", async () => {
    const [[at, begun] = [0, undefined], ...others] = overTcp({ silences: true });
    if (begun?.type !== "run-started") throw new Error("a history begins with its run");
    const second = { link: "cloud->cache", plane: "server-upstream", server: "cloud", protocol: "tcp" } as const;
    const both = { ...begun, declared: { ...begun.declared, links: [...begun.declared.links, second] } };
    const used: Timed = [1, { type: "connection", link: second.link, connection: 1, edge: "opened" }];
    const { findings } = await verdictOn(silentEmpty, historyOf([at, both], others, used, empty, says));
    expect(findings).toMatchObject([{ grade: "info" }]);
  });

  test("a success while answers may get through met nothing that anybody saw; an error did", async () => {
    const answered = op({ atMs: 1100, walk: 20, step: 0, answer: full });
    const alone = await verdictOn(silentEmpty, historyOf(overTcp({}), answered));
    expect(alone).toMatchObject({
      verdict: "unknown",
      because:
        "no answered call met a fault behind its server: of 1 call only bytes were seen behind it, which tell no answer",
    });
    expect(await verdictOn(silentEmpty, historyOf(overTcp({}), answered, says))).toMatchObject({
      verdict: "pass",
      looked: 1,
    });
  });

  test("is told as not covered", async () => {
    const { notCovered } = await judged(historyOf(overTcp({}), empty), [silentEmpty]);
    expect(notCovered).toEqual([
      {
        check: "the requests on cloud->cloud-api",
        because: "it speaks tcp: connections and bytes were seen there, and no request",
      },
    ]);
  });
});

test("an op that straddles two phases is left out", async () => {
  const straddler = op({ atMs: 990, walk: 20, step: 0, answer: { resources: [] }, tookMs: 100 });
  expect((await verdictOn(silentEmpty, historyOf(start, straddler, exchange(20, 1050, refused), loud))).verdict).toBe(
    "pass",
  );
});

test("does not apply where no fault breaks an upstream", async () => {
  const { notCovered } = await judged(historyOf(runStarted("faults", { faults: [] }), frame()), [silentEmpty]);
  expect(notCovered).toEqual([{ check: "silent-empty", because: "no fault breaks an upstream of a server" }]);
});

test("in a control run the same answers are judged without a fault", async () => {
  const calm = [exchange(20, 1105), ...op({ atMs: 1100, walk: 20, step: 0, answer: full })];
  const history = historyOf(runStarted("control"), frame({ mode: "control" }), baseline, calm);
  expect(await verdictOn(silentEmpty, history)).toMatchObject({ verdict: "pass", looked: 1 });
});
