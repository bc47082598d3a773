/** Callers that close their connection in mid-call, in histories written out by hand; the same in two revisions. */
import { describe, expect, test } from "vitest";
import { disconnect } from "../../src/checks/disconnect.ts";
import type { CheckResult } from "../../src/checks/judge.ts";
import type { Declared } from "../../src/history/declared.ts";
import type { Effect } from "../../src/history/effect-events.ts";
import type { Exchange } from "../../src/history/events.ts";
import type { ProtocolVersion } from "../../src/history/protocol.ts";
import {
  declared,
  effect,
  exchange,
  frame,
  historyOf,
  judged,
  op,
  runStarted,
  type Timed,
} from "../literal-history.ts";

const closing: Declared["groups"] = [{ group: "planner", wire: "lean", onTimeout: "close", attemptsMax: 3 }];

function session(protocolVersion: ProtocolVersion): Timed {
  return [0, { type: "session", group: "planner", agent: 0, server: "cloud", edge: "opened", protocolVersion }];
}

interface Cut {
  readonly walk: number;
  /** When its upstream request ended, after a cut at 1300 ms, and how. */
  readonly untilMs: number;
  readonly over?: Partial<Exchange>;
  readonly onTimeout?: "cancel" | "close" | "abandon";
  /** When it was committed. */
  readonly committedMs?: number;
  readonly row?: Partial<Effect>;
}

const cutMs = 1300;

function cut({ walk, untilMs, over = {}, onTimeout = "close", committedMs, row }: Cut): Timed[] {
  const request = { attempt: 1, startedUs: 1_110_000, method: "POST", path: "/limit-requests", ...over };
  return [
    ...op({ atMs: 1100, walk, attempts: ["timeout"], tookMs: cutMs - 1100, onTimeout }),
    exchange(walk, untilMs, request, 1),
    ...(committedMs === undefined ? [] : [effect(walk, committedMs, row)]),
  ];
}

const letGo = { ended: "caller-left" as const };

/** A call whose upstream took two seconds, so the server is known to wait that long. */
const patient: Timed[] = [
  ...op({ atMs: 100, walk: 0, tookMs: 2010 }),
  exchange(0, 2105, { attempt: 1, startedUs: 105_000 }, 1),
];

const baseline = [...frame({ recoveryUntilMs: 3900 }), ...patient];
const three = (make: (walk: number) => Timed[]): Timed[] => [1, 2, 3].flatMap(make);

async function verdictOn(
  revision: ProtocolVersion | undefined,
  calls: readonly Timed[],
  groups: Declared["groups"] = closing,
): Promise<CheckResult> {
  const sessions = revision === undefined ? [] : [session(revision)];
  const events = historyOf(runStarted("faults", { groups }), sessions, baseline, calls);
  // Rows and ends beyond the usual frame.
  const { checks } = await judged(historyEnding(events), [disconnect]);
  return checks[0]!;
}

/** The frame ends the run at 5 s; work that goes on after a cut of 2 s' grace needs more. */
function historyEnding(events: ReturnType<typeof historyOf>): ReturnType<typeof historyOf> {
  const isEnd = ({ type }: { readonly type: string }): boolean => type === "run-ended" || type === "ledger-read";
  const lastUs = Math.max(...events.map(({ atUs }) => atUs));
  const ends = events.filter(isEnd).map((event) => ({ ...event, atUs: lastUs + 1000 }));
  return [...events.filter((event) => !isEnd(event)), ...ends];
}

