/** Event streams that were lost, and what resuming them brought. */
import { describe, expect, test } from "vitest";
import { lostStreams } from "../../src/checks/lost-streams.ts";
import type { Declared } from "../../src/history/declared.ts";
import type { LostStream, Resumption } from "../../src/history/lost-stream.ts";
import type { OutcomeClass } from "../../src/history/outcomes.ts";
import type { ProtocolVersion } from "../../src/history/protocol.ts";
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

const cutting: Partial<Declared> = {
  groups: declared.groups.map((group) => ({ ...group, resumes: true as const })),
  faults: [{ fault: "outage.0", kind: "sse-cut", link: "planner@cloud", phase: "outage", healForm: "let-through" }],
};
const asCut = (timed: Timed): Timed =>
  timed[1].type === "fault" ? [timed[0], { ...timed[1], kind: "sse-cut", link: "planner@cloud" }] : timed;

const start = (protocolVersion: ProtocolVersion = "2025-11-25"): Timed[] => [
  runStarted("faults", cutting),
  [1, { type: "session", group: "planner", agent: 0, server: "cloud", edge: "opened", protocolVersion }],
  ...frame().map(asCut),
];

interface Lost {
  readonly is?: OutcomeClass;
  readonly tookMs?: number;
  readonly stream?: Partial<LostStream>;
  readonly resumptions?: readonly Partial<Resumption>[];
}

/** One call in the fault's phase whose stream was cut. */
function lost(walk: number, { is = "ok", tookMs = 10, stream = {}, resumptions = [] }: Lost): Timed[] {
  const atMs = 1010 + walk * 10;
  const meddled = { did: "replace-answer", delivered: 1, made: "garbage", status: 200 } as const;
  const own = exchange(walk, atMs + 5, { link: "planner@cloud", attempt: 1, ended: "eaten", status: 200, meddled }, 1);
  return [
    own,
    ...op({ atMs, walk, attempts: [is], tookMs }).map(([at, event]): Timed => {
      if (event.type !== "attempt") return [at, event];
      const asked = resumptions.map(
        (one) => ({ afterUs: 1000, came: "answer", status: 200, events: 1, ...one }) as const,
      );
      const lostStream = { afterUs: 500, events: 2, lastEventId: "e-2", ...stream, resumptions: asked };
      return [at, { ...event, lostStream }];
    }),
  ];
}

test("streams whose rest came once, and nothing else, pass", async () => {
  const result = await verdictOn(
    lostStreams,
    historyOf(start(), lost(1, { resumptions: [{}] }), lost(2, { resumptions: [{ came: "ended", events: 1 }, {}] })),
  );
  expect(result).toMatchObject({ verdict: "pass", looked: 2, findings: [] });
  expect(result.strength).toBe("0 of 2 lost streams of cloud wrongly resumed, 2 to the answer");
});

describe("finds", () => {
  test.each([
    ["messages of other streams", { resumptions: [{ foreign: 2 }] }, "brought messages of other streams when resumed"],
    ["events that come twice", { resumptions: [{ twice: 1 }] }, "brought what had come before once more when resumed"],
    ["ids of two streams", { stream: { sharedIds: 1 }, resumptions: [{}] }, "brought events whose ids another stream"],
    [
      "an answer that never comes though the stream is taken up",
      { is: "timeout", tookMs: 1500, resumptions: [{ came: "silent", events: 0 }] },
      "never brought the answer when resumed",
    ],
    [
      "an answer that is not on a stream which ends",
      { is: "truncated", resumptions: [{ came: "ended", events: 0 }] },
      "never brought the answer when resumed",
    ],
  ] as const)("%s", async (_what, wrong, says) => {
    const { verdict, findings } = await verdictOn(lostStreams, historyOf(start(), lost(1, wrong)));
    expect(verdict).toBe("fail");
    expect(findings).toMatchObject([{ grade: "violation", blames: "server", witness: { ops: [opIdOf(1)] } }]);
    expect(findings[0]?.says).toContain(`1 event stream of cloud ${says}`);
  });

  test("ids on events that cannot be resumed by: a weakness", async () => {
    const refused = { is: "truncated", resumptions: [{ came: "refused", status: 405, events: 0 }] } as const;
    const { verdict, findings } = await verdictOn(lostStreams, historyOf(start(), lost(1, refused), lost(2, refused)));
    expect(verdict).toBe("pass");
    expect(findings).toMatchObject([{ grade: "weakness" }]);
    expect(findings[0]?.says).toBe(
      "2 event streams of cloud had ids to resume by, but no resuming was to be had (of 2 looked at)",
    );
  });
});

