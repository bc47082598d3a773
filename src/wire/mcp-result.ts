/** What a JSON-RPC answer means: its class, the server's words, and the shape of what it returned. */
import { outcomeClasses, type Outcome, type OutcomeClass } from "../history/outcomes.ts";
import { parsedJson } from "../history/shape.ts";
import { adviceIn } from "./advice.ts";
import { isObject, type JsonObject, type RpcAnswer, type RpcError } from "./lean-rpc.ts";
import { shapeOfResult, textsOf } from "./result-shape.ts";
import type { Answer } from "./session.ts";

/** Makes a server's words short enough and free of secrets; undefined where nothing is left. */
export type Words = (text: string) => string | undefined;

/** What an answer is judged by. */
export interface Asked {
  readonly method: string;
  readonly words: Words;
}

export function answerOf(answer: RpcAnswer, { method, words }: Asked): Answer {
  if ("error" in answer) return errorAnswer(answer.error, words);
  const { result } = answer;
  const unfinished = unfinishedClass(result);
  if (unfinished !== undefined) return { ...bare(unfinished), result };
  if (method === "tasks/get" || method === "tasks/cancel") return taskAnswer(result, words);
  // Only tools can say so; elsewhere the word would be the server's own.
  return (method === "tools/call" || method === "tasks/result") && result["isError"] === true
    ? toolErrorAnswer(result, words)
    : { class: "ok", outcome: "ok", answer: shapeOfResult(method, result), result };
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

/** Since 2026-07-28 a task that has ended holds what it came to; before, that is asked for by itself. */
function taskAnswer(task: JsonObject, words: Words): Answer {
  const { status, result, error } = task;
  switch (status) {
    case "completed":
      return isObject(result) ? answerOf({ result }, { method: "tools/call", words }) : { ...bare("ok"), result: task };
    case "failed":
      return isObject(error)
        ? {
            ...errorAnswer(
              { code: Number(error["code"]), message: String(error["message"]), data: error["data"] },
              words,
            ),
            result: task,
          }
        : { ...bare("ok"), result: task };
    case "cancelled":
      return { ...bare("task-cancelled"), result: task };
    case "working":
    case "input_required":
      return { ...bare("task-begun"), result: task };
    default:
      // What acknowledges a cancellation says nothing of the task.
      return { ...bare("ok"), result: task };
  }
}

function errorAnswer({ code, message, data }: RpcError, words: Words): Answer {
  return { ...bare("rpc-error"), rpcCode: code, ...saying(message, words), ...adviceIn(data, words) };
}

function toolErrorAnswer(result: JsonObject, words: Words): Answer {
  const text = textsOf(result)[0];
  const structured = result["structuredContent"];
  return {
    class: "tool-error",
    outcome: outcomeOfToolError(structured),
    ...saying(text, words),
    ...adviceIn(structured ?? (text === undefined ? undefined : parsedJson(text)), words),
    ...(carriesData(result, text) ? { answer: shapeOfResult("tools/call", result) } : {}),
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
