/**
 * The contract of every fault of the protocol plane, against servers that count how often they act: it bites, its mark
 * is seen at the tap, the callee acts as often as it says, what happened is told of both sides, and it heals.
 */
import { describe, expect, test, vi } from "vitest";
import type { Sign } from "../../src/faults/handles.ts";
import { faultKindNamed, faultKinds } from "../../src/faults/registry.ts";
import type { Exchange } from "../../src/history/events.ts";
import type { Meddled } from "../../src/history/meddled.ts";
import type { OutcomeClass } from "../../src/history/outcomes.ts";
import { callOf } from "../wire/fault-server.ts";
import { call, mcpTargets, type McpTargetKind } from "./mcp-targets.ts";

const waitFor = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 10_000, interval: 5 });

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
};

/** What checks are told of the answers that faults make. */
const holds: Readonly<Record<string, Meddled["made"]>> = {
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

async function contract(
  target: McpTargetKind,
  { kind, attributes, executes, sees, also = {} }: Case & { readonly kind: string; readonly sees: Sees },
): Promise<void> {
  await using running = await target.start();
  const { link } = running;
  const shown: Sign[] = [];
  const found = faultKindNamed(kind);
  if (found.on !== "link") throw new Error(`${kind} breaks no link`);
  const fault = found.prepare(attributes);
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
  const meddled = { delivered: executes, ...(made === undefined ? {} : { made }) };
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
  expect(Object.keys(cases).toSorted()).toEqual(kinds.map(({ kind }) => kind).toSorted());
  for (const { kind, executes, mayBelieve, ...rest } of kinds) {
    const of = cases[kind] ?? [];
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
    expect(mayBelieve, kind).toBeDefined();
  }
});
