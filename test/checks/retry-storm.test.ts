import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { retryStorm } from "../../src/checks/retry-storm.ts";
import type { Mode } from "../../src/history/declared.ts";
import type { Exchange } from "../../src/history/events.ts";
import type { OutcomeClass } from "../../src/history/outcomes.ts";
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

/** One request upstream: when it began after its call did, how long it took, and how it ended. */
interface Asked extends Partial<Exchange> {
  readonly afterMs?: number;
  readonly tookMs?: number;
}

interface Call {
  readonly atMs: number;
  readonly walk: number;
  readonly asked: readonly Asked[];
  readonly step?: 0 | 1;
  readonly tookMs?: number;
  readonly is?: OutcomeClass;
}

const refused: Asked = { ended: "refused" };
const times = (count: number, asked: Asked, gapMs = 1): Asked[] =>
  Array.from({ length: count }, (_, n) => ({ ...asked, afterMs: n * gapMs }));

function asking({ atMs, walk, asked, step = 0 }: Pick<Call, "atMs" | "walk" | "asked" | "step">): Timed[] {
  return asked.map(({ afterMs = 0, tookMs = 0, ...over }) =>
    exchange(walk, atMs + afterMs + tookMs, { startedUs: (atMs + afterMs) * 1000, attempt: 1, ...over }, step),
  );
}

function call({ is = "ok", tookMs = 15, ...of }: Call): Timed[] {
  const { atMs, walk, step = 0 } = of;
  return [...op({ atMs, walk, step, attempts: [is], tookMs }), ...asking(of)];
}

/** Calls every 20 ms from a moment on, all alike. */
const calls = (count: number, of: Call): Timed[] =>
  Array.from({ length: count }, (_, n) => call({ ...of, atMs: of.atMs + n * 20, walk: of.walk + n })).flat();
const baseline = (asked: readonly Asked[] = [{}]): Timed[] => calls(10, { atMs: 50, walk: 0, asked });
const outage = (asked: readonly Asked[], count = 8): Timed[] =>
  calls(count, { atMs: 1100, walk: 100, asked, is: "tool-error" });
const start = [runStarted(), ...frame()];
const on = (...parts: readonly (readonly Timed[])[]) => verdictOn(retryStorm, historyOf(start, ...parts));

const storm = times(4, refused);

test("repeats after a wait that may be the harness's own lateness are unknown, and longer ones a weakness", async () => {
  const behind: Timed = [4500, { type: "generator", starts: 9, lagMaxUs: 9e4, lagP99Us: 5e4, healthy: true }];
  const waiting = (count: number, ms: number) => on(baseline(), outage(times(count, refused, ms)), [behind]);
  expect(await waiting(6, 110)).toMatchObject({
    verdict: "unknown",
    because:
      "cloud.FetchResources repeated failed upstream requests after 110ms, but Squall itself was late by up to 50ms: " +
      "nobody can tell whether it waited",
  });
  expect(await waiting(4, 60)).toMatchObject({ verdict: "unknown" });
  for (const [count, ms] of [
    [6, 160],
    [4, 80],
  ] as const) {
    expect(await waiting(count, ms)).toMatchObject({ verdict: "pass", findings: [{ grade: "weakness" }] });
  }
  expect(await on(baseline(), outage(times(4, refused, 60)))).toMatchObject({ verdict: "pass" });
});

