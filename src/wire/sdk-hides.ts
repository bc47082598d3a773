/**
 * Faults of which users of the SDK see less than there was, or something else. A test plays each through both wires
 * and fails when a row is no longer true, or when one is missing; docs/wires.md shows the same rows.
 */
import type { OutcomeClass } from "../history/outcomes.ts";

export interface Hidden {
  readonly fault: string;
  /** What it is, as the lean wire sees it. */
  readonly lean: OutcomeClass;
  /** What the attempts of the SDK's wire are called. */
  readonly sdk: OutcomeClass;
  /** What `callTool` gives its user: the error with its code, or a result. */
  readonly sees: string;
}

const noAnswer = { sdk: "timeout", sees: "McpError -32001" } as const;
const anAnswer = { sdk: "ok", sees: "a result" } as const;
const strangeType = { sdk: "not-mcp", sees: "StreamableHTTPError -1" } as const;
const notJson = { sdk: "malformed-answer", sees: "SyntaxError" } as const;
const notItsSchema = { sdk: "malformed-answer", sees: "ZodError" } as const;

export const sdkHides: readonly Hidden[] = [
  // The answer was good, but the client does not take it.
  { fault: "a result whose content is no list", lean: "ok", ...notItsSchema },
  { fault: "a message with a part that JSON-RPC does not know", lean: "ok", ...notItsSchema },
  {
    fault: "a result that breaks the tool's own output schema",
    lean: "ok",
    sdk: "malformed-answer",
    sees: "McpError -32602",
  },
  {
    fault: "a result without the structured content that the tool's output schema asks for",
    lean: "ok",
    sdk: "malformed-answer",
    sees: "McpError -32600",
  },
  {
    fault: "isError with data that breaks the tool's own output schema",
    lean: "tool-error",
    sdk: "malformed-answer",
    sees: "McpError -32602",
  },
  // The answer was bad, and is taken all the same.
  { fault: "our id as a string", lean: "wrong-id", ...anAnswer },
  { fault: "a JSON answer over the limit", lean: "oversized", ...anAnswer },
  { fault: "events over the limit", lean: "oversized", ...anAnswer },
  {
    fault: "an event stream that ends early, and goes on for a client that asks where it stopped",
    lean: "stream-ended",
    ...anAnswer,
  },
  // There was an answer, or its end, and the client goes on waiting.
  { fault: "202", lean: "accepted-only", ...noAnswer },
  { fault: "another id in JSON", lean: "wrong-id", ...noAnswer },
  { fault: "another id in an event stream that then ends", lean: "wrong-id", ...noAnswer },
  { fault: "an empty batch", lean: "malformed-answer", ...noAnswer },
  { fault: "a notification for an answer", lean: "malformed-answer", ...noAnswer },
  { fault: "an error without an id", lean: "malformed-answer", ...noAnswer },
  { fault: "a null result in an event stream that stays open", lean: "malformed-answer", ...noAnswer },
  { fault: "garbage in an event stream that then ends", lean: "malformed-answer", ...noAnswer },
  { fault: "an event stream of nothing", lean: "stream-ended", ...noAnswer },
  { fault: "an event stream with an empty event, and one of another name, only", lean: "stream-ended", ...noAnswer },
  { fault: "an event stream of notifications only", lean: "stream-ended", ...noAnswer },
  { fault: "an event stream that ends inside the answer's event", lean: "stream-ended", ...noAnswer },
  { fault: "FIN inside an event stream", lean: "truncated", ...noAnswer },
  { fault: "RST inside an event stream", lean: "truncated", ...noAnswer },
  { fault: "an error whose body never ends", lean: "http-refusal", ...noAnswer },
  // The client tells that something is wrong, but not what.
  { fault: "an error without an id to blame", lean: "wrong-id", ...notItsSchema },
  { fault: "200 and no body as JSON", lean: "empty-answer", ...notJson },
  { fault: "200, no body and no type", lean: "empty-answer", ...strangeType },
  { fault: "204", lean: "empty-answer", ...strangeType },
  { fault: "FIN inside a web page", lean: "truncated", ...strangeType },
  { fault: "RST inside a JSON body that runs until the connection closes", lean: "truncated", ...notJson },
];
