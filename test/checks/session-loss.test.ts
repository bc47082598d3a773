import { describe, expect, test } from "vitest";
import { sessionLoss } from "../../src/checks/session-loss.ts";
import type { Attempt, Exchange, SessionEvent } from "../../src/history/events.ts";
import {
  declared,
  frame,
  replicasUsed,
  replicated,
  historyOf,
  op,
  opIdOf,
  runStarted,
  toolsListed,
  verdictOn,
  type Timed,
} from "../literal-history.ts";

const session = (atMs: number, over: Partial<SessionEvent> = {}): Timed => [
  atMs,
  { type: "session", group: "planner", agent: 0, server: "cloud", edge: "opened", named: true, ...over },
];

interface Call {
  readonly walk: number;
  readonly atMs?: number;
  readonly replica?: number;
  readonly attempt?: Partial<Attempt>;
  /** What the replica's tap saw; false: nothing. */
  readonly at?: Partial<Exchange> | false;
}

/** A call of one attempt, and what the tap of the replica saw of it. */
function call({ walk, atMs = 100 + walk * 20, replica = (walk % 3) + 1, attempt = {}, at = {} }: Call): Timed[] {
  const status = attempt.status ?? 200;
  const is = attempt.class ?? "ok";
  const events = op({ atMs, walk, step: 0, attempts: [is] }).map(([ms, event]): Timed =>
    event.type === "attempt" ? [ms, { ...event, status, ...attempt }] : [ms, event],
  );
  if (at === false) return events;
  const exchange: Exchange = {
    type: "exchange",
    link: `cloud->cloud.${replica}`,
    connection: 1,
    ops: [opIdOf(walk, 0)],
    attempt: 1,
    method: "POST",
    path: "/mcp",
    startedUs: atMs * 1000,
    ended: "answered",
    status,
    bytesUp: 1,
    bytesDown: 1,
    ...at,
  };
  return [...events, [atMs + 5, exchange]];
}

const many = Array.from({ length: 12 }, (_, walk) => call({ walk })).flat();
const lost = { class: "session-lost", status: 404, says: "Session not found" } as const;

function run(...parts: (Timed | readonly Timed[])[]) {
  return historyOf(runStarted("faults", replicated), toolsListed(0), frame(), replicasUsed, ...parts);
}

const judge = (...parts: Parameters<typeof run>) => verdictOn(sessionLoss, run(...parts));

describe("passes", () => {
  test("where each replica answers every session, and says how often another one did", async () => {
    const result = await judge(session(2), many);
    expect(result).toMatchObject({ verdict: "pass", looked: 12, findings: [] });
    expect(result.strength).toBe(
      "0 of 12 requests lost their session, 11 of them at another replica than the one before",
    );
  });

  test("where sessions have no id, so that none can be lost", async () => {
    const { named: _, ...unnamed } = {
      type: "session",
      group: "planner",
      agent: 0,
      server: "cloud",
      edge: "opened",
    } as SessionEvent;
    const result = await judge([2, unnamed], many);
    expect(result).toMatchObject({ verdict: "pass", strength: expect.stringContaining("have no id") });
  });

  test.each<[string, Partial<Call>]>([
    ["a session that expired, and whose answer says so", { attempt: { ...lost, says: "Session expired" } }],
    ["a 404 that the replica never gave: a fault before the balancer did", { attempt: lost, at: { status: 200 } }],
    [
      "a 404 that a fault put in the place of the replica's answer",
      { attempt: lost, at: { meddled: { did: "replace-answer", delivered: 1, made: "error", status: 200 } } },
    ],
    ["a 404 that never came to a replica", { attempt: lost, at: false }],
    ["another error of the server's", { attempt: { class: "http-refusal", status: 500, says: "database is locked" } }],
    ["bad arguments", { attempt: { class: "http-refusal", status: 400, says: "malformed JSON" } }],
    ["no replica that took it", { attempt: { class: "http-gateway", status: 502 }, at: false }],
    ["a tool error", { attempt: { class: "tool-error" } }],
  ])("over %s", async (_, near) => {
    expect(await judge(session(2), many, call({ walk: 20, ...near }))).toMatchObject({ verdict: "pass", findings: [] });
  });

  test("over an opening to which a fault made the answer up", async () => {
    const made: Exchange = {
      type: "exchange",
      link: "planner@cloud",
      connection: 1,
      ops: [],
      method: "POST",
      path: "/mcp",
      startedUs: 2000,
      ended: "answered",
      status: 404,
      meddled: { did: "answer-request", delivered: 0, made: "error" },
      bytesUp: 1,
      bytesDown: 1,
    };
    const failed = session(4, { agent: 1, edge: "failed", because: "notifications/initialized with HTTP 404" });
    expect(await judge(session(2), [3, made], failed, many)).toMatchObject({ verdict: "pass", findings: [] });
  });

  test("over a session that could not be opened for other reasons", async () => {
    const { type } = { type: "session" } as const;
    const failed: Timed = [
      3,
      { type, group: "planner", agent: 1, server: "cloud", edge: "failed", because: "timeout" },
    ];
    expect(await judge(session(2), failed, many)).toMatchObject({ verdict: "pass" });
  });
});

