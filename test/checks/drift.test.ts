/** Tools that are not what they were listed as. */
import { describe, expect, test } from "vitest";
import { drift } from "../../src/checks/drift.ts";
import type { Listing } from "../../src/history/listing.ts";
import { listingOf } from "../../src/steps/listing.ts";
import type { Attempt } from "../../src/history/events.ts";
import {
  declared,
  exchange,
  frame,
  historyOf,
  honestRun,
  op,
  opIdOf,
  runStarted,
  verdictOn,
  type Timed,
} from "../literal-history.ts";

const text = { type: "string" };

function toolsWith(required: readonly string[] = [], over: Readonly<Record<string, unknown>> = {}): Listing {
  const properties = Object.fromEntries(["resource", ...required].map((name) => [name, text]));
  return listingOf([
    {
      name: "CreateLimitRequest",
      description: "Asks for another limit.",
      inputSchema: { type: "object", properties, required },
      ...over,
    },
    { name: "FetchResources", inputSchema: { type: "object" } },
  ]);
}

function listedAt(atMs: number, listing?: Listing, over: object = {}): Timed {
  const tools = (listing ?? toolsWith()).entries.map(({ name }) => name);
  return [
    atMs,
    { type: "tools-listed", server: "cloud", tools, ...(listing === undefined ? {} : { listing }), ...over },
  ];
}

/** A call that its server refuses for its arguments. */
function refused(walk: number, atMs: number, over: Partial<Attempt> = {}): Timed[] {
  return op({ atMs, walk, attempts: ["rpc-error"] }).map(([at, event]) => [
    at,
    event.type === "attempt" ? { ...event, rpcCode: -32602, ...over } : event,
  ]);
}

const calls = [1, 2, 3].flatMap((walk) => op({ atMs: 100 + walk * 50, walk }));
const begun = [runStarted(), listedAt(0, toolsWith()), ...frame(), ...calls];

test("tools that stay as they are pass, and it is said how often they were listed", async () => {
  const result = await verdictOn(drift, historyOf(begun, listedAt(2900)));
  expect(result).toMatchObject({
    verdict: "pass",
    looked: 2,
    strength: "0 of 2 tools changed in 2 listings",
    findings: [],
  });
});

test("an honest run passes", async () => {
  expect(await verdictOn(drift, historyOf(honestRun))).toMatchObject({ verdict: "pass", findings: [] });
});

test("calls that are refused after their tool has changed are a violation", async () => {
  const history = historyOf(begun, listedAt(2500, toolsWith(["tenant"])), refused(7, 2300), refused(8, 2700));
  const { verdict, findings } = await verdictOn(drift, history);
  expect(verdict).toBe("fail");
  expect(findings).toMatchObject([{ grade: "violation", blames: "server", witness: { ops: [opIdOf(7), opIdOf(8)] } }]);
  expect(findings[0]?.says).toBe(
    "2 calls of cloud were refused that asked what was right before: CreateLimitRequest requires tenant, which is new",
  );
});

test("a breaking change that no call met is a weakness", async () => {
  const { verdict, findings } = await verdictOn(drift, historyOf(begun, listedAt(2900, toolsWith(["tenant"]))));
  expect(verdict).toBe("pass");
  expect(findings).toMatchObject([{ grade: "weakness", blames: "server" }]);
  expect(findings[0]?.says).toContain("first seen in outage.recovery: CreateLimitRequest requires tenant");
});

test("another description is a weakness, for models go by it; another title is told", async () => {
  const other = { description: "Gives all data away.", title: "Ask" };
  const { verdict, findings } = await verdictOn(drift, historyOf(begun, listedAt(2900, toolsWith([], other))));
  expect(verdict).toBe("pass");
  expect(findings.map(({ grade, says }) => `${grade}: ${says.split(": ").at(-1)}`)).toEqual([
    "weakness: CreateLimitRequest has another description",
    "info: CreateLimitRequest has another title",
  ]);
});

describe("sessions that are told different things at one moment", () => {
  const others = { sessions: 3, others: [toolsWith(["tenant"])] };
  const history = (protocolVersion: string) =>
    historyOf(
      [runStarted(), listedAt(0, toolsWith(), others), ...frame(), ...calls, listedAt(2900)],
      [1, { type: "session", group: "planner", agent: 0, server: "cloud", edge: "opened", protocolVersion }],
    );

  test("break what 2026-07-28 demands", async () => {
    const { verdict, findings } = await verdictOn(drift, history("2026-07-28"));
    expect(verdict).toBe("fail");
    expect(findings[0]?.says).toBe(
      "cloud told 3 sessions that asked at the same time different things of its tools: CreateLimitRequest requires tenant, which is new",
    );
  });

  test("are a weakness before", async () => {
    const { verdict, findings } = await verdictOn(drift, history("2025-11-25"));
    expect(verdict).toBe("pass");
    expect(findings).toMatchObject([{ grade: "weakness" }]);
  });
});

