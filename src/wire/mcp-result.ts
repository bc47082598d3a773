/** What the JSON-RPC answer to a tools/call means: its class, the server's words, and the shape of what it returned. */
import { outcomeClasses, type Outcome, type OutcomeClass } from "../history/outcomes.ts";
import { leavesOf, nothing, parsedJson, shapeOf, type Shape } from "../history/shape.ts";
import { isObject, type JsonObject, type RpcAnswer, type RpcError } from "./lean-rpc.ts";
import type { Answer } from "./session.ts";

/** Makes a server's words short enough and free of secrets; undefined where nothing is left. */
export type Words = (text: string) => string | undefined;

export function answerOf(answer: RpcAnswer, words: Words): Answer {
  if ("error" in answer) return errorAnswer(answer.error, words);
  const { result } = answer;
  const unfinished = unfinishedClass(result);
  if (unfinished !== undefined) return bare(unfinished);
  return result["isError"] === true
    ? toolErrorAnswer(result, words)
    : { class: "ok", outcome: "ok", answer: shapeOfResult(result), result };
}

/** Since 2026-07-28 a result says what it is; before it is always the last word. */
function unfinishedClass({ resultType }: JsonObject): OutcomeClass | undefined {
  switch (resultType) {
    case undefined:
    case "complete":
      return undefined;
    case "input_required":
      return "input-required";
    case "task":
      return "task-begun";
    default:
      return "malformed-answer";
  }
}

function errorAnswer({ code, message }: RpcError, words: Words): Answer {
  return { ...bare("rpc-error"), rpcCode: code, ...saying(message, words) };
}

function toolErrorAnswer(result: JsonObject, words: Words): Answer {
  const text = textsOf(result)[0];
  return {
    class: "tool-error",
    outcome: outcomeOfToolError(result["structuredContent"]),
    ...saying(text, words),
    ...(carriesData(result, text) ? { answer: shapeOfResult(result) } : {}),
  };
}

/** An answer of which no more is known than its class. */
export function bare(name: OutcomeClass): Pick<Answer, "class" | "outcome"> {
  return { class: name, outcome: outcomeClasses[name].outcome };
}

/** The `says` of an answer, or nothing where the server had no words. */
export function saying(text: string | undefined, words: Words): { readonly says?: string } {
  const says = text === undefined ? undefined : words(text);
  return says === undefined ? {} : { says };
}

const saysMax = 200;
// Shorter parts, such as the word Bearer, are no secrets, and would blot out the server's words.
const secretMin = 8;

export function createWords(secrets: readonly string[], mask: (text: string) => string = (text) => text): Words {
  // Servers like to quote what they refuse: "invalid token abc".
  const hidden = secrets
    .flatMap((secret) => [secret, ...secret.split(/\s+/)])
    .filter((secret) => secret.length >= secretMin)
    .sort((a, b) => b.length - a.length);
  return (text) => {
    const clean = hidden.reduce((rest, secret) => rest.replaceAll(secret, "***"), mask(text));
    // Control characters would break the one line, or the terminal that it is printed on.
    const line = clean.replace(/[\s\p{Cc}]+/gu, " ").trim();
    return line === "" ? undefined : line.slice(0, saysMax).toWellFormed();
  };
}

/** Structured content tells more than text, unless only the text holds something. */
export function shapeOfResult(result: JsonObject): Shape {
  const structured = result["structuredContent"];
  const content = contentOf(result);
  if (structured === undefined || structured === null) return shapeOfContent(content);
  const shape = shapeOf(structured);
  return shape.cut === true || leavesOf(shape).length > 0 || content.length === 0 ? shape : shapeOfContent(content);
}

function shapeOfContent(content: readonly unknown[]): Shape {
  if (content.length === 0) return nothing;
  if (content.length > 1) return shapeOf(content.map(valueOf));
  const [item] = content;
  const shape = shapeOf(valueOf(item));
  return isObject(item) && item["type"] === "text" ? shape : { ...shape, form: "other" };
}

/** What a content item holds, without what only names it: a kind and a media type are there even where nothing is. */
function valueOf(item: unknown): unknown {
  if (!isObject(item)) return item;
  switch (item["type"]) {
    case "text":
      return typeof item["text"] === "string" ? (parsedJson(item["text"]) ?? item["text"]) : item["text"];
    case "image":
    case "audio":
      return item["data"] ?? null;
    case "resource": {
      const { resource } = item;
      if (!isObject(resource)) return resource ?? null;
      const text = resource["text"];
      return typeof text === "string" ? (parsedJson(text) ?? text) : (resource["blob"] ?? null);
    }
    case "resource_link":
      return item["uri"] ?? null;
    default:
      return Object.fromEntries(Object.entries(item).filter(([name]) => name !== "type" && name !== "_meta"));
  }
}

function carriesData(result: JsonObject, text: string | undefined): boolean {
  const structured = result["structuredContent"];
  return (structured !== undefined && structured !== null) || (text !== undefined && parsedJson(text) !== undefined);
}

/** A tool that knows may say what became of its effect: `{ outcome }` or `{ error: { outcome } }`. */
function outcomeOfToolError(structured: unknown): Outcome {
  const mayHaveHappened =
    isObject(structured) && (saysItMayHaveHappened(structured) || saysItMayHaveHappened(structured["error"]));
  return mayHaveHappened ? "unknown" : outcomeClasses["tool-error"].outcome;
}

function saysItMayHaveHappened(value: unknown): boolean {
  return isObject(value) && (value["outcome"] === "unknown" || value["outcome"] === "committed");
}

function contentOf(result: JsonObject): readonly unknown[] {
  return Array.isArray(result["content"]) ? result["content"] : [];
}

function textsOf(result: JsonObject): readonly string[] {
  return contentOf(result).flatMap((item) =>
    isObject(item) && item["type"] === "text" && typeof item["text"] === "string" ? [item["text"]] : [],
  );
}