describe("fails", () => {
  test("over a session that a replica does not know, and points at it", async () => {
    const result = await judge(session(2), many, call({ walk: 20, replica: 2, attempt: lost }));
    expect(result).toMatchObject({ verdict: "fail", findings: [{ grade: "violation", blames: "server" }] });
    expect(result.findings).toHaveLength(1);
    expect(result.findings[0]?.says).toContain("1 of 13 requests were answered with HTTP 404 (by cloud.2)");
    expect(result.findings[0]?.witness.ops).toEqual([opIdOf(20, 0)]);
    expect(result.findings[0]?.witness.events).toHaveLength(2);
  });

  test("also where a fault had only delayed the answer", async () => {
    const at = { meddled: { did: "delay-answer", delivered: 1, status: 404 } } as const;
    expect(await judge(session(2), many, call({ walk: 20, attempt: lost, at }))).toMatchObject({ verdict: "fail" });
  });

  test.each([400, 410, 500])("over %i in place of 404, which is a weakness of its own", async (status) => {
    const attempt = { class: "http-refusal", status, says: "Bad Request: No valid session ID provided" } as const;
    const result = await judge(session(2), many, call({ walk: 20, attempt }));
    expect(result.findings.map(({ grade }) => grade)).toEqual(["violation", "weakness"]);
    expect(result.findings[1]?.says).toContain(`HTTP ${status} in place of 404`);
  });

  test("over sessions that are refused right after being opened, though no call was ever made", async () => {
    const failed = session(3, { agent: 1, edge: "failed", because: "notifications/initialized with HTTP 404" });
    const result = await judge(failed, failed);
    expect(result).toMatchObject({ verdict: "fail", looked: 2 });
    expect(result.findings[0]?.says).toContain("2 sessions were refused right after being opened");
  });
});

describe("is unknown", () => {
  test("where nothing was asked", async () => {
    expect(await judge(session(2))).toMatchObject({ verdict: "unknown", looked: 0 });
  });

  test("where each session met one replica only", async () => {
    const alike = Array.from({ length: 12 }, (_, walk) => call({ walk, replica: 1 })).flat();
    const result = await judge(session(2), alike);
    // Where nothing is broken nothing makes a session change its replica.
    const calm = [toolsListed(0), ...frame({ mode: "control" }), ...replicasUsed, session(2), ...alike];
    const control = await verdictOn(sessionLoss, historyOf(runStarted("control", replicated), calm));
    expect(control).toMatchObject({ verdict: "pass" });
    expect(result).toMatchObject({ verdict: "unknown", because: expect.stringContaining("one replica only") });
  });

  test("a session that was opened anew is another one", async () => {
    const first = Array.from({ length: 5 }, (_, walk) => call({ walk, replica: 1 })).flat();
    const second = Array.from({ length: 5 }, (_, n) => call({ walk: 10 + n, replica: 2 })).flat();
    expect(await judge(session(2), first, session(250), second)).toMatchObject({ verdict: "unknown" });
  });
});

test("does not apply where every server runs once", () => {
  expect(sessionLoss.notApplicable(declared)).toContain("no server runs as replicas");
});

describe("in 2026-07-28, which has no sessions,", () => {
  const opened: Timed = [
    2,
    { type: "session", group: "planner", agent: 0, server: "cloud", edge: "opened", protocolVersion: "2026-07-28" },
  ];

  test("each replica serves each request", async () => {
    const result = await judge(opened, many);
    expect(result).toMatchObject({ verdict: "pass", looked: 12, findings: [] });
    expect(result.strength).toBe(
      "0 of 12 requests were refused for want of a session, 11 of them at another replica than the one before",
    );
  });

  test("a server that asks for one is found", async () => {
    const asks = { class: "http-refusal", status: 404, says: "Session not found" } as const;
    const result = await judge(opened, many, call({ walk: 20, attempt: asks }));
    expect(result.verdict).toBe("fail");
    expect(result.findings.map(({ says }) => says)).toEqual([
      "cloud asks for sessions in a revision that has none: 1 of 13 requests were answered with HTTP 404 (by cloud.3)",
    ]);
  });

  test("another error of a replica is its own affair", async () => {
    const refusal = { class: "http-refusal", status: 404, says: "No such path" } as const;
    expect(await judge(opened, many, call({ walk: 20, attempt: refusal }))).toMatchObject({ verdict: "pass" });
  });

  test("agents that one replica serves alone prove nothing", async () => {
    const one = Array.from({ length: 12 }, (_, walk) => call({ walk, replica: 1 })).flat();
    expect(await judge(opened, one)).toMatchObject({ verdict: "unknown" });
  });
});