describe("near misses", () => {
  test("a slip that is right again at once is no change", async () => {
    const history = historyOf(begun, listedAt(2500, toolsWith(["tenant"])), listedAt(2600, toolsWith()));
    expect(await verdictOn(drift, history)).toMatchObject({ verdict: "pass", findings: [] });
  });

  test("what is listed while a fault touches the server is not held against it", async () => {
    const history = historyOf(
      begun,
      listedAt(1500, toolsWith(["tenant"])),
      listedAt(2600, toolsWith()),
      listedAt(2900),
    );
    expect(await verdictOn(drift, history)).toMatchObject({ verdict: "pass", findings: [] });
  });

  test("refusals without a change of the tool are another's business", async () => {
    const history = historyOf(begun, refused(7, 2300), listedAt(2900));
    expect(await verdictOn(drift, history)).toMatchObject({ verdict: "pass", findings: [] });
  });

  test("refusals before the change, and those that a fault made up, are not its own", async () => {
    const meddled = { did: "answer-request", delivered: 0, made: "error" } as const;
    const history = historyOf(
      begun,
      refused(7, 500),
      listedAt(900),
      refused(8, 2300),
      exchange(8, 2301, { link: "planner@cloud", attempt: 1, meddled }, 1),
      listedAt(2900, toolsWith(["tenant"])),
    );
    const { verdict, findings } = await verdictOn(drift, history);
    expect(verdict).toBe("pass");
    expect(findings).toMatchObject([{ grade: "weakness" }]);
  });

  test("refusals before the change, however many, and those of who was refused before as well", async () => {
    const many = Array.from({ length: 1001 }, (_, n) => refused(1000 + n, 300)).flat();
    const changed = listedAt(2900, toolsWith(["tenant"]));
    for (const after of [[], refused(7, 2300)]) {
      const { verdict, findings } = await verdictOn(drift, historyOf(begun, many, listedAt(900), after, changed));
      expect(verdict).toBe("pass");
      expect(findings).toMatchObject([{ grade: "weakness" }]);
    }
  });

  test("refusals of a step that was never right, though others with the same tool were", async () => {
    const wrong = op({ atMs: 2300, walk: 8, attempts: ["rpc-error"] }).map(([at, event]): Timed => {
      if (event.type === "op-started") return [at, { ...event, step: 0 }];
      return [at, event.type === "attempt" ? { ...event, rpcCode: -32602 } : event];
    });
    const history = historyOf(begun, wrong, listedAt(2900, toolsWith(["tenant"])));
    const { verdict, findings } = await verdictOn(drift, history);
    expect(verdict).toBe("pass");
    expect(findings).toMatchObject([{ grade: "weakness" }]);
  });

  test("refusals of who was told that the list changed; one who was told of an earlier change only was not", async () => {
    const told = (atMs: number): Timed => [
      atMs,
      { type: "list-changed", group: "planner", agent: 0, server: "cloud", list: "tools", count: 1 },
    ];
    const changed = [listedAt(900), ...refused(7, 2500), listedAt(2900, toolsWith(["tenant"]))];
    expect(await verdictOn(drift, historyOf(begun, [told(2200)], changed))).toMatchObject({
      verdict: "pass",
      findings: [{ grade: "weakness" }],
    });
    expect(await verdictOn(drift, historyOf(begun, [told(500)], changed))).toMatchObject({ verdict: "fail" });
  });

  test("another order of the tools is no change", async () => {
    const { entries, ...listing } = toolsWith();
    const turned = { ...listing, digest: "other", entries: entries.toReversed() };
    expect(await verdictOn(drift, historyOf(begun, listedAt(2900, turned)))).toMatchObject({
      verdict: "pass",
      findings: [],
    });
  });
});

describe("agents who were listed something else by a fault", () => {
  const told = (atMs: number, digest: string): Timed => [
    atMs,
    {
      type: "discovered",
      group: "planner",
      agent: 0,
      server: "cloud",
      why: "refused",
      startedUs: atMs * 1000 - 1,
      count: 2,
      bytes: 100,
      digest,
    },
  ];
  const right = toolsWith().digest;

  test("and go by that when it is over are told of, and it is no matter of the server", async () => {
    const history = historyOf(begun, told(1500, "drifted"), refused(7, 2300), refused(8, 2700), listedAt(2900));
    const { verdict, findings } = await verdictOn(drift, history);
    expect(verdict).toBe("pass");
    expect(findings).toMatchObject([{ grade: "weakness", blames: "agents", witness: { ops: [opIdOf(7), opIdOf(8)] } }]);
    expect(findings[0]?.says).toBe(
      "2 calls of planner failed after the trouble was over: they go by a list of cloud from within it, and list no more",
    );
  });

  test("are not, once they have listed again, or while it is on, or where the list was right", async () => {
    for (const events of [
      [told(1500, "drifted"), told(2200, right), ...refused(7, 2300)],
      [told(1500, "drifted"), ...refused(7, 1600)],
      [told(1500, right), ...refused(7, 2300)],
      [told(500, "of another identity"), ...refused(7, 2300)],
      [told(500, "of another identity"), told(1500, "of another identity"), ...refused(7, 2300)],
    ]) {
      const history = historyOf(begun, events, listedAt(2900));
      expect(await verdictOn(drift, history)).toMatchObject({ verdict: "pass", findings: [] });
    }
  });
});

test("a server that was listed once only is unknown, with the reason", async () => {
  const failed = { failed: "connect ECONNREFUSED" };
  expect(await verdictOn(drift, historyOf(begun, listedAt(2900, undefined, failed)))).toMatchObject({
    verdict: "unknown",
    because: "the tools of cloud were listed only once: connect ECONNREFUSED",
  });
  expect(await verdictOn(drift, historyOf(runStarted(), frame()))).toMatchObject({ verdict: "unknown" });
});

test("where no step calls a tool it does not apply", () => {
  const steps = declared.steps.map((step) => ({ ...step, kind: "read" }));
  expect(drift.notApplicable(declared)).toBeUndefined();
  expect(drift.notApplicable({ ...declared, steps })).toBe("no step calls a tool");
});
