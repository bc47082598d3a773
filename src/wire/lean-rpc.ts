/** JSON-RPC: what we send as text, and what one message of a server means to whoever waits for the answer to one id. */
import type { Framing } from "./lean-framing.ts";
import type { CallRequest } from "./session.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

export type RpcAnswer = { readonly result: JsonObject } | { readonly error: RpcError };

/** A request of the server's own, such as a ping. */
export interface ServerRequest {
  readonly id: string | number;
  readonly method: string;
  readonly params?: JsonObject;
}

/** What a server says without wanting an answer. */
export interface Notification {
  readonly method: string;
  readonly params?: JsonObject;
}

export type RpcMessage =
  | { readonly is: "answer"; readonly answer: RpcAnswer }
  | { readonly is: "wrong-id"; readonly error?: RpcError }
  | { readonly is: "request"; readonly request: ServerRequest }
  | { readonly is: "notification"; readonly notification: Notification }
  /** `ours`: it carries our id all the same, so no better answer will come. */
  | { readonly is: "malformed"; readonly ours: boolean };

/** A request or, without an id, a notification. */
export interface Message {
  readonly method: string;
  readonly params?: unknown;
  readonly id?: number;
}

export function textOf(message: object): string {
  return JSON.stringify({ jsonrpc: "2.0", ...message });
}

/** The same text for a request of an agent, of which there are many: its outside is put together, not gone through. */
export function callText(
  id: number,
  { method, params, meta }: Pick<CallRequest, "method" | "params" | "meta">,
  framing: Framing,
): string {
  const framed = framing.meta === undefined ? meta : { ...meta, ...framing.meta };
  return (
    `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)},` +
    `"params":${JSON.stringify({ ...params, _meta: framed })}}`
  );
}

export function readMessage(value: unknown, id: number | undefined): RpcMessage {
  if (!isObject(value)) return { is: "malformed", ours: false };
  const malformed: RpcMessage = { is: "malformed", ours: value["id"] === id && id !== undefined };
  if (value["jsonrpc"] !== "2.0") return malformed;

  const { id: from, method, params } = value;
  if (typeof method === "string") {
    const said = { method, ...(isObject(params) ? { params } : {}) };
    if (from === undefined) return { is: "notification", notification: said };
    return typeof from === "string" || typeof from === "number"
      ? { is: "request", request: { id: from, ...said } }
      : malformed;
  }

  const { result, error } = value;
  if ((result === undefined) === (error === undefined) || value["id"] === undefined) return malformed;
  const rpcError = rpcErrorOf(error);
  if (value["id"] !== id) return { is: "wrong-id", ...(rpcError === undefined ? {} : { error: rpcError }) };
  if (error !== undefined) return rpcError === undefined ? malformed : { is: "answer", answer: { error: rpcError } };
  return isObject(result) ? { is: "answer", answer: { result } } : malformed;
}

/** The error in the body of an HTTP refusal: servers that could not read the id answer with null in its place. */
export function refusalErrorOf(value: unknown, id: number | undefined): RpcError | undefined {
  if (!isObject(value) || value["jsonrpc"] !== "2.0") return undefined;
  const from = value["id"];
  return from === id || from === null || from === undefined ? rpcErrorOf(value["error"]) : undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function rpcErrorOf(value: unknown): RpcError | undefined {
  if (!isObject(value)) return undefined;
  const { code, message, data } = value;
  if (typeof code !== "number" || !Number.isInteger(code) || typeof message !== "string") return undefined;
  return { code, message, ...(data === undefined ? {} : { data }) };
}