describe("fails", () => {
  test("on a server that repeats each failed request three times at once", async () => {
    const result = await on(baseline(), outage(storm));
    expect(result).toMatchObject({ verdict: "fail", looked: 8 });
    expect(result.findings).toMatchObject([{ grade: "violation", blames: "server" }]);
    const [finding] = result.findings;
    expect(finding?.says).toBe(
      "cloud.FetchResources repeated failed upstream requests without waiting: the same request 4.00 times per call " +
        "that failed upstream, 1.00 before (24 repeats, median wait 1ms); 1.00 attempts per op × 4.00 requests per " +
        "attempt make 4.00 upstream requests per op, 1.00 before: " +
        [100, 101, 102].map((walk) => opIdOf(walk, 0)).join(", "),
    );
    expect(finding?.witness.ops).toHaveLength(8);
    expect(finding?.witness.events).toHaveLength(10);
  });

  test.each([
    ["500", { status: 500 }],
    ["429 without a Retry-After", { status: 429 }],
    ["503, sooner than its Retry-After says", { status: 503, retryAfterMs: 1000 }],
    ["a lost answer", { ended: "eaten" }],
  ] as const)("when what is repeated at once was answered by %s", async (_, failed) => {
    expect((await on(baseline(), outage(times(4, failed)))).verdict).toBe("fail");
  });

  test("on a server that gives up waiting and asks again at once, even where its connections end a little later", async () => {
    const hung = Array.from({ length: 4 }, (_, n) => ({
      afterMs: n * 30,
      tookMs: 35,
      ended: "caller-left" as const,
    }));
    const late = Array.from({ length: 4 }, (_, n) => ({ afterMs: n * 30, tookMs: 500 }));
    const answeredLate = (atMs: number) =>
      late.map((asked) => ({ ...asked, leftUs: (atMs + asked.afterMs + 30) * 1000, firstByteUs: (atMs + 600) * 1000 }));
    const spaced = Array.from({ length: 6 }, (_, n) => ({ atMs: 1100 + n * 40, walk: 100 + n, tookMs: 300 }));
    const left = await on(
      baseline(),
      spaced.flatMap((at) => call({ ...at, asked: hung, is: "tool-error" })),
    );
    expect(left.verdict).toBe("fail");
    expect(left.findings[0]?.says).toContain("(18 repeats, median wait under 1ms)");
    const gaveUp = spaced.flatMap((at) => call({ ...at, asked: answeredLate(at.atMs), is: "tool-error" }));
    expect((await on(baseline(), gaveUp)).verdict).toBe("fail");
  });

  test("on a write that was sent again at once on dead connections, which no HTTP client does by itself", async () => {
    const closed = { method: "POST", ended: "closed", reusedSocket: true } as const;
    expect((await on(baseline([{ method: "POST" }]), outage(times(3, closed)))).verdict).toBe("fail");
  });

  test("on a server that repeats without end, however long it waits", async () => {
    const forever = Array.from({ length: 6 }, (_, n) =>
      call({ atMs: 1100 + n, walk: 100 + n, asked: times(13, refused, 120), tookMs: 1700, is: "timeout" }),
    ).flat();
    const result = await on(baseline(), forever);
    expect(result.verdict).toBe("fail");
    expect(result.findings[0]?.says).toContain("again and again");
  });

  test("on what goes on when its caller has gone: it belongs to the same attempt", async () => {
    const short = Array.from({ length: 6 }, (_, n) =>
      call({ atMs: 1100 + n * 20, walk: 100 + n, asked: times(5, refused, 30), tookMs: 10, is: "timeout" }),
    ).flat();
    const { verdict, findings } = await on(baseline(), short);
    expect(verdict).toBe("fail");
    expect(findings[0]?.says).toContain("24 of them when their caller had gone");
  });

  test("whatever calls did that began before the fault: they leave the baseline", async () => {
    const straddling = Array.from({ length: 6 }, (_, n) =>
      call({ atMs: 985 + n, walk: 60 + n, asked: times(12, { ...refused }, 2), tookMs: 60 }),
    ).flat();
    expect((await on(baseline(), straddling, outage(storm))).verdict).toBe("fail");
  });

  test("on a server that repeats often after short waits, spread or not, even if the first one came at once", async () => {
    const spread = [20, 85, 40, 5, 70].map((_, n, waits) => waits.slice(0, n + 1).reduce((sum, ms) => sum + ms, 0));
    for (const again of [spread, [1, 31, 61, 91, 121, 151], [1, 2, 3, 203, 204, 205]]) {
      const asked = [0, ...again].map((afterMs) => ({ ...refused, afterMs }));
      expect((await on(baseline(), outage(asked))).verdict).toBe("fail");
    }
    expect((await on(baseline(), outage(times(6, refused, 30)))).findings[0]?.says).toContain(
      "repeated failed upstream requests with hardly a wait: the same request 6.00 times",
    );
  });

  test("on a storm among the pages of one path, as many requests as without it", async () => {
    const pages = [1, 2, 3, 4].map((page) => ({ asks: `page-${page}`, afterMs: page }));
    expect((await on(baseline(pages), outage(times(4, { ...refused, asks: "page-1" })))).verdict).toBe("fail");
  });

  test("on requests sent again and again without end while the first is unanswered", async () => {
    const hung = Array.from({ length: 14 }, (_, n) => ({
      afterMs: n * 30,
      tookMs: 800 - n * 30,
      ended: "closed" as const,
    }));
    const result = await on(baseline(), outage(hung));
    expect(result.verdict).toBe("fail");
    expect(result.findings[0]?.says).toContain("(104 sent while the one before was unanswered)");
  });

  test("on a storm of the first of several requests, which leaves no more requests than before", async () => {
    const several = [
      { path: "/a" },
      { path: "/b", afterMs: 2 },
      { path: "/c", afterMs: 4 },
      { path: "/d", afterMs: 6 },
    ];
    expect((await on(baseline(several), outage(times(4, { ...refused, path: "/a" })))).verdict).toBe("fail");
  });
});