describe("2026-07-28", () => {
  const cancels: Declared["groups"] = [{ ...closing[0]!, onTimeout: "cancel" }];
  const speak = (calls: readonly Timed[]) => verdictOn("2026-07-28", calls, closing);
  const left = (walk: number, over: Partial<Cut> = {}) => cut({ walk, untilMs: 4500, onTimeout: "cancel", ...over });

  test("a server that stops passes", async () => {
    const found = await speak(three((walk) => cut({ walk, untilMs: 1310, over: letGo, onTimeout: "cancel" })));
    expect(found).toMatchObject({ verdict: "pass", looked: 3, warnings: 0 });
    expect(found.strength).toBe("0 of 3 calls whose callers had gone went on without them at cloud (2026-07-28)");
  });

  test("a commit after it is a violation, and one suffices", async () => {
    const found = await speak([
      ...left(1, { committedMs: 4490 }),
      ...cut({ walk: 2, untilMs: 1310, over: letGo, onTimeout: "cancel" }),
    ]);
    expect(found.verdict).toBe("fail");
    expect(found.findings[0]).toMatchObject({ grade: "violation", blames: "server" });
    expect(found.findings[0]?.says).toMatch(/^cloud \(2026-07-28\) committed 1 of 2 calls .*\(3\.19s after it\)$/);
  });

  test("work that goes on without a commit is a weakness", async () => {
    const found = await speak(three((walk) => left(walk)));
    expect(found).toMatchObject({ verdict: "pass", warnings: 1 });
    expect(found.findings[0]?.says).toContain("went on with 3 of 3 calls");
  });

  test.for<[string, Partial<Cut>]>([
    ["in the race", { untilMs: 2500, committedMs: 2490 }],
    ["by an upstream that knew that nobody waited", { committedMs: 4490, row: { afterHangup: true } }],
    ["of what the server had let go of before", { untilMs: 1310, over: letGo, committedMs: 4490 }],
  ])("a commit %s is none", async ([, over]) => {
    const found = await speak(three((walk) => left(walk, over)));
    expect(found.verdict).not.toBe("fail");
  });

  test("a commit that a later attempt may have made is none", async () => {
    const [started, first, ended] = op({
      atMs: 1100,
      walk: 1,
      attempts: ["timeout"],
      tookMs: 200,
      onTimeout: "cancel",
    });
    const again: Timed = [
      4400,
      { type: "attempt", op: "0000f00d.planner.0.1.1", attempt: 2, startedUs: 1_400_000, class: "ok", outcome: "ok" },
    ];
    const request = exchange(1, 4500, { attempt: 1, startedUs: 1_110_000 }, 1);
    const found = await speak([started!, first!, again, [4400, ended![1]], request, effect(1, 4390)]);
    expect(found.findings.filter(({ grade }) => grade === "violation")).toEqual([]);
  });

  test("who abandons a call has not closed anything", async () => {
    const found = await speak(three((walk) => left(walk, { onTimeout: "abandon", committedMs: 4490 })));
    expect(found).toMatchObject({ verdict: "unknown" });
    expect(found.because).toBe("no caller of cloud closed its connection in the middle of a call");
  });

  test("applies to cancels where the revision is pinned, and only there", () => {
    const pinned = {
      ...declared,
      groups: cancels,
      servers: [{ ...declared.servers[0]!, protocol: "2026-07-28" as const }],
    };
    expect(disconnect.notApplicable(pinned)).toBeUndefined();
    expect(disconnect.notApplicable({ ...declared, groups: cancels })).toMatch(/^nobody closes a connection/);
    expect(disconnect.notApplicable({ ...declared, groups: closing })).toBeUndefined();
    expect(disconnect.notApplicable({ ...declared, groups: closing, faults: [] })).toMatch(/^nobody closes/);
    const stdio = { ...declared, groups: closing, servers: [{ ...declared.servers[0]!, transport: "stdio" as const }] };
    expect(disconnect.notApplicable(stdio)).toMatch(/^nobody closes/);
  });
});

describe("2025-11-25", () => {
  const speak = (calls: readonly Timed[]) => verdictOn("2025-11-25", calls);

  test("work that goes on, and is committed, is as it should be", async () => {
    const found = await speak(three((walk) => cut({ walk, untilMs: 4500, committedMs: 4490 })));
    expect(found).toMatchObject({ verdict: "pass", looked: 3, warnings: 0 });
    expect(found.strength).toBe(
      "0 of 3 calls whose callers had gone were dropped with their connection at cloud (2025-11-25)",
    );
  });

  test("a server that drops the work is weak", async () => {
    const found = await speak(three((walk) => cut({ walk, untilMs: 1310, over: letGo })));
    expect(found).toMatchObject({ verdict: "pass", warnings: 1 });
    expect(found.findings[0]).toMatchObject({ grade: "weakness", blames: "server" });
    expect(found.findings[0]?.says).toContain("dropped the work of 3 of 3 calls whose connection was closed");
  });

  test("a deadline of its own may have ended what was never seen to last longer", async () => {
    const waited = { ...letGo, startedUs: -2_000_000 };
    const found = await speak(three((walk) => cut({ walk, untilMs: 1310, over: waited })));
    expect(found).toMatchObject({ verdict: "unknown", findings: [] });
  });

  test("how long its server waits for one tool says nothing of another", async () => {
    const other = three((walk) => cut({ walk, untilMs: 1310, over: letGo })).map(([at, event]): Timed => [
      at,
      event.type === "op-started" ? { ...event, tool: "FetchUsage" } : event,
    ]);
    expect(await speak(other)).toMatchObject({ verdict: "unknown", findings: [] });
  });

  test.each(["exited", "killed", "stopped"] as const)("what ends as the server is %s was not dropped", async (edge) => {
    const end: Timed = [1320, { type: "target", target: "cloud", role: "server", edge }];
    const found = await speak([...three((walk) => cut({ walk, untilMs: 1310, over: letGo })), end]);
    expect(found).toMatchObject({ verdict: "unknown", findings: [] });
  });

  test("what ends long after the caller has gone has ended by itself", async () => {
    const found = await speak(three((walk) => cut({ walk, untilMs: 2600, over: letGo })));
    expect(found).toMatchObject({ verdict: "unknown", findings: [] });
  });

  test("one that drops now and then is not taken for one that does so on purpose", async () => {
    const found = await speak([
      ...cut({ walk: 1, untilMs: 1310, over: letGo }),
      ...[2, 3, 4].flatMap((walk) => cut({ walk, untilMs: 4500 })),
    ]);
    expect(found).toMatchObject({ verdict: "pass", warnings: 0 });
  });

  test("a cancel is no disconnect", async () => {
    const found = await speak(three((walk) => cut({ walk, untilMs: 1310, over: letGo, onTimeout: "cancel" })));
    expect(found.verdict).toBe("unknown");
  });
});

test("nothing seen is unknown", async () => {
  const { checks } = await judged(historyOf(runStarted("faults", { groups: closing }), frame()), [disconnect]);
  expect(checks[0]).toMatchObject({ verdict: "unknown" });
});

test("where no session tells the revision, nobody can judge", async () => {
  const found = await verdictOn(
    undefined,
    three((walk) => cut({ walk, untilMs: 1310, over: letGo })),
  );
  expect(found).toMatchObject({ verdict: "unknown", because: "no session with cloud tells which revision is spoken" });
});
