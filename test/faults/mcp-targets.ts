/** MCP servers that count how often they act, each behind a link: bare and of the SDK, over HTTP and over stdio. */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createInterface } from "node:readline";
import type { AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { z } from "zod";
import type { LinkHandle, Sign } from "../../src/faults/handles.ts";
import type { Exchange, Unstamped } from "../../src/history/events.ts";
import { openStdioLink } from "../../src/links/stdio-link.ts";
import { openLeanSession } from "../../src/wire/lean.ts";
import type { Session, SessionOptions } from "../../src/wire/session.ts";
import { realWorld } from "../../src/world.ts";
import { openRig, tracer } from "../links/rig.ts";

export const call = { tool: "CreateLimitRequest", holds: "ticket" };

export interface McpTarget extends AsyncDisposable {
  readonly link: LinkHandle & { onSign(listener: (sign: Sign) => void): () => void };
  /** How often a tool has acted. */
  executed(): number;
  /** Those of tools/call. */
  exchanges(): Exchange[];
  open(): Promise<Session>;
}

export interface McpTargetKind {
  readonly name: string;
  readonly wire: "http" | "stdio";
  readonly start: () => Promise<McpTarget>;
}

export const mcpTargets: readonly McpTargetKind[] = [
  { name: "a bare server over HTTP", wire: "http", start: () => startHttp(bareHttp) },
  { name: "a server of the SDK over HTTP", wire: "http", start: () => startHttp(sdkHttp) },
  { name: "a bare server over stdio", wire: "stdio", start: () => startStdio(bareStdio) },
  { name: "a server of the SDK over stdio", wire: "stdio", start: () => startStdio(sdkStdio) },
];

const common = { timeoutMs: 10_000, world: realWorld, clientName: "squall" };

type HttpServing = (act: () => void) => (request: IncomingMessage, response: ServerResponse) => void;

async function startHttp(serving: HttpServing): Promise<McpTarget> {
  let executed = 0;
  const server = createServer(serving(() => void (executed += 1)));
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const rig = await openRig((server.address() as AddressInfo).port, "mcp");
  return {
    link: rig.link,
    executed: () => executed,
    exchanges: () => rig.exchanges().filter(({ tool }) => tool !== undefined),
    open: () => openSession({ ...common, url: new URL(rig.url("/mcp")), headers: {} }),
    [Symbol.asyncDispose]: async () => {
      await rig[Symbol.asyncDispose]();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const openSession = (options: SessionOptions): Promise<Session> => openLeanSession(options);

const ticketFor = (name: unknown) => ({ content: [{ type: "text" as const, text: `${String(name)}: ticket` }] });

interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: { readonly arguments?: Readonly<Record<string, unknown>> };
}

/** What a bare server answers; undefined where there is nothing to say. */
function answerTo({ id, method, params }: Message, act: () => void): object | undefined {
  if (id === undefined) return undefined;
  if (method === "initialize") {
    const serverInfo = { name: "bare", version: "1" };
    return { jsonrpc: "2.0", id, result: { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo } };
  }
  if (method === "tools/list") {
    const inputSchema = { type: "object", properties: { amount: { type: "number" } } };
    return { jsonrpc: "2.0", id, result: { tools: [{ name: call.tool, description: "Asks.", inputSchema }] } };
  }
  act();
  return { jsonrpc: "2.0", id, result: ticketFor(params?.arguments?.["name"]) };
}

const json = { "content-type": "application/json" };

function bareHttp(act: () => void): ReturnType<HttpServing> {
  return (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      const answer = text === "" ? undefined : answerTo(JSON.parse(text) as Message, act);
      if (request.method !== "POST") response.writeHead(405).end();
      else if (answer === undefined) response.writeHead(202).end();
      else response.writeHead(200, { ...json, "mcp-session-id": "bare" }).end(JSON.stringify(answer));
    });
  };
}

function sdkServer(act: () => void): McpServer {
  const server = new McpServer({ name: "sdk", version: "1" });
  server.registerTool(call.tool, { inputSchema: { name: z.string().optional() } }, ({ name }) => {
    act();
    return ticketFor(name);
  });
  return server;
}

/** With sessions, and answers in event streams. */
export function sdkHttp(act: () => void): ReturnType<HttpServing> {
  const transports = new Map<string, StreamableHTTPServerTransport>();
  const connected = async (): Promise<StreamableHTTPServerTransport> => {
    const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => void transports.set(id, transport),
    });
    await sdkServer(act).connect(transport);
    return transport;
  };
  return (request, response) => {
    const id = request.headers["mcp-session-id"];
    const known = typeof id === "string" ? transports.get(id) : undefined;
    void Promise.resolve(known ?? connected()).then((transport) => transport.handleRequest(request, response));
  };
}

type StdioServing = (pipes: { readonly stdin: PassThrough; readonly stdout: PassThrough }, act: () => void) => void;

async function startStdio(serving: StdioServing): Promise<McpTarget> {
  let executed = 0;
  const events: Unstamped[] = [];
  const record = (event: Unstamped) => ({ id: `t:${events.push(event)}`, atUs: realWorld.nowUs() });
  const recorder = { record, nowUs: realWorld.nowUs };
  const link = openStdioLink({ name: "planner@cloud", recorder, tracer, world: realWorld });
  const open = async (): Promise<Session> => {
    const [stdin, stdout] = [new PassThrough(), new PassThrough()];
    serving({ stdin, stdout }, () => void (executed += 1));
    const end = (): Promise<void> => {
      stdin.end();
      stdout.end();
      return Promise.resolve();
    };
    const pipe = link.connect({ stdin, stdout, silent: new Promise(() => {}), end });
    return openSession({ ...common, server: "cloud", pipe });
  };
  return {
    link,
    executed: () => executed,
    exchanges: () => events.filter((event) => event.type === "exchange").filter(({ tool }) => tool !== undefined),
    open,
    [Symbol.asyncDispose]: () => link.close(),
  };
}

const bareStdio: StdioServing = ({ stdin, stdout }, act) => {
  createInterface({ input: stdin }).on("line", (line) => {
    const answer = answerTo(JSON.parse(line) as Message, act);
    // A process answers later than at once.
    if (answer !== undefined) setImmediate(() => stdout.write(`${JSON.stringify(answer)}\n`));
  });
};

const sdkStdio: StdioServing = ({ stdin, stdout }, act) => {
  void sdkServer(act).connect(new StdioServerTransport(stdin, stdout));
};
