/** A link on real sockets with what it recorded and what signs it gave, and servers to stand behind it. */
import { createServer as createHttpServer, type RequestListener, type Server as HttpServer } from "node:http";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Engine } from "../../src/engines/engine.ts";
import type { Asking, Instead, Rule, Sign } from "../../src/faults/handles.ts";
import type { ConnectionEvent, Exchange, Unstamped } from "../../src/history/events.ts";
import { createTracer, type Tracer } from "../../src/history/ids.ts";
import { openLink, type Link, type LinkOptions } from "../../src/links/link.ts";
import { realWorld, type World } from "../../src/world.ts";
import { smallEngine } from "./small-engine.ts";

export const nonce = "0badcafe";
export const tracer: Tracer = createTracer(nonce, ["planner", "writer"]);

export interface Rig extends AsyncDisposable {
  readonly link: Link;
  readonly events: readonly Unstamped[];
  readonly signs: readonly Sign[];
  exchanges(): Exchange[];
  connections(): ConnectionEvent[];
  /** The address of the link as a URL. */
  url(path?: string): string;
}

export interface RigOptions {
  readonly engine?: Engine;
  readonly world?: World;
}

export async function openRig(
  port: number,
  protocol: LinkOptions["protocol"],
  { engine = smallEngine(), world = realWorld }: RigOptions = {},
): Promise<Rig> {
  const events: Unstamped[] = [];
  const signs: Sign[] = [];
  const link = await openLink({
    name: "cloud->cloud-api",
    engine,
    upstream: { host: "127.0.0.1", port },
    protocol,
    recorder: {
      nowUs: () => realWorld.nowUs(),
      record: (event) => {
        events.push(event);
        return { id: `test:${events.length}`, atUs: realWorld.nowUs() };
      },
    },
    tracer,
    world,
  });
  link.onSign((sign) => signs.push(sign));
  return {
    link,
    events,
    signs,
    exchanges: () => events.filter((event) => event.type === "exchange"),
    connections: () => events.filter((event) => event.type === "connection"),
    url: (path = "/") => `http://127.0.0.1:${link.address.port}${path}`,
    [Symbol.asyncDispose]: async () => {
      await link.close();
      await engine.close();
    },
  };
}

export interface Callee extends AsyncDisposable {
  readonly port: number;
}

export async function tcpCallee(onConnection: (socket: Socket) => void): Promise<Callee> {
  const live = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    live.add(socket);
    socket.on("error", () => socket.destroy());
    onConnection(socket);
  });
  return listening(server, () => {
    for (const socket of live) socket.destroy();
  });
}

export async function httpCallee(onRequest: RequestListener): Promise<Callee> {
  const server = createHttpServer(onRequest);
  return listening(server, () => server.closeAllConnections());
}

async function listening(server: Server | HttpServer, closeAll: () => void): Promise<Callee> {
  await new Promise<void>((resolve) => server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      closeAll();
      await closed;
    },
  };
}

/** A caller of bare bytes, and everything that came back to it. */
export interface Caller {
  readonly socket: Socket;
  received(): Buffer;
  text(): string;
  /** How the link ended it: FIN, RST, or not yet. */
  ended(): "fin" | "rst" | "open";
}

export function callLink(link: Pick<Link, "address">): Caller {
  const socket = connect({ ...link.address, allowHalfOpen: true, noDelay: true });
  const chunks: Buffer[] = [];
  let ended: "fin" | "rst" | "open" = "open";
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.on("end", () => (ended = "fin"));
  socket.on("error", () => (ended = "rst"));
  return {
    socket,
    received: () => Buffer.concat(chunks),
    text: () => Buffer.concat(chunks).toString(),
    ended: () => ended,
  };
}

/** Reads a request's body whole. */
export async function bodyOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A rule that loses answers. */
export function losing({ instead, ...asking }: Asking & { readonly instead: Instead }): Rule {
  return { ...asking, deed: { does: "lose-answer", instead } };
}

/** Takes whatever a rule is for. */
export const certain = (): number => 0;
