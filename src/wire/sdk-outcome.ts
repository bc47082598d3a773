/** What the SDK throws, told in our outcome classes as far as it lets its users see which it was. */
import { StreamableHTTPError } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ErrorCode, McpError } from "@modelcontextprotocol/sdk/types.js";
import { codeOf, messageOf } from "../errors.ts";
import type { OutcomeClass } from "../history/outcomes.ts";
import { OversizedError } from "./bounded-fetch.ts";
import { refusalClass } from "./lean-body.ts";
import { classOfError } from "./lean-http.ts";
import { isObject } from "./lean-rpc.ts";
import { answerOf, bare, saying, type Asked } from "./mcp-result.ts";
import type { Answer } from "./session.ts";

/** What is known of a call beside what was thrown. */
export interface Called extends Asked {
  readonly timeoutMs: number;
  /** Where progress begins the timeout anew: the most that it may come to. */
  readonly mostMs?: number | undefined;
  readonly elapsedMs: number;
  /** The transport has ended, and not because we closed it. */
  readonly ended: boolean;
  readonly inSession: boolean;
}

export function answerOfThrown(thrown: unknown, called: Called): Answer {
  const { words, ended } = called;
  if (thrown instanceof McpError) return answerOfMcpError(thrown, called);
  if (thrown instanceof StreamableHTTPError) return answerOfHttpError(thrown, called);
  if (thrown instanceof TypeError && thrown.message === "fetch failed") return bare(classOfFetch(thrown.cause));
  if (thrown instanceof TypeError && thrown.message === "terminated") {
    // Broken compression is thrown in the same words as a broken connection.
    return bare(codeOf(thrown)?.startsWith("Z_") === true ? "malformed-answer" : "truncated");
  }
  if (thrown instanceof OversizedError) return bare("oversized");
  if (ended && messageOf(thrown) === "Not connected") return bare("no-session");
  // The body was JSON, but no JSON-RPC, or no result of its method. Zod tells that in pages that say nothing of the answer.
  if (thrown instanceof Error && thrown.name.endsWith("ZodError")) return bare("malformed-answer");
  return { ...bare("malformed-answer"), ...saying(messageOf(thrown), words) };
}

/** The SDK's own timeout, not an error of the same code that a server sent. */
export function isTimeout(thrown: unknown): thrown is McpError {
  return thrown instanceof McpError && thrown.code === codes.timeout && timeoutIn(thrown) !== undefined;
}

/** What was thrown in the words of the far end, or of the system where it has none. */
export function wordsOfThrown(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const text = thrown.message.replace(/^(?:MCP error -?\d+|Streamable HTTP error): /, "");
  const because = thrown.cause instanceof Error ? thrown.cause.message || codeOf(thrown.cause) : undefined;
  const what = thrown instanceof StreamableHTTPError && isStatus(thrown.code) ? `HTTP ${thrown.code}: ${text}` : text;
  return because === undefined ? what : `${what} (${because})`;
}

// As plain numbers: servers send the same ones, and others.
const codes: Readonly<Record<"timeout" | "closed", number>> = {
  timeout: ErrorCode.RequestTimeout,
  closed: ErrorCode.ConnectionClosed,
};

function answerOfMcpError(thrown: McpError, called: Called): Answer {
  const { words, timeoutMs, mostMs, elapsedMs, ended } = called;
  // Timers fire a little early at times. Where it could be either, the one that believes less is told.
  const hasWaited = elapsedMs > timeoutMs / 2;
  if (isTimeout(thrown) && timeoutIn(thrown) === timeoutMs && hasWaited)
    return { ...bare("timeout"), onTimeout: "cancel" };
  // It looks for that only when progress comes, and says no word of it to the server.
  if (
    mostMs !== undefined &&
    thrown.code === codes.timeout &&
    isAtMost(thrown.data, mostMs) &&
    elapsedMs > mostMs / 2
  ) {
    return { ...bare("timeout"), onTimeout: "abandon" };
  }
  if (ended && thrown.code === codes.closed) return bare("closed");
  const message = wordsOfThrown(thrown);
  // Here the tool did answer, and may have acted: it is the client that does not take what it said.
  if (isClientsVerdict.test(message)) return { ...bare("malformed-answer"), ...saying(message, words) };
  return answerOf({ error: { code: thrown.code, message, data: thrown.data } }, called);
}

export const isClientsVerdict =
  /^(?:Structured content does not match the tool's output schema|Failed to validate structured content|Tool .+ has an output schema but did not return structured content)/;

function answerOfHttpError(thrown: StreamableHTTPError, { words, inSession }: Called): Answer {
  const text = thrown.message.replace(/^Streamable HTTP error: (?:Error POSTing to endpoint: )?/, "");
  if (isStatus(thrown.code)) {
    return { ...bare(refusalClass(thrown.code, inSession)), status: thrown.code, ...saying(text, words) };
  }
  return { ...bare("not-mcp"), ...saying(text, words) };
}

/** Where there is no status to tell, the SDK writes -1. */
function isStatus(code: number | undefined): code is number {
  return code !== undefined && code > 0;
}

const undiciClasses: Readonly<Record<string, OutcomeClass>> = {
  UND_ERR_CONNECT_TIMEOUT: "unreachable",
  UND_ERR_HEADERS_OVERFLOW: "oversized",
  // Node's fetch has a patience of its own: five minutes.
  UND_ERR_HEADERS_TIMEOUT: "timeout",
};

/** What Node's fetch names as the cause of its failure. */
function classOfFetch(cause: unknown): OutcomeClass {
  if (!(cause instanceof Error)) return "closed";
  if (cause.name === "HTTPParserError") return "malformed-answer";
  return undiciClasses[codeOf(cause) ?? ""] ?? classOfError(cause);
}

/** What the SDKs say of a call that progress has kept too long. */
export function isAtMost(data: unknown, mostMs: number | undefined): boolean {
  return isObject(data) && mostMs !== undefined && data["maxTotalTimeout"] === mostMs;
}

function timeoutIn({ data }: McpError): number | undefined {
  const timeout = isObject(data) ? data["timeout"] : undefined;
  return typeof timeout === "number" ? timeout : undefined;
}