describe("near misses", () => {
  test("a server that gives no ids promises nothing, and nothing is known", async () => {
    const { lastEventId, ...stream } = { afterUs: 1, events: 1, lastEventId: undefined };
    const unnamed = lost(1, { is: "truncated" }).map(([at, event]): Timed => {
      if (event.type !== "attempt") return [at, event];
      return [at, { ...event, lostStream: { ...stream, resumptions: [] } }];
    });
    expect(lastEventId).toBeUndefined();
    expect(await verdictOn(lostStreams, historyOf(start(), unnamed))).toMatchObject({
      verdict: "unknown",
      because: expect.stringContaining("cloud gave the events of its streams no ids, which it may"),
      findings: [],
    });
  });

  test("nothing lost is nothing known", async () => {
    const history = historyOf(start(), op({ atMs: 1100, walk: 1 }));
    expect(await verdictOn(lostStreams, history)).toMatchObject({
      verdict: "unknown",
      because: "no event stream was lost that its caller could have resumed",
    });
  });

  test.each([
    ["the session was lost", { came: "refused", status: 404, events: 0 }],
    ["the server was overloaded", { came: "refused", status: 503, events: 0 }],
    ["nobody could be reached", { came: "unreached", events: 0 }],
    ["its caller left too soon to tell", { came: "silent", events: 0 }],
  ] as const)("that %s says nothing of resuming", async (_what, resumption) => {
    const history = historyOf(
      start(),
      lost(1, { is: resumption.came === "silent" ? "timeout" : "truncated", tookMs: 300, resumptions: [resumption] }),
      lost(2, { resumptions: [{}] }),
    );
    expect(await verdictOn(lostStreams, history)).toMatchObject({ verdict: "pass", looked: 1, findings: [] });
  });

  test("a rest that another fault may have kept back is not held against the server", async () => {
    const other = { type: "fault", fault: "other", kind: "timeout", link: "planner@cloud", window: 0 } as const;
    const silent = { is: "timeout", tookMs: 1500, resumptions: [{ came: "silent", events: 0 }] } as const;
    const refused = { is: "truncated", resumptions: [{ came: "refused", status: 400, events: 0 }] } as const;
    const history = historyOf(
      start(),
      [1001, { ...other, edge: "requested" }],
      [1002, { ...other, edge: "observed" }],
      [1990, { ...other, edge: "healed", form: "let-through" }],
      lost(1, silent),
      lost(2, refused),
      lost(90, { resumptions: [{}] }),
    );
    const result = await verdictOn(lostStreams, history);
    expect(result).toMatchObject({ looked: 1, findings: [] });
  });

  test("in 2026-07-28 nothing is resumed: what is lost is asked for anew", async () => {
    const again = op({ atMs: 1100, walk: 3, attempts: ["truncated", "ok"] });
    expect(await verdictOn(lostStreams, historyOf(start("2026-07-28"), again))).toMatchObject({
      verdict: "unknown",
      findings: [],
    });
  });

  test("without a fault that cuts streams, or agents who resume them, it does not apply", () => {
    expect(lostStreams.notApplicable({ ...declared, ...cutting })).toBeUndefined();
    expect(lostStreams.notApplicable(declared)).toMatch(/^no fault cuts/);
    expect(lostStreams.notApplicable({ ...declared, ...cutting, groups: declared.groups })).toMatch(/^no fault cuts/);
    const servers = declared.servers.map((server) => ({ ...server, protocol: "2026-07-28" as const }));
    expect(lostStreams.notApplicable({ ...declared, ...cutting, servers })).toMatch(/^no fault cuts/);
  });
});