describe("passes", () => {
  test("a server that asks once and says that it failed", async () => {
    const result = await on(baseline(), outage([refused]));
    expect(result).toMatchObject({ verdict: "pass", looked: 8, findings: [] });
    expect(result.strength).toBe(
      "0 storms in 8 exposed calls: 1.00 upstream requests per call under the fault, 1.00 before",
    );
  });

  test("a retry after Retry-After, however often and however soon that was", async () => {
    const asked = [
      { status: 503, retryAfterMs: 200 },
      { status: 429, retryAfterMs: 50, afterMs: 205 },
      { status: 503, retryAfterMs: 0, afterMs: 256 },
      { status: 503, afterMs: 257 },
    ];
    expect(await on(baseline(), outage(asked))).toMatchObject({ verdict: "pass", findings: [] });
  });

  test("one retry after a wait: accepted practice, an info", async () => {
    const { verdict, findings } = await on(baseline(), outage(times(2, refused, 200)));
    expect(verdict).toBe("pass");
    expect(findings).toMatchObject([{ grade: "info", blames: "server" }]);
  });

  test("several retries with back-off: a weakness, no violation", async () => {
    const asked = [refused, { ...refused, afterMs: 200 }, { ...refused, afterMs: 600 }];
    expect(await on(baseline(), outage(asked))).toMatchObject({
      verdict: "pass",
      warnings: 1,
      findings: [{ grade: "weakness", blames: "server" }],
    });
  });

  test("back-off with full jitter, whose first waits may be next to nothing", async () => {
    const waits = [3, 8, 12, 17, 22, 5, 14, 20].map((firstMs) => [
      refused,
      { ...refused, afterMs: firstMs },
      { ...refused, afterMs: 4 * firstMs },
      { ...refused, afterMs: 11 * firstMs },
    ]);
    const jittered = waits.flatMap((asked, n) =>
      call({ atMs: 1100 + n * 20, walk: 100 + n, asked, tookMs: 300, is: "tool-error" }),
    );
    expect(await on(baseline(), jittered)).toMatchObject({ verdict: "pass", findings: [{ grade: "weakness" }] });
  });

  test("an SDK's two repeats with full jitter from 100 ms on: a weakness", async () => {
    const waits = [
      [90, 40],
      [20, 150],
      [70, 30],
      [60, 110],
      [10, 60],
      [95, 20],
      [50, 70],
      [30, 80],
    ] as const;
    const calm = waits.flatMap(([first, second], n) => {
      const asked = [0, first, first + second].map((afterMs) => ({ ...refused, afterMs }));
      return call({ atMs: 1100 + n * 20, walk: 100 + n, asked, tookMs: 300, is: "tool-error" });
    });
    expect(await on(baseline(), calm)).toMatchObject({ verdict: "pass", findings: [{ grade: "weakness" }] });
  });

  test("one repeat of each of several requests, side by side: no more than one repeat of one", async () => {
    const several = ["/a", "/b", "/c"].map((path) => ({ path }));
    const twice = (waitMs: number) =>
      several.flatMap(({ path }) => times(2, { ...refused, path }, waitMs).map((asked) => asked));
    const atOnce = await on(baseline(several), outage(twice(1)));
    expect(atOnce).toMatchObject({ verdict: "pass", findings: [{ grade: "weakness" }] });
    expect(atOnce.findings[0]?.says).toContain("repeated a failed upstream request at once");
    expect(await on(baseline(several), outage(twice(200)))).toMatchObject({
      verdict: "pass",
      findings: [{ grade: "info" }],
    });
  });

  test("requests sent again while the first is unanswered: a weakness, or once an info", async () => {
    const hung = (count: number) =>
      Array.from({ length: count }, (_, n) => ({ afterMs: n * 100, tookMs: 850 - n * 100, ended: "closed" as const }));
    const many = await on(baseline(), outage(hung(6)));
    expect(many).toMatchObject({ verdict: "pass", findings: [{ grade: "weakness", blames: "server" }] });
    expect(many.findings[0]?.says).toContain(
      "the same request 6.00 times per call that failed upstream, 1.00 before (40 sent while the one before was unanswered)",
    );
    expect(await on(baseline(), outage(hung(2)))).toMatchObject({ verdict: "pass", findings: [{ grade: "info" }] });
  });

  test("one immediate repeat of a refused request: a weakness", async () => {
    const { verdict, findings } = await on(baseline(), outage(times(2, refused)));
    expect({ verdict, findings }).toMatchObject({ verdict: "pass", findings: [{ grade: "weakness" }] });
  });

  test("a read that its transport sends again on a fresh connection: an info", async () => {
    const asked = [{ ended: "closed" }, { ...refused, afterMs: 1 }] as const;
    const { verdict, findings } = await on(baseline(), outage(asked));
    expect({ verdict, findings }).toMatchObject({ verdict: "pass", findings: [{ grade: "info" }] });
  });

  test("a read that meets a whole pool of dead connections, one after another", async () => {
    const dead = times(5, { ended: "reset", reusedSocket: true });
    const { verdict, findings } = await on(baseline(), outage([...dead, { ...refused, afterMs: 6 }]));
    expect({ verdict, findings }).toMatchObject({ verdict: "pass", findings: [{ grade: "info" }] });
  });

  test("a server that makes several different requests for a call, before the fault and under it", async () => {
    const several = ["/token", "/resources", "/quota"].map((path, n) => ({ path, afterMs: n }));
    const result = await on(baseline(several), outage(several.map((asked) => ({ ...asked, ...refused }))));
    expect(result).toMatchObject({ verdict: "pass", findings: [] });
  });

  test("pages of one path, and a loop over many things that goes on when one of them fails", async () => {
    const pages = times(6, {}).map((asked, n) => ({ ...asked, asks: `page-${n}` }));
    const failing = pages.map((asked) => ({ ...asked, ...refused }));
    expect(await on(baseline(pages), outage(failing))).toMatchObject({ verdict: "pass", findings: [] });
  });

  test("many requests side by side, of a server whose cache hides them in most baseline calls", async () => {
    const cached = calls(20, { atMs: 300, walk: 30, asked: [] });
    const sideBySide = times(5, { tookMs: 3 }, 0);
    const result = await on(cached, baseline(sideBySide), outage(times(5, { ...refused, tookMs: 3 }, 0)));
    expect(result).toMatchObject({ verdict: "pass", findings: [] });
  });

  test("other places asked once the first has failed: that is no repeat", async () => {
    const places = ["/eu", "/us", "/asia", "/spare"].map((path, n) => ({ ...refused, path, afterMs: n }));
    expect(await on(baseline([{ path: "/eu" }]), outage(places))).toMatchObject({ verdict: "pass", findings: [] });
  });

  test("connections that are opened again and again without a request", async () => {
    const refusedConnections = Array.from({ length: 50 }, (_, n): Timed => [
      1100 + n,
      { type: "connection", link: "cloud->cloud-api", connection: 50 + n, edge: "refused" },
    ]);
    expect(await on(baseline(), outage([refused]), refusedConnections)).toMatchObject({
      verdict: "pass",
      findings: [],
    });
  });

  test("repeats in calls that began after the fault", async () => {
    const after = calls(6, { atMs: 2100, walk: 70, asked: storm });
    expect(await on(baseline(), outage([refused]), after)).toMatchObject({ verdict: "pass", findings: [] });
  });

  test("a storm in a few of many calls: a weakness, for it hardly multiplies", async () => {
    const few = calls(5, { atMs: 1750, walk: 150, asked: storm, is: "tool-error" });
    const { verdict, findings } = await on(baseline(), outage([refused], 30), few);
    expect({ verdict, findings }).toMatchObject({ verdict: "pass", findings: [{ grade: "weakness" }] });
  });

  test("many repeats with waits, of a server that asks as often when nothing is broken: a weakness", async () => {
    const long = call({ atMs: 500, walk: 20, asked: times(15, {}, 20), tookMs: 400 });
    const slow = Array.from({ length: 6 }, (_, n) =>
      call({ atMs: 1100 + n, walk: 100 + n, asked: times(13, refused, 120), tookMs: 1700, is: "timeout" }),
    ).flat();
    const { verdict, findings } = await on(baseline(), long, slow);
    expect({ verdict, findings }).toMatchObject({ verdict: "pass", findings: [{ grade: "weakness" }] });
  });

  test("a request still open at the end has not failed", async () => {
    const open = calls(5, { atMs: 1500, walk: 150, asked: [{ ended: "open" }], is: "timeout" });
    expect(await on(baseline(), outage([refused]), open)).toMatchObject({ verdict: "pass", looked: 8 });
  });
});

