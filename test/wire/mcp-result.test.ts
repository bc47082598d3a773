import { describe, expect, test } from "vitest";
import { isEmpty, type Shape } from "../../src/history/shape.ts";
import { answerOf, createWords } from "../../src/wire/mcp-result.ts";
import { shapeOfResult } from "../../src/wire/result-shape.ts";

const call = "tools/call";
const asked = { method: call, words: createWords([]) };
const textItem = (text: string) => ({ type: "text", text });

describe("the shape of a result", () => {
  const cases: readonly [string, Record<string, unknown>, Shape][] = [
    ["text that is JSON", { content: [textItem('{"a":[]}')] }, { form: "json", filled: ["$"], hollow: ["$.a"] }],
    ["plain text", { content: [textItem("fine")] }, { form: "text", filled: ["$"], hollow: [] }],
    ["text without words", { content: [textItem("  ")] }, { form: "text", filled: [], hollow: ["$"] }],
    [
      "many items",
      { content: [textItem('{"a":1}'), textItem("")] },
      { form: "json", filled: ["$", "$[]", "$[].a"], hollow: [] },
    ],
    [
      "structured content before text",
      { structuredContent: { a: 1 }, content: [textItem("one")] },
      { form: "json", filled: ["$", "$.a"], hollow: [] },
    ],
    [
      "text where structured content holds nothing",
      { structuredContent: { a: [] }, content: [textItem('{"b":2}')] },
      { form: "json", filled: ["$", "$.b"], hollow: [] },
    ],
    [
      "hollow structured content where there is nothing else",
      { structuredContent: { a: [] }, content: [] },
      { form: "json", filled: ["$"], hollow: ["$.a"] },
    ],
    ["no content", { content: [] }, { form: "none", filled: [], hollow: [] }],
    ["null for content", { content: null }, { form: "none", filled: [], hollow: [] }],
    ["nothing at all", {}, { form: "none", filled: [], hollow: [] }],
    [
      "an image",
      { content: [{ type: "image", data: "aGk=", mimeType: "image/png" }] },
      { form: "other", filled: ["$"], hollow: [] },
    ],
    [
      "an image without data",
      { content: [{ type: "image", data: "", mimeType: "image/png" }] },
      { form: "other", filled: [], hollow: ["$"] },
    ],
    [
      "an embedded resource",
      { content: [{ type: "resource", resource: { uri: "x:1", text: '{"a":[]}' } }] },
      { form: "other", filled: ["$"], hollow: ["$.a"] },
    ],
    [
      "a link",
      { content: [{ type: "resource_link", uri: "x:1", name: "x" }] },
      { form: "other", filled: ["$"], hollow: [] },
    ],
    [
      "a kind of item that is not known",
      { content: [{ type: "hologram", light: "" }] },
      { form: "other", filled: ["$"], hollow: ["$.light"] },
    ],
  ];
  test.for(cases)("%s", ([, result, shape]) => {
    expect(shapeOfResult(call, result)).toEqual(shape);
  });

  test("structured content too large to tell stands for itself", () => {
    const structuredContent = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`part-${n}`, []]));
    expect(shapeOfResult(call, { structuredContent, content: [textItem("one")] })).toMatchObject({
      form: "json",
      cut: true,
    });
  });

  test("an item that only names its kind is empty", () => {
    for (const item of [{ type: "image", mimeType: "image/png" }, { type: "resource" }, { type: "hologram" }]) {
      expect(isEmpty(shapeOfResult(call, { content: [item] }))).toBe(true);
    }
  });
});

describe("the class of an answer", () => {
  test("a result is ok, also an empty one", () => {
    expect(answerOf({ result: {} }, asked)).toEqual({
      class: "ok",
      outcome: "ok",
      answer: { form: "none", filled: [], hollow: [] },
      result: {},
    });
  });

  test("a tool error says its first text, and keeps a shape only where it carries data", () => {
    expect(answerOf({ result: { isError: true, content: [textItem("no"), textItem("really")] } }, asked)).toEqual({
      class: "tool-error",
      outcome: "failed",
      says: "no",
    });
    expect(answerOf({ result: { isError: true, content: [textItem('{"code":7}')] } }, asked)).toEqual({
      class: "tool-error",
      outcome: "failed",
      says: '{"code":7}',
      answer: { form: "json", filled: ["$", "$.code"], hollow: [] },
    });
  });

  test.for([
    [{ outcome: "unknown" }, "unknown"],
    [{ outcome: "committed" }, "unknown"],
    [{ error: { outcome: "unknown" } }, "unknown"],
    [{ error: { outcome: "committed" } }, "unknown"],
    [{ outcome: "committed", error: { outcome: "none" } }, "unknown"],
    [{ outcome: "none" }, "failed"],
    [{ error: { outcome: "none" } }, "failed"],
    [{ outcome: "who knows" }, "failed"],
    ["unknown", "failed"],
  ] as const)("a tool error with %j is %s", ([structuredContent, outcome]) => {
    expect(answerOf({ result: { isError: true, structuredContent } }, asked)).toMatchObject({
      class: "tool-error",
      outcome,
    });
  });

  test("isError must be true itself", () => {
    expect(answerOf({ result: { isError: "yes" } }, asked).class).toBe("ok");
  });

  test("a JSON-RPC error keeps its code and words", () => {
    expect(answerOf({ error: { code: -32602, message: "no such tool" } }, asked)).toEqual({
      class: "rpc-error",
      outcome: "failed",
      rpcCode: -32602,
      says: "no such tool",
    });
  });
});

