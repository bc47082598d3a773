import { describe, expect, test } from "vitest";
import { isEmpty, type Shape } from "../../src/history/shape.ts";
import { answerOf, createWords, shapeOfResult } from "../../src/wire/mcp-result.ts";

const words = createWords([]);
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
    expect(shapeOfResult(result)).toEqual(shape);
  });

  test("structured content too large to tell stands for itself", () => {
    const structuredContent = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`part-${n}`, []]));
    expect(shapeOfResult({ structuredContent, content: [textItem("one")] })).toMatchObject({ form: "json", cut: true });
  });

  test("an item that only names its kind is empty", () => {
    for (const item of [{ type: "image", mimeType: "image/png" }, { type: "resource" }, { type: "hologram" }]) {
      expect(isEmpty(shapeOfResult({ content: [item] }))).toBe(true);
    }
  });
});

describe("the class of an answer", () => {
  test("a result is ok, also an empty one", () => {
    expect(answerOf({ result: {} }, words)).toEqual({
      class: "ok",
      outcome: "ok",
      answer: { form: "none", filled: [], hollow: [] },
      result: {},
    });
  });

  test("a tool error says its first text, and keeps a shape only where it carries data", () => {
    expect(answerOf({ result: { isError: true, content: [textItem("no"), textItem("really")] } }, words)).toEqual({
      class: "tool-error",
      outcome: "failed",
      says: "no",
    });
    expect(answerOf({ result: { isError: true, content: [textItem('{"code":7}')] } }, words)).toEqual({
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
    expect(answerOf({ result: { isError: true, structuredContent } }, words)).toMatchObject({
      class: "tool-error",
      outcome,
    });
  });

  test("isError must be true itself", () => {
    expect(answerOf({ result: { isError: "yes" } }, words).class).toBe("ok");
  });

  test("a JSON-RPC error keeps its code and words", () => {
    expect(answerOf({ error: { code: -32602, message: "no such tool" } }, words)).toEqual({
      class: "rpc-error",
      outcome: "failed",
      rpcCode: -32602,
      says: "no such tool",
    });
  });
});