/** Calls that the agents tried several times, each attempt with its own requests. */
function tried(walk: number, asked: readonly Asked[], { numbered = true } = {}): Timed[] {
  const atMs = 1100 + (walk - 100) * 60;
  const tries = [1, 2, 3];
  const [begin, , end] = op({ atMs, walk, step: 0, attempts: ["tool-error"], tookMs: 60 });
  if (begin === undefined || end === undefined) return [];
  return [
    begin,
    ...tries.flatMap((attempt): Timed[] => {
      const fromMs = atMs + (attempt - 1) * 15;
      const is = {
        type: "attempt",
        op: opIdOf(walk, 0),
        attempt,
        startedUs: fromMs * 1000,
        class: "tool-error",
        outcome: "failed",
      } as const;
      const own = asking({ atMs: fromMs, walk, asked }).map(([at, event]): Timed => {
        if (event.type !== "exchange") return [at, event];
        const { attempt: _, ...rest } = event;
        return [at, numbered ? { ...rest, attempt } : rest];
      });
      return [...own, [fromMs + 10, is]];
    }),
    end,
  ];
}
const everyTried = (asked: readonly Asked[], options?: { numbered: boolean }): Timed[] =>
  [100, 101, 102, 103, 104, 105].flatMap((walk) => tried(walk, asked, options));

describe("what the agents repeat", () => {
  test("is theirs: an info beside the server's pass, however soon they do it", async () => {
    const { verdict, findings } = await on(baseline(), everyTried([refused]));
    expect(verdict).toBe("pass");
    expect(findings).toMatchObject([{ grade: "info", blames: "agents" }]);
    expect(findings[0]?.says).toContain(
      "tried an op that failed upstream 3.00 times, 1.00 before (their policy allows 3)",
    );
  });

  test("multiplies what the server repeats, and the finding says to what", async () => {
    const { findings } = await on(baseline(), everyTried(times(4, refused)));
    expect(findings.map(({ grade, blames }) => `${grade} ${blames}`)).toEqual(["violation server", "info agents"]);
    expect(findings[0]?.says).toContain(
      "3.00 attempts per op × 4.00 requests per attempt make 12.00 upstream requests per op, 1.00 before",
    );
  });

  test("costs nothing where the server does not ask again, and the finding does not say that it did", async () => {
    const breaker = everyTried(times(2, refused)).filter(
      ([, event]) => event.type !== "exchange" || event.attempt === 1,
    );
    const { findings } = await on(baseline(), breaker);
    expect(findings[0]?.says).toContain(
      "1.00 attempts per op × 2.00 requests per attempt make 2.00 upstream requests per op, 1.00 before",
    );
  });

  test("leaves calls out where no request tells its attempt", async () => {
    const unnumbered = everyTried([refused], { numbered: false });
    const alone = await on(baseline(), unnumbered);
    expect(alone).toMatchObject({ verdict: "unknown", looked: 0 });
    expect(alone.because).toContain("nobody can tell which upstream requests 6 calls made");
    const { attempt: _, ...plain } = { ...refused, attempt: undefined };
    const beside = await on(baseline(), unnumbered, calls(5, { atMs: 1500, walk: 150, asked: [plain] }));
    expect(beside.verdict).toBe("pass");
    expect(beside.strength).toContain("in 5 exposed calls");
    expect(beside.strength).toContain("; 6 left out, whose requests nobody can tell apart");
  });
});

