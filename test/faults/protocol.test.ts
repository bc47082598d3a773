/**
 * The contract of every fault of the protocol plane, against servers that count how often they act: it bites, its mark
 * is seen at the tap, the callee acts as often as it says, what happened is told of both sides, and it heals.
 */
import { describe, expect, test } from "vitest";
import type { LinkHandle, Sign } from "../../src/faults/handles.ts";
import type { LinkFaultKind } from "../../src/faults/kinds.ts";
import { faultKindNamed, faultKinds } from "../../src/faults/registry.ts";
import type { Exchange } from "../../src/history/events.ts";
import type { Meddled } from "../../src/history/meddled.ts";
import type { OutcomeClass } from "../../src/history/outcomes.ts";
import { callOf } from "../wire/fault-server.ts";
import { call, mcpTargets, type McpTargetKind } from "./mcp-targets.ts";
import { waitFor } from "../waiting.ts";

interface Sees {
  readonly class: OutcomeClass;
  readonly ended: Exchange["ended"];
}

interface Case {
  readonly attributes: object;
  /** What its caller sees; over the other wire it cannot be where one is absent. */
  readonly http?: Sees;
  readonly stdio?: Sees;
  readonly executes: 0 | 1 | 2;
  readonly also?: object;
}

const to = (seen: OutcomeClass, ended: Exchange["ended"] = "answered"): Sees => ({ class: seen, ended });
const both = (seen: OutcomeClass, ended?: Exchange["ended"]): Pick<Case, "http" | "stdio"> => ({
  http: to(seen, ended),
  stdio: to(seen, ended),
});
const hang = { instead: "hang" };

