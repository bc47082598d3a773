/** What the SDK's second version throws, told in our outcome classes as far as it lets its users see which it was. */
import { ProtocolError, SdkError, SdkErrorCode, SdkHttpError } from "@modelcontextprotocol/client";
import type { OutcomeClass } from "../history/outcomes.ts";
import { refusalClass } from "./lean-body.ts";
import { answerOf, bare, saying } from "./mcp-result.ts";
import { answerOfThrown, isAtMost, isClientsVerdict, type Called } from "./sdk-outcome.ts";
import type { Answer } from "./session.ts";

export function answerOfThrown2(thrown: unknown, called: Called): Answer {
  const { words, mostMs } = called;
  if (thrown instanceof SdkHttpError) {
    const { status, data } = thrown;
    return { ...bare(refusalClass(status, false)), status, ...saying(textIn(data) ?? thrown.message, words) };
  }
  if (thrown instanceof SdkError) {
    // An answer came, but its connection may have ended before it, or because of it.
    if (isTimeout2(thrown)) {
      return { ...bare("timeout"), onTimeout: isAtMost(thrown.data, mostMs) ? "abandon" : "cancel" };
    }
    return { ...bare(classes[thrown.code] ?? "malformed-answer"), ...saying(thrown.message, words) };
  }
  if (thrown instanceof ProtocolError) {
    const { code, message } = thrown;
    // Here the tool did answer, and may have acted: it is the client that does not take what it said.
    if (isClientsVerdict.test(message)) return { ...bare("malformed-answer"), ...saying(message, words) };
    return answerOf({ error: { code, message } }, called);
  }
  return answerOfThrown(thrown, called);
}

export function isTimeout2(thrown: unknown): boolean {
  return thrown instanceof SdkError && thrown.code === SdkErrorCode.RequestTimeout;
}

export function statusOf2(thrown: unknown): number | undefined {
  return thrown instanceof SdkHttpError ? thrown.status : undefined;
}

const classes: Readonly<Partial<Record<SdkErrorCode, OutcomeClass>>> = {
  [SdkErrorCode.NotConnected]: "no-session",
  [SdkErrorCode.ConnectionClosed]: "closed",
  [SdkErrorCode.SendFailed]: "closed",
  [SdkErrorCode.UnsupportedResultType]: "task-begun",
  [SdkErrorCode.CapabilityNotSupported]: "input-required",
  [SdkErrorCode.InputRequiredRoundsExceeded]: "input-required",
  [SdkErrorCode.ClientHttpUnexpectedContent]: "not-mcp",
};

function textIn(data: unknown): string | undefined {
  const text = typeof data === "object" && data !== null && "text" in data ? data.text : undefined;
  return typeof text === "string" && text !== "" ? text : undefined;
}