describe("requests without a canary", () => {
  const nameless = (parts: readonly Timed[]): Timed[] =>
    parts.map(([at, event]) => {
      if (event.type !== "exchange") return [at, event];
      const { attempt: _, ...rest } = event;
      return [at, { ...rest, ops: [] }];
    });

  test("that only time joins: a clean record passes", async () => {
    const apart = [0, 1, 2, 3, 4, 5].flatMap((n) => call({ atMs: 1100 + n * 40, walk: 100 + n, asked: [refused] }));
    expect(await on(nameless(baseline()), nameless(apart))).toMatchObject({ verdict: "pass", looked: 6 });
  });

  test("that look like a storm accuse nobody for sure: others may have made them", async () => {
    const result = await on(nameless(baseline()), nameless(outage(storm)));
    expect(result.verdict).toBe("unknown");
    expect(result.because).toContain("only their time tells which call the upstream requests of cloud.FetchResources");
  });

  test("and of calls side by side are left out, and counted", async () => {
    const together = [0, 1, 2, 3, 4, 5].flatMap((n) => call({ atMs: 1100, walk: 100 + n, asked: storm }));
    const result = await on(nameless(baseline()), nameless(together));
    expect(result).toMatchObject({ verdict: "unknown", looked: 0, findings: [] });
    expect(result.because).toContain("nobody can tell which upstream requests 6 calls made");
  });

  test("do not keep the named ones beside them from being judged", async () => {
    const poller = Array.from({ length: 20 }, (_, n) =>
      exchange(0, 1100 + n * 10, { ops: [], path: "/health", ended: "refused" }),
    );
    expect((await on(baseline(), outage(storm), poller)).verdict).toBe("fail");
    expect(await on(baseline(), outage([refused]), poller)).toMatchObject({ verdict: "pass", findings: [] });
  });

  test("that only time joins warn of nothing: a probe of the server's own may have asked", async () => {
    const apart = [0, 1, 2, 3, 4, 5].flatMap((n) =>
      call({ atMs: 1100 + n * 130, walk: 100 + n, asked: [refused], tookMs: 120, is: "tool-error" }),
    );
    const probe = Array.from({ length: 10 }, (_, n) => exchange(0, 1000 + n * 40, { ops: [], ended: "refused" }));
    const { verdict, findings } = await on(nameless(baseline()), nameless(apart), probe);
    expect({ verdict, findings }).toMatchObject({ verdict: "pass", findings: [{ grade: "info" }] });
    expect(findings[0]?.says).toContain("several times, as far as their time tells whose they are: ");
  });

  test("keep a pass from being believed where more than ever come to where calls ask: repeats that lost their name", async () => {
    const lost = (count: number, fromMs: number, over: Partial<Exchange> = refused) =>
      Array.from({ length: count }, (_, n) => exchange(0, fromMs + n * 10, { ops: [], ...over }));
    const result = await on(baseline(), outage([refused]), lost(60, 1100));
    expect(result).toMatchObject({ verdict: "unknown", findings: [] });
    expect(result.because).toContain("60 more failed requests than usual where cloud.FetchResources asks name no call");
    const refresh = await on(baseline(), lost(60, 100, {}), outage([refused]), lost(60, 1100));
    expect(refresh).toMatchObject({ verdict: "pass", findings: [] });
  });

  test("or with many of them: what is asked for several calls at once is nobody's own", async () => {
    const batch = [100, 101, 102, 103, 104, 105];
    const ops = batch.map((walk) => opIdOf(walk, 0));
    const together = batch.flatMap((walk) => op({ atMs: 1100, walk, step: 0, attempts: ["tool-error"] }));
    const asked = [0, 1, 2, 3].map((n) => exchange(100, 1101 + n, { ...refused, ops }));
    expect(await on(baseline(), together, asked)).toMatchObject({ verdict: "unknown", looked: 0, findings: [] });
  });
});