const cases: Readonly<Record<string, readonly Case[]>> = {
  "lost-answer": [
    { attributes: {}, http: to("closed", "eaten"), executes: 1 },
    { attributes: { instead: "reset" }, http: to("reset", "eaten"), executes: 1 },
    { attributes: hang, ...both("timeout", "eaten"), executes: 1 },
  ],
  "lost-request": [
    { attributes: {}, http: to("closed", "lost"), executes: 0 },
    { attributes: { instead: "reset" }, http: to("reset", "lost"), executes: 0 },
    { attributes: hang, ...both("timeout", "lost"), executes: 0 },
  ],
  delay: [
    { attributes: { delay: "60ms" }, ...both("ok"), executes: 1 },
    { attributes: { delay: "60ms", jitter: "10ms", direction: "upstream" }, ...both("ok"), executes: 1 },
    // Healing lets it go on, though its caller has gone.
    { attributes: { delay: "10s" }, ...both("timeout"), executes: 1 },
    { attributes: { delay: "10s", direction: "upstream" }, ...both("timeout"), executes: 1 },
  ],
  "duplicate-delivery": [{ attributes: {}, ...both("ok"), executes: 2 }],
  "empty-result": [
    { attributes: {}, ...both("ok"), executes: 1, also: { answer: { filled: [] } } },
    { attributes: { form: "structured" }, ...both("ok"), executes: 1 },
    { attributes: { form: "object" }, ...both("ok"), executes: 1 },
    { attributes: { form: "null" }, ...both("malformed-answer"), executes: 1 },
    { attributes: { acts: false }, ...both("ok"), executes: 0 },
  ],
  "http-status": [
    { attributes: { status: 401 }, http: to("http-refusal"), executes: 0, also: { status: 401 } },
    { attributes: { status: 403 }, http: to("http-refusal"), executes: 0, also: { status: 403 } },
    { attributes: { status: 404 }, http: to("session-lost"), executes: 0, also: { status: 404 } },
    {
      attributes: { status: 429, retryAfter: "2s" },
      http: to("http-refusal"),
      executes: 0,
      also: { status: 429, retryAfterMs: 2000 },
    },
    {
      attributes: { status: 503, retryAfter: "1500ms" },
      http: to("http-refusal"),
      executes: 0,
      also: { retryAfterMs: 2000 },
    },
    { attributes: { status: 500 }, http: to("http-refusal"), executes: 0 },
    { attributes: { status: 500, acts: true }, http: to("http-refusal"), executes: 1 },
    { attributes: { status: 502, acts: true }, http: to("http-gateway"), executes: 1 },
  ],
  "rpc-error": [
    { attributes: {}, ...both("rpc-error"), executes: 0, also: { rpcCode: -32603, says: "Internal error" } },
    {
      attributes: { code: -32602, message: "no", acts: true },
      ...both("rpc-error"),
      executes: 1,
      also: { says: "no" },
    },
  ],
  "tool-error": [
    ...["invalid-params", "not-found", "rate-limited", "permission-denied", "unavailable", "internal"].map(
      (named): Case => ({
        attributes: { class: named, retryAfter: "1s" },
        ...both("tool-error"),
        executes: 0,
        also: { says: expect.stringContaining(`"category":"${named}"`) },
      }),
    ),
    { attributes: { acts: true, suggestedAction: "ask a person" }, ...both("tool-error"), executes: 1 },
  ],
  "malformed-answer": [
    { attributes: {}, http: to("malformed-answer"), executes: 1 },
    // Over stdio a line that cannot be read is garbage beside the answer, which never comes.
    { attributes: {}, stdio: to("timeout"), executes: 1 },
    { attributes: { form: "truncated" }, http: to("malformed-answer"), executes: 1 },
    { attributes: { form: "truncated" }, stdio: to("timeout"), executes: 1 },
    { attributes: { form: "html" }, http: to("not-mcp"), executes: 1 },
    { attributes: { form: "html" }, stdio: to("timeout"), executes: 1 },
    { attributes: { form: "wrong-id" }, http: to("wrong-id"), executes: 1 },
    { attributes: { form: "wrong-id", acts: false }, stdio: to("wrong-id"), executes: 0 },
    { attributes: { form: "wrong-content-type" }, http: to("not-mcp"), executes: 1 },
    { attributes: { form: "accepted-202" }, http: to("accepted-only"), executes: 1 },
    { attributes: { form: "no-body" }, http: to("empty-answer"), executes: 1 },
    { attributes: { form: "truncated", acts: false }, http: to("malformed-answer"), executes: 0 },
  ],
  "sse-cut": [
    { attributes: { where: "before" }, http: to("truncated", "eaten"), executes: 1 },
    { attributes: {}, http: to("truncated", "eaten"), executes: 1 },
    { attributes: { where: "after" }, http: to("ok"), executes: 1 },
  ],
  "sse-endless": [
    { attributes: {}, http: to("timeout", "eaten"), executes: 1 },
    { attributes: { answered: true }, http: to("ok"), executes: 1 },
  ],
  "oversized-answer": [
    { attributes: {}, ...both("oversized"), executes: 1 },
    { attributes: { size: "1MB", acts: false }, ...both("ok"), executes: 0 },
  ],
  "stdio-noise": [
    { attributes: { lines: 3 }, stdio: to("ok"), executes: 1 },
    { attributes: { lines: 2, glued: true }, stdio: to("timeout"), executes: 1 },
  ],
  "stdout-closed": [
    { attributes: {}, stdio: to("closed", "eaten"), executes: 1 },
    { attributes: { acts: false }, stdio: to("closed", "lost"), executes: 0 },
  ],
};

/** What checks are told of the answers that faults make. */
const holds: Readonly<Record<string, Meddled["made"] | "some">> = {
  "sse-cut": "some",
  "stdio-noise": "some",
  "sse-endless": "some",
  "oversized-answer": "garbage",
  "empty-result": "nothing",
  "http-status": "error",
  "rpc-error": "error",
  "tool-error": "error",
  "malformed-answer": "garbage",
};

describe.each(mcpTargets)("$name", (target) => {
  const here = Object.entries(cases).flatMap(([kind, of]) =>
    of.flatMap((one) => {
      const sees = one[target.wire];
      return sees === undefined ? [] : [{ kind, ...one, sees }];
    }),
  );

  test.concurrent.each(here)("$kind $attributes: $sees.class, acts $executes times", async (expected) => {
    await contract(target, expected);
  });
});

function linkKindNamed(name: string): LinkFaultKind {
  const kind = faultKindNamed(name);
  if (kind.on !== "link") throw new Error(`${name} breaks no link`);
  return kind;
}

