/**
 * An MCP server on a real socket that opens sessions honestly and then does whatever a test tells it: answers, lies,
 * cuts, resets. It keeps what it heard, so that a test can ask what the client really sent.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { openLeanSession } from "../../src/wire/lean.ts";
import { callTool } from "../../src/wire/requests.ts";
import type { Answer, CallRequest, OpenSession, Session, SessionOptions } from "../../src/wire/session.ts";
import { realWorld } from "../../src/world.ts";

export interface Message {
  readonly jsonrpc?: string;
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: {
    readonly name?: string;
    readonly arguments?: Readonly<Record<string, unknown>>;
    readonly _meta?: Readonly<Record<string, unknown>>;
    readonly protocolVersion?: string;
    readonly cursor?: string;
    readonly requestId?: number;
    readonly reason?: string;
  };
  readonly result?: unknown;
  readonly error?: unknown;
}

export interface Heard {
  readonly httpMethod: string | undefined;
  /** With the query. */
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly message: Message;
  /** Which connection it came on: 1, 2, … */
  readonly connection: number;
}

export interface Asked extends Heard {
  readonly response: ServerResponse;
  readonly socket: Socket;
  /** Resolves once the connection is gone. */
  readonly gone: Promise<void>;
  readonly json: (value: unknown, status?: number, headers?: Readonly<Record<string, string>>) => void;
  /** Starts an event stream; each value becomes one event, and strings go out as they are. */
  readonly events: (...values: readonly unknown[]) => void;
  /** Writes bytes straight to the socket, past all that Node knows of HTTP. */
  readonly raw: (text: string) => void;
}

export type React = (asked: Asked) => void;

export interface FaultServer {
  readonly url: URL;
  readonly heard: readonly Heard[];
  /** Waits until a message or HTTP method of this name was heard. */
  hears(name: string): Promise<Heard>;
  stopListening(): Promise<void>;
  close(): Promise<void>;
}

export interface FaultServerOptions {
  readonly sessionId?: string | undefined;
  readonly protocolVersion?: string;
  /** Takes over messages of these names, also those of the opening. */
  readonly on?: Readonly<Record<string, React>>;
}

export async function startFaultServer(onCall: React, options: FaultServerOptions = {}): Promise<FaultServer> {
  const heard: Heard[] = [];
  const waiting = new Set<() => void>();
  const sockets = new Map<Socket, { readonly number: number; readonly gone: Promise<void> }>();
  let connections = 0;

  const server = createServer((request, response) => {
    const hear = async (): Promise<void> => {
      const body = await bodyOf(request);
      const message: Message = body === "" ? {} : JSON.parse(body);
      const at = sockets.get(request.socket)!;
      const one = {
        httpMethod: request.method,
        path: request.url,
        headers: request.headers,
        message,
        connection: at.number,
      };
      heard.push(one);
      for (const look of waiting) look();
      const name = message.method ?? request.method ?? "";
      const react = options.on?.[name] ?? openings(options)[name] ?? onCall;
      react({ ...one, response, socket: request.socket, gone: at.gone, ...waysToAnswer(request, response) });
    };
    void hear();
  });
  server.keepAliveTimeout = 60_000;
  server.on("connection", (socket) => {
    connections += 1;
    const gone = new Promise<void>((resolve) => void socket.once("close", () => resolve()));
    sockets.set(socket, { number: connections, gone });
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;

  const stopListening = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
      for (const socket of sockets.keys()) socket.destroy();
    });
  return {
    url: new URL(`http://127.0.0.1:${port}/mcp`),
    heard,
    hears: (name) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = heard.find(({ message, httpMethod }) => (message.method ?? httpMethod) === name);
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    stopListening,
    close: stopListening,
  };
}

const accept: React = ({ response }) => void response.writeHead(202).end();

function openings({ sessionId, protocolVersion = "2025-11-25" }: FaultServerOptions): Record<string, React> {
  const headers = sessionId === undefined ? {} : { "mcp-session-id": sessionId };
  const serverInfo = { name: "fault-server", version: "1" };
  return {
    initialize: (asked) => asked.json(resultTo(asked, { protocolVersion, capabilities: {}, serverInfo }), 200, headers),
    "notifications/initialized": accept,
    "notifications/cancelled": accept,
    DELETE: ({ response }) => void response.writeHead(200).end(),
    // No stream of the server's own.
    GET: ({ response }) => void response.writeHead(405).end(),
  };
}

function waysToAnswer(request: IncomingMessage, response: ServerResponse): Pick<Asked, "json" | "events" | "raw"> {
  return {
    json: (value, status = 200, headers = {}) => {
      const text = JSON.stringify(value);
      response
        .writeHead(status, {
          ...headers,
          "content-type": "application/json",
          "content-length": Buffer.byteLength(text),
        })
        .end(text);
    },
    events: (...values) => {
      if (!response.headersSent) response.writeHead(200, { "content-type": "text/event-stream" });
      response.flushHeaders();
      for (const value of values) response.write(typeof value === "string" ? value : eventOf(value));
    },
    raw: (text) => void request.socket.write(text),
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

export function eventOf(value: unknown): string {
  return `event: message\ndata: ${JSON.stringify(value)}\n\n`;
}

export function resultTo({ message }: Pick<Heard, "message">, result: unknown): unknown {
  return { jsonrpc: "2.0", id: message.id, result };
}

export function errorTo({ message }: Pick<Heard, "message">, code: number, says: string): unknown {
  return { jsonrpc: "2.0", id: message.id, error: { code, message: says } };
}

export function textResult(text: string): unknown {
  return { content: [{ type: "text", text }] };
}

export function openTo(
  url: URL,
  options: Partial<SessionOptions> = {},
  open: OpenSession = openLeanSession,
): Promise<Session> {
  return open({ url, headers: {}, timeoutMs: 10_000, world: realWorld, clientName: "squall", ...options });
}

const traceparent = "00-0000f00d000000000100000000000051-0000f00d00000001-01";

export type Call = Partial<CallRequest> & { readonly tool?: string; readonly args?: Readonly<Record<string, unknown>> };

/** A tool's call, unless another request is given. */
export function callOf({ tool = "FetchResources", args = {}, ...options }: Call = {}): CallRequest {
  return {
    ...callTool(tool, args),
    meta: { traceparent, "squall/op": "0000f00d.planner.1.0.0" },
    timeoutMs: 10_000,
    onTimeout: "cancel",
    signal: new AbortController().signal,
    onLate: () => undefined,
    ...options,
  };
}

/** One session, one call, everything closed again. */
export async function answerTo(
  onCall: React,
  options: FaultServerOptions & {
    readonly call?: Call;
    readonly session?: Partial<SessionOptions>;
    readonly open?: OpenSession;
    /** Asks which tools there are before it calls one. */
    readonly listsFirst?: true;
  } = {},
): Promise<{ readonly answer: Answer; readonly session: Session; readonly server: FaultServer }> {
  const server = await startFaultServer(onCall, options);
  const session = await openTo(server.url, options.session, options.open);
  try {
    if (options.listsFirst === true) await session.listTools(10_000);
    return { answer: await session.call(callOf(options.call)), session, server };
  } finally {
    await session.close();
    await server.close();
  }
}