describe("is unknown", () => {
  test("on an empty history", async () => {
    expect((await verdictOn(retryStorm, historyOf(runStarted()))).verdict).toBe("unknown");
  });

  test("without a baseline of the tool", async () => {
    for (const before of [[], calls(4, { atMs: 50, walk: 0, asked: [{}] })]) {
      const result = await on(before, outage(storm));
      expect(result.verdict).toBe("unknown");
      expect(result.because).toContain(
        "calls of cloud.FetchResources asked their upstream in the baseline; 5 are needed",
      );
    }
  });

  test("where the planned fault was never observed", async () => {
    const history = historyOf(runStarted(), frame({ observed: false }), baseline(), outage(storm));
    const result = await verdictOn(retryStorm, history);
    expect(result).toMatchObject({ verdict: "unknown", looked: 0, findings: [] });
    expect(result.because).toContain("nothing at the tap shows it");
  });

  test("where no request could be joined to a call", async () => {
    const strangers = [120, 130, 1150].map((at) => exchange(0, at, { ops: [] }));
    const result = await on(strangers);
    expect(result.because).toContain("no upstream request could be joined to a call");
  });

  test("where no call met the fault", async () => {
    const result = await on(baseline(), outage([{}]));
    expect(result).toMatchObject({ verdict: "unknown", because: "no call met the fault behind its server", looked: 0 });
  });

  test("where all calls of a tool share their requests with others, beside one that is clean", async () => {
    const write = { asked: [{ method: "POST" }], step: 1 } as const;
    const ops = [300, 301].map((walk) => opIdOf(walk));
    const batched = calls(8, { ...write, atMs: 1500, walk: 300, asked: times(4, { ...refused, method: "POST", ops }) });
    const result = await on(baseline(), calls(10, { ...write, atMs: 500, walk: 50 }), outage([refused]), batched);
    expect(result).toMatchObject({ verdict: "unknown", looked: 8, findings: [] });
    expect(result.because).toContain("upstream requests 2 calls of cloud.CreateLimitRequest made");
  });

  test("where a server behind which a fault is planned was not called under it, beside one that was", async () => {
    const [fault] = declared.faults;
    if (fault === undefined) throw new Error("the declared run has a fault");
    const link = { link: "billing->ledger", plane: "server-upstream", server: "billing", protocol: "http" } as const;
    const other = { ...fault, fault: "outage.1", link: link.link };
    const two = runStarted("faults", { links: [...declared.links, link], faults: [fault, other] });
    const [opened, requested, seen] = [
      { type: "connection", link: link.link, connection: 1, edge: "opened" },
      { type: "fault", fault: "outage.1", kind: "egress-block", link: link.link, window: 0, edge: "requested" },
      { type: "fault", fault: "outage.1", kind: "egress-block", link: link.link, window: 0, edge: "observed" },
    ] as const;
    const more: Timed[] = [
      [1, opened],
      [1001, requested],
      [1002, seen],
    ];
    const result = await verdictOn(retryStorm, historyOf([two, ...frame()], more, baseline(), outage([refused])));
    expect(result).toMatchObject({ verdict: "unknown", because: "no call of billing met the fault behind it" });
  });

  test("where what failed met no fault of this run", async () => {
    const elsewhere = runStarted("faults", {
      links: [...declared.links, { link: "cloud->other", plane: "server-upstream", server: "cloud", protocol: "http" }],
    });
    const other = outage(times(4, { ...refused, link: "cloud->other" }));
    const opened: Timed = [1, { type: "connection", link: "cloud->other", connection: 1, edge: "opened" }];
    const result = await verdictOn(retryStorm, historyOf([elsewhere, ...frame()], [opened], baseline(), other));
    expect(result).toMatchObject({ verdict: "unknown", because: "no call met the fault behind its server" });
  });

  test("where one path is asked oftener than before, but never for the same", async () => {
    const queries = times(4, { ...refused, method: "POST", path: "/graphql" }).map((asked, n) => ({
      ...asked,
      asks: `query-${n}`,
    }));
    const result = await on(baseline([{ method: "POST", path: "/graphql", asks: "query-0" }]), outage(queries));
    expect(result).toMatchObject({ verdict: "unknown", findings: [] });
    expect(result.because).toBe(
      "cloud.FetchResources asked one path 4.00 times per call that failed upstream, 1.00 before, " +
        "with other queries or bodies: nobody can tell whether it repeated itself",
    );
    const eachTwice = queries.flatMap((asked) => [asked, { ...asked, afterMs: (asked.afterMs ?? 0) + 10 }]);
    const explained = await on(
      baseline(queries.map((asked) => ({ ...asked, ended: "answered" as const }))),
      outage(eachTwice),
    );
    expect(explained).toMatchObject({ verdict: "pass", findings: [{ grade: "weakness" }] });
  });

  test("where a job is polled when nothing fails, and its start repeated at once when it does", async () => {
    const job = [{ method: "POST", path: "/jobs" }, ...times(4, { path: "/jobs/7" }, 5)];
    const result = await on(baseline(job), outage(times(4, { ...refused, method: "POST", path: "/jobs" })));
    expect(result).toMatchObject({ verdict: "unknown", findings: [] });
    expect(result.because).toContain(
      "but makes the same request 4.00 times when nothing fails: nobody can tell a storm from polling",
    );
  });

  test("where a storm was seen in too few calls to be sure", async () => {
    const result = await on(baseline(), outage(storm, 4));
    expect(result).toMatchObject({ verdict: "unknown", looked: 4, warnings: 1 });
    expect(result.because).toBe(
      "cloud.FetchResources repeated without waiting, but only 4 calls met the fault; 5 are needed",
    );
  });
});