async function contract(
  target: McpTargetKind,
  { kind, attributes, executes, sees, also = {} }: Case & { readonly kind: string; readonly sees: Sees },
): Promise<void> {
  await using running = await target.start();
  const { link } = running;
  const shown: Sign[] = [];
  const fault = linkKindNamed(kind).prepare(attributes);
  link.onSign((sign) => {
    if (fault.showsIn(sign)) shown.push(sign);
  });
  let session = await running.open();
  // Over a pipe a cancellation would overtake a request that is held.
  const onTimeout = target.wire === "http" ? "close" : "abandon";
  const asking = (timeoutMs = 10_000) => session.call(callOf({ tool: call.tool, timeoutMs, onTimeout }));
  for (let calm = 0; calm < 2; calm += 1) expect((await asking()).class).toBe("ok");
  expect(shown).toEqual([]);
  const before = running.executed();

  const cure = await fault.inject(link);
  // One that is held for very long must be given up soon; else a slow machine shall make no timeout.
  expect(await asking(sees.class === "timeout" ? 250 : 10_000)).toMatchObject({ class: sees.class, ...also });
  await cure.heal();
  await waitFor(() => expect(running.executed() - before).toBe(executes));
  expect(shown.length, "its mark at the tap").toBe(1);
  await waitFor(() => expect(running.exchanges()).toHaveLength(3));
  const made = holds[kind];
  const meddled = { delivered: executes, ...(made === undefined || made === "some" ? {} : { made }) };
  expect(running.exchanges()[2]).toMatchObject({ ended: sees.ended, meddled });
  expect(made === undefined).toBe(running.exchanges()[2]?.meddled?.made === undefined);

  if (session.lost) session = await running.open();
  for (let healed = 0; healed < 3; healed += 1) expect((await asking()).class).toBe("ok");
  expect(shown, "nothing shows once it is healed").toHaveLength(1);
  expect(running.executed() - before).toBe(executes + 3);
  const calls = running.exchanges();
  expect(calls.map(({ ended }) => ended)).toEqual([...calls.keys()].map((at) => (at === 2 ? sees.ended : "answered")));
  await session.close();
}

test("every fault of the protocol plane is tried, on every wire that it can be on, and says what it does", () => {
  const kinds = faultKinds.filter(({ plane }) => plane === "protocol");
  const tried = [...Object.keys(cases), "schema-drift", "reordered-answers", "crossed-answers"].toSorted();
  expect(tried).toEqual(kinds.map(({ kind }) => kind).toSorted());
  for (const { kind, executes, mayBelieve, ...rest } of kinds) {
    expect(mayBelieve, kind).toBeDefined();
    const of = cases[kind];
    if (of === undefined) continue;
    const wire = "only" in rest ? rest.only?.wire : undefined;
    expect(
      of.some(({ http }) => http !== undefined),
      kind,
    ).toBe(wire !== "stdio");
    expect(
      of.some(({ stdio }) => stdio !== undefined),
      kind,
    ).toBe(wire !== "http");
    expect(new Set(of.map((one) => one.executes)), kind).toEqual(new Set(executes));
  }
});

describe.each(mcpTargets)("schema-drift on $name", (target) => {
  test.each([
    ["tool-removed", []],
    ["tool-renamed", [`${call.tool}_v2`]],
    ["parameter-required", [call.tool]],
    ["parameter-renamed", [call.tool]],
    ["type-changed", [call.tool]],
    ["description-changed", [call.tool]],
  ])("%s: it lists %s, and calls go on as before", async (change, names) => {
    await using running = await target.start();
    const session = await running.open();
    const listed = async (): Promise<string[]> => (await session.listTools(10_000)).map(({ name }) => name);
    const fault = linkKindNamed("schema-drift").prepare({ change });
    let shown = 0;
    running.link.onSign((sign) => (shown += fault.showsIn(sign) ? 1 : 0));
    expect(await listed()).toEqual([call.tool]);
    const cure = await fault.inject(running.link);
    expect(await listed()).toEqual(names);
    expect((await session.call(callOf({ tool: call.tool }))).class).toBe("ok");
    await cure.heal();
    expect(await listed()).toEqual([call.tool]);
    expect(shown).toBe(1);
    await session.close();
  });
});