describe("the shape of what other methods return", () => {
  const cases: readonly [string, string, Record<string, unknown>, Shape][] = [
    [
      "a resource that is JSON",
      "resources/read",
      { contents: [{ uri: "x:1", mimeType: "application/json", text: '{"a":[]}' }] },
      { form: "json", filled: ["$"], hollow: ["$.a"] },
    ],
    [
      "a resource of bytes",
      "resources/read",
      { contents: [{ uri: "x:1", blob: "aGk=" }] },
      { form: "other", filled: ["$"], hollow: [] },
    ],
    [
      "a resource without bytes",
      "resources/read",
      { contents: [{ uri: "x:1", blob: "" }] },
      { form: "other", filled: [], hollow: ["$"] },
    ],
    [
      "a resource without words",
      "resources/read",
      { contents: [{ uri: "x:1", text: "" }] },
      { form: "text", filled: [], hollow: ["$"] },
    ],
    ["no resource", "resources/read", { contents: [] }, { form: "none", filled: [], hollow: [] }],
    [
      "a prompt",
      "prompts/get",
      { description: "greets", messages: [{ role: "user", content: textItem("hello") }] },
      { form: "text", filled: ["$"], hollow: [] },
    ],
    ["a prompt of nothing", "prompts/get", { messages: [] }, { form: "none", filled: [], hollow: [] }],
    [
      "a list of tools",
      "tools/list",
      { tools: [{ name: "Find", inputSchema: { type: "object" } }], nextCursor: "2" },
      { form: "json", filled: ["$", "$[]"], hollow: [] },
    ],
    [
      "a list of no templates",
      "resources/templates/list",
      { resourceTemplates: [] },
      { form: "json", filled: [], hollow: ["$"] },
    ],
    ["a method we do not know", "x/y", { a: "", _meta: { b: 1 } }, { form: "json", filled: ["$"], hollow: ["$.a"] }],
  ];
  test.for(cases)("%s", ([, method, result, shape]) => expect(shapeOfResult(method, result)).toEqual(shape));

  test("is empty where nothing was read, and isError says nothing there", () => {
    const answer = answerOf({ result: { isError: true, contents: [] } }, { ...asked, method: "resources/read" });
    expect(answer).toMatchObject({ class: "ok", outcome: "ok" });
    expect(isEmpty(answer.answer ?? shapeOfResult(call, {}))).toBe(true);
  });
});

describe("what an error says in fields of trying again", () => {
  test.each([
    [{ retryable: true, retry_after_ms: 50, suggested_action: "retry-later" }],
    [{ error: { retryable: true, retryAfterMs: 50, suggestedAction: "retry-later" } }],
    [{ retryable: true, retry_after_ms: 50, suggested_actions: ["retry-later", "escalate"] }],
  ])("is read from %j", (fields) => {
    const advice = { retryable: true, retryAfterMs: 50, suggestedAction: "retry-later" };
    const inText = { isError: true, content: [{ type: "text", text: JSON.stringify(fields) }] };
    expect(answerOf({ result: { isError: true, structuredContent: fields } }, asked)).toMatchObject(advice);
    expect(answerOf({ result: inText }, asked)).toMatchObject(advice);
    expect(answerOf({ error: { code: -32000, message: "no", data: fields } }, asked)).toMatchObject(advice);
  });

  test("is nothing where it is none, and holds no secret", () => {
    const odd = { retryable: "yes", retry_after_ms: -1, suggested_action: { do: "it" } };
    const answer = answerOf({ error: { code: -32000, message: "no", data: odd } }, asked);
    expect(Object.keys(answer).filter((name) => /retry|suggested/.test(name))).toEqual([]);
    const secret = answerOf(
      { error: { code: 1, message: "no", data: { suggested_action: "use token-1234567" } } },
      { ...asked, words: createWords(["token-1234567"]) },
    );
    expect(secret.suggestedAction).toBe("use ***");
  });
});