describe("a control run", () => {
  const control = [runStarted("control"), ...frame({ mode: "control" })];

  test("compares later phases with the baseline", async () => {
    const later = calls(6, { atMs: 1100, walk: 100, asked: [{}] });
    const result = await verdictOn(retryStorm, historyOf(control, baseline(), later));
    expect(result).toMatchObject({ verdict: "pass", looked: 6, findings: [] });
    expect(result.strength).toBe(
      "0 storms in 6 calls: 1.00 upstream requests per call after the baseline, 1.00 before",
    );
  });

  test("needs calls after the baseline", async () => {
    const result = await verdictOn(retryStorm, historyOf(control, baseline()));
    expect(result).toMatchObject({ verdict: "unknown", because: "nothing was called after the baseline" });
  });

  test("in which requests are multiplied raises a doubt, and no finding that fails", async () => {
    const result = await verdictOn(retryStorm, historyOf(control, baseline(), outage(storm)));
    expect(result).toMatchObject({
      verdict: "unknown",
      because: "requests were multiplied although nothing was broken",
    });
  });
});

describe("a surge at recovery", () => {
  const before = calls(25, { atMs: 50, walk: 0, asked: [{}] });
  const met = outage([refused]);

  test("of the server is a weakness", async () => {
    const surging = calls(25, { atMs: 2050, walk: 200, asked: times(2, {}, 5) });
    const { verdict, findings } = await on(before, met, surging);
    expect(verdict).toBe("pass");
    expect(findings).toMatchObject([{ grade: "weakness", blames: "server" }]);
    expect(findings[0]?.says).toContain("2.00 requests per op, 1.00 before it: a surge at recovery");
    expect(findings[0]?.witness.ops).toHaveLength(10);
  });

  test("of agents that still try what they began under the fault is theirs", async () => {
    const normal = calls(25, { atMs: 2050, walk: 200, asked: [{}] });
    const late = Array.from({ length: 20 }, (_, n): Timed[] => {
      const walk = 300 + n;
      const [begin, attempt, end] = op({ atMs: 1500 + n, walk, step: 0, tookMs: 600 });
      if (begin === undefined || attempt?.[1].type !== "attempt" || end === undefined) return [];
      const first: Timed = [1900, { ...attempt[1], class: "timeout", outcome: "unknown" }];
      const second: Timed = [2100 + n, { ...attempt[1], attempt: 2, startedUs: 2_050_000 }];
      return [begin, first, second, end, exchange(walk, 2090, { attempt: 2 })];
    }).flat();
    const { findings } = await on(before, met, normal, late);
    expect(findings).toMatchObject([{ grade: "weakness", blames: "agents" }]);
  });

  test("is none where a cache fills again, or where few ops were called", async () => {
    const cached = [...before, ...calls(20, { atMs: 560, walk: 50, asked: [] })];
    const cold = calls(25, { atMs: 2050, walk: 200, asked: [{}] });
    expect(await on(cached, met, cold)).toMatchObject({ verdict: "pass", findings: [] });
    const few = calls(10, { atMs: 2050, walk: 200, asked: times(2, {}, 5) });
    expect(await on(before, met, few)).toMatchObject({ verdict: "pass", findings: [] });
  });
});

describe("retries in step", () => {
  /** Many agents whose first attempt fails at one edge, and who try again after their wait. */
  interface Crowding {
    readonly edgeMs: number;
    readonly waitMs: (agent: number) => number;
    readonly told?: number;
    readonly hedged?: true;
  }
  const crowd = (agents: number, { edgeMs, waitMs, told, hedged }: Crowding): Timed[] =>
    Array.from({ length: agents }, (_, agent): Timed[] => {
      const failedMs = 1200 + (agent * edgeMs) / agents;
      const id = `0000f00d.planner.${agent}.500.0`;
      const [begin, attempt, end] = op({ atMs: 1100, walk: 500, step: 0 });
      if (begin?.[1].type !== "op-started" || attempt?.[1].type !== "attempt" || end?.[1].type !== "op-ended")
        return [];
      const retriedMs = failedMs + waitMs(agent);
      const failed = { ...attempt[1], op: id, class: "tool-error", outcome: "failed" } as const;
      const asks = told === undefined ? {} : { retryAfterMs: told };
      return [
        [1100, { ...begin[1], op: id, agent }],
        exchange(500, failedMs, { ops: [id], attempt: 1, ended: "refused", startedUs: 1_100_000 }),
        [failedMs, { ...failed, ...asks }],
        [retriedMs + 1, { ...failed, ...(hedged && { hedged }), attempt: 2, startedUs: retriedMs * 1000 }],
        [retriedMs + 1, { ...end[1], op: id, outcome: "failed" }],
      ];
    }).flat();
  const inStep = (findings: readonly { grade: string; says: string; blames: string }[]) =>
    findings.filter(({ says }) => says.includes("synchrony index"));

  test("are a weakness of agents that wait without jitter after one sharp edge", async () => {
    const { verdict, findings } = await on(baseline(), crowd(220, { edgeMs: 5, waitMs: () => 200 }));
    expect(verdict).toBe("pass");
    expect(inStep(findings)).toMatchObject([{ grade: "weakness", blames: "agents" }]);
  });

  test.each([
    ["with jitter", 220, { edgeMs: 5, waitMs: (agent: number) => (agent * 37) % 500 }],
    ["of too few agents", 190, { edgeMs: 5, waitMs: () => 200 }],
    ["after failures that were spread", 220, { edgeMs: 500, waitMs: (agent: number) => 500 - (agent * 500) / 220 }],
    ["of agents that were told when to come back", 220, { edgeMs: 5, waitMs: () => 200, told: 200 }],
    ["of attempts sent beside others", 220, { edgeMs: 5, waitMs: () => 200, hedged: true as const }],
  ])("are not spoken of %s", async (_, agents, crowding) => {
    const { verdict, findings } = await on(baseline(), crowd(agents, crowding));
    expect(verdict).toBe("pass");
    expect(inStep(findings)).toEqual([]);
  });
});