test.each([
  [
    "tool-renamed",
    {
      name: "Pay_v2",
      description: "Pays.",
      inputSchema: { type: "object", properties: { sum: { type: "number" } }, required: ["sum"] },
    },
  ],
  [
    "description-changed",
    {
      name: "Pay",
      description: "Does something else now.",
      inputSchema: { type: "object", properties: { sum: { type: "number" } }, required: ["sum"] },
    },
  ],
  [
    "parameter-renamed",
    {
      name: "Pay",
      description: "Pays.",
      inputSchema: { type: "object", properties: { sum_v2: { type: "number" } }, required: ["sum_v2"] },
    },
  ],
  [
    "parameter-required",
    {
      name: "Pay",
      description: "Pays.",
      inputSchema: {
        type: "object",
        properties: { sum: { type: "number" }, tenant: { type: "string" } },
        required: ["sum", "tenant"],
      },
    },
  ],
  [
    "type-changed",
    {
      name: "Pay",
      description: "Pays.",
      inputSchema: { type: "object", properties: { sum: { type: "string" } }, required: ["sum"] },
    },
  ],
])("schema-drift %s changes that of one tool and nothing else", async (change, drifted) => {
  const inputSchema = { type: "object", properties: { sum: { type: "number" } }, required: ["sum"] };
  const [other, pay] = [{ name: "Other" }, { name: "Pay", description: "Pays.", inputSchema }];
  const text = JSON.stringify({ jsonrpc: "2.0", id: 1, result: { tools: [other, pay], nextCursor: "2" } });
  let made: string | undefined;
  const link: Pick<LinkHandle, "meddle"> = {
    meddle: ({ deed }) => {
      if (deed.does === "replace-answer") made = deed.make({ method: "POST", path: "/mcp" }, { text }).body;
      return { heal: () => Promise.resolve() };
    },
  };
  const fault = linkKindNamed("schema-drift").prepare({ change, of: "Pay" });
  await fault.inject(link as LinkHandle);
  expect(JSON.parse(made ?? "")).toEqual({
    jsonrpc: "2.0",
    id: 1,
    result: { tools: [other, drifted], nextCursor: "2" },
  });
});

describe.each(mcpTargets)("two answers that meet, on $name", (target) => {
  test.each([
    { kind: "reordered-answers", own: true, order: ["b", "a"] },
    { kind: "crossed-answers", own: false, order: ["b", "a"] },
  ])("$kind: whoever asks gets its own: $own", async ({ kind, own, order }) => {
    await using running = await target.start();
    // Over stdio it is one pipe on which they overtake; over HTTP each has a connection of its own.
    const session = await running.open();
    const fault = linkKindNamed(kind).prepare({ count: 2, wait: "10s" });
    let shown = 0;
    running.link.onSign((sign) => (shown += fault.showsIn(sign) ? 1 : 0));
    const came: string[] = [];
    const asking = async (name: string): Promise<unknown> => {
      const { result } = await session.call(callOf({ tool: call.tool, args: { name } }));
      came.push(name);
      return result;
    };
    const cure = await fault.inject(running.link);
    const first = asking("a");
    await waitFor(() => expect(running.executed()).toBe(1));
    // It waits for the other one.
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(came).toEqual([]);
    const [a, b] = await Promise.all([first, asking("b")]);
    expect([JSON.stringify(a).includes('"a'), JSON.stringify(b).includes('"b')]).toEqual([own, own]);
    expect([JSON.stringify(a).includes('"b'), JSON.stringify(b).includes('"a')]).toEqual([!own, !own]);
    if (target.wire === "stdio") expect(came).toEqual(order);
    expect(shown).toBe(2);
    expect(running.executed()).toBe(2);
    await cure.heal();
    expect(JSON.stringify(await asking("c"))).toContain('"c');
    expect(running.exchanges().map(({ ended }) => ended)).toEqual(["answered", "answered", "answered"]);
    await session.close();
  });

  test("one that meets no other goes on alone, in time or once healed, and proves nothing", async () => {
    await using running = await target.start();
    const session = await running.open();
    let shown = 0;
    for (const wait of ["30ms", "1m"]) {
      const fault = linkKindNamed("crossed-answers").prepare({ wait });
      running.link.onSign((sign) => (shown += fault.showsIn(sign) ? 1 : 0));
      const cure = await fault.inject(running.link);
      const before = running.executed();
      const asking = session.call(callOf({ tool: call.tool }));
      await waitFor(() => expect(running.executed()).toBe(before + 1));
      if (wait === "1m") await cure.heal();
      expect((await asking).class).toBe("ok");
      await cure.heal();
    }
    expect(shown).toBe(0);
    await session.close();
  });
});
