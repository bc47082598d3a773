import { describe, expect, test } from "vitest";
import { listingOf } from "../../src/steps/listing.ts";
import { stepKindNamed, stepKindsIn } from "../../src/steps/registry.ts";
import { pagesMax } from "../../src/wire/requests.ts";
import type { Answer } from "../../src/wire/session.ts";
import { askedWith, saying } from "./asked.ts";

const ok = (result: Readonly<Record<string, unknown>>): Answer => ({ class: "ok", outcome: "ok", bytes: 10, result });

/** A session that answers with these in turn, the last one again and again. */
async function listed(answers: readonly Answer[], tool = "tools/list") {
  const { session, calls } = saying(answers);
  // Each look at the clock is a tenth of a second later.
  let nowUs = 0;
  const { asked } = askedWith({ tool, nowUs: () => (nowUs += 100_000) });
  const came = await stepKindNamed("list").ask(session, asked);
  return { came, calls };
}

describe("a list step", () => {
  test("follows cursors and answers with all pages as one, within one patience", async () => {
    const { came, calls } = await listed([
      ok({ tools: [{ name: "A" }], nextCursor: "2" }),
      ok({ tools: [{ name: "B" }], nextCursor: "" }),
      ok({ tools: [{ name: "C" }] }),
    ]);
    expect(calls.map(({ method, params }) => [method, params])).toEqual([
      ["tools/list", {}],
      ["tools/list", { cursor: "2" }],
      ["tools/list", { cursor: "" }],
    ]);
    expect(calls.map(({ timeoutMs }) => timeoutMs)).toEqual([900, 800, 700]);
    expect(came).toMatchObject({
      class: "ok",
      bytes: 30,
      result: { tools: [{ name: "A" }, { name: "B" }, { name: "C" }] },
      answer: { filled: ["$", "$[]"] },
      listing: { count: 3, entries: [{ name: "A" }, { name: "B" }, { name: "C" }] },
    });
  });

  test("is what its last page came to where one is refused", async () => {
    const refused: Answer = { class: "rpc-error", outcome: "failed", rpcCode: -32602 };
    const { came } = await listed([ok({ tools: [{ name: "A" }], nextCursor: "2" }), refused]);
    expect(came).toEqual(refused);
  });

  test("gives up on pages without end", async () => {
    const { came, calls } = await listed([ok({ resourceTemplates: [], nextCursor: "x" })], "resources/templates/list");
    expect(calls).toHaveLength(pagesMax);
    expect(came).toMatchObject({ class: "malformed-answer", says: "more than 64 pages" });
  });
});

describe("digests of a list", () => {
  const tool = { name: "A", description: "a", inputSchema: { type: "object", properties: { x: { type: "string" } } } };

  test("do not depend on the order of keys, nor on what _meta says", () => {
    const { name, description, inputSchema } = tool;
    const other = { inputSchema: { properties: inputSchema.properties, type: "object" }, description, name };
    expect(listingOf([{ ...other, _meta: { at: 1 } }])).toEqual(listingOf([tool]));
  });

  test("tell which part of which entry has changed", () => {
    const changed = { ...tool, inputSchema: { type: "object", properties: {} } };
    const [before, after] = [listingOf([tool]), listingOf([changed])];
    expect(after.digest).not.toBe(before.digest);
    expect(after.entries[0]?.parts["description"]).toBe(before.entries[0]?.parts["description"]);
    expect(after.entries[0]?.parts["inputSchema"]).not.toBe(before.entries[0]?.parts["inputSchema"]);
  });

  test("neither deep nor endless lists break it, and the whole tells of what is left out", () => {
    let deep: unknown = 1;
    for (let n = 0; n < 100_000; n += 1) deep = [deep];
    expect(listingOf([{ name: "A", inputSchema: deep }, 7]).entries).toHaveLength(2);
    const many = Array.from({ length: 1001 }, (_, n) => ({ name: `t${n}` }));
    expect(listingOf(many)).toMatchObject({ count: 1001, entries: { length: 1000 } });
    expect(listingOf(many).digest).not.toBe(listingOf(many.slice(0, 1000)).digest);
  });
});

test("a step is of the kinds whose keys it has", () => {
  expect(stepKindsIn({ call: "a.B", args: {} }).map(({ key }) => key)).toEqual(["call"]);
  expect(stepKindsIn({ read: "a", uri: "x:1", list: "b" }).map(({ key }) => key)).toEqual(["read", "list"]);
  expect(stepKindsIn({})).toEqual([]);
});