describe("the planted storm is found", () => {
  const clean = async (mode: Mode, ...parts: readonly (readonly Timed[])[]) =>
    verdictOn(retryStorm, historyOf([runStarted(mode), ...frame({ mode })], ...parts));

  test.each([
    ["one call met the fault", outage([refused], 1)],
    ["many calls met it", outage([refused], 40)],
    ["all of them waited for Retry-After", outage([{ status: 503, retryAfterMs: 100 }, { afterMs: 105 }], 30)],
    ["all of them waited before their one retry", outage(times(2, refused, 300), 30)],
  ])("where %s", async (_, met) => {
    expect((await clean("faults", baseline(), met)).verdict).toBe("pass");
  });

  test("where requests have bodies", async () => {
    const withBody = { method: "POST", asks: "body" } as const;
    const met = outage([{ ...refused, ...withBody }], 30);
    expect((await clean("faults", baseline([withBody]), met)).verdict).toBe("pass");
  });

  test("where baseline calls make many requests of one path", async () => {
    expect((await clean("faults", baseline(times(12, {})), outage([refused], 30))).verdict).toBe("pass");
  });

  test("where the first mark of the fault comes after the only call that met it", async () => {
    const late = frame().map(([at, event]): Timed =>
      event.type === "fault" && event.edge === "observed" ? [1300, event] : [at, event],
    );
    expect((await verdictOn(retryStorm, historyOf(runStarted(), late, baseline(), outage([refused], 1)))).verdict).toBe(
      "pass",
    );
  });

  test("in a control run", async () => {
    const later = calls(30, { atMs: 1100, walk: 100, asked: [{}] });
    expect((await clean("control", baseline(), later)).verdict).toBe("pass");
  });
});

describe("does not apply", () => {
  const because = async (over: Parameters<typeof runStarted>[1]) => {
    const { notCovered } = await judged(historyOf(runStarted("faults", over), frame()), [retryStorm]);
    return notCovered[0]?.because;
  };

  test("where no fault breaks an upstream", async () => {
    expect(await because({ faults: [] })).toBe("no fault breaks an upstream of a server");
  });

  test("where requests cannot be counted on the broken links", async () => {
    const links = declared.links.map((link) => ({
      ...link,
      ...(link.protocol === "http" ? { protocol: "tcp" as const } : {}),
    }));
    expect(await because({ links })).toBe("requests on cloud->cloud-api cannot be counted: it is tcp");
  });
});

describe("laws", () => {
  const honest = fc.constantFrom<readonly Asked[]>(
    [refused],
    [{}],
    [],
    times(2, refused, 150),
    [{ status: 503, retryAfterMs: 10 }, { afterMs: 15 }],
    [
      { ended: "closed", reusedSocket: true },
      { ...refused, afterMs: 1 },
    ],
  );
  const brief = ({ verdict, findings }: Awaited<ReturnType<typeof on>>) => ({
    verdict,
    findings: findings.map(({ grade, blames, says, witness }) => ({ grade, blames, says, ops: witness.ops })),
  });

  test("the order of unrelated calls changes nothing", async () => {
    const orders = fc.shuffledSubarray([100, 101, 102, 103, 104, 105, 106, 107], { minLength: 8, maxLength: 8 });
    const asks = fc.array(fc.oneof(honest, fc.constant(storm)), { minLength: 8, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(asks, orders, async (kinds, order) => {
        const made = kinds.map((asked, n) => call({ atMs: 1100, walk: 100 + n, asked, is: "tool-error", tookMs: 400 }));
        const straight = await on(baseline(), made.flat());
        const shuffled = await on(
          baseline(),
          order.flatMap((walk) => made[walk - 100] ?? []),
        );
        expect(brief(shuffled)).toEqual(brief(straight));
      }),
      { seed: 42, numRuns: 60 },
    );
  });

  test("honest calls, however many, never make it fail", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(honest, { minLength: 1, maxLength: 40 }), async (kinds) => {
        const made = kinds.flatMap((asked, n) =>
          call({ atMs: 1100 + n * 10, walk: 100 + n, asked, is: "tool-error", tookMs: 400 }),
        );
        const { verdict, findings } = await on(baseline(), made);
        expect(verdict).not.toBe("fail");
        expect(findings.every(({ grade }) => grade !== "violation")).toBe(true);
      }),
      { seed: 42, numRuns: 100 },
    );
  });
});
