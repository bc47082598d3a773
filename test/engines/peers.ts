/** The two ends of a proxied connection, as a test sees them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { Address } from "../../src/engines/engine.ts";

/** One end of a connection: what it got, and how it ended. */
export interface Peer {
  readonly socket: Socket;
  received(): Buffer;
  receivedBytes(): number;
  /** Resolves once so many bytes are here; answers how long that took. */
  got(bytes: number): Promise<number>;
  /** Resolves when the other side has ended the connection. */
  readonly ended: Promise<"fin" | "rst">;
}

export interface TestServer extends AsyncDisposable {
  readonly address: Address;
  /** The connections it has had, oldest first. */
  readonly peers: readonly Peer[];
  /** Resolves to the connection with this index, once it is there. */
  peer(index: number): Promise<Peer>;
}

export async function openClient(address: Address): Promise<Peer> {
  const socket = connect({ ...address, noDelay: true, allowHalfOpen: true });
  const peer = watch(socket);
  await once(socket, "connect");
  return peer;
}

/** Whether a connection is refused. */
export async function isRefused(address: Address): Promise<boolean> {
  const socket = connect(address);
  try {
    await once(socket, "connect");
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ECONNREFUSED";
  } finally {
    socket.destroy();
  }
}

export async function openServer(serve: (socket: Socket) => void = () => undefined): Promise<TestServer> {
  const peers: Peer[] = [];
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    peers.push(watch(socket));
    serve(socket);
  });
  const address = await listen(server);
  return {
    address,
    peers,
    peer: async (index) => {
      while (peers[index] === undefined) await once(server, "connection");
      return peers[index];
    },
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      for (const { socket } of peers) socket.destroy();
      await closed;
    },
  };
}

export function openEcho(): Promise<TestServer> {
  return openServer((socket) => void socket.pipe(socket));
}

/** A server whose queue is full: the kernel leaves further dials without any answer. */
export async function openDeaf(): Promise<{ readonly address: Address } & AsyncDisposable> {
  const script = `const server = require("node:net").createServer();
    server.listen({ host: "127.0.0.1", port: 0, backlog: 1 }, () => console.log(server.address().port));`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(child.stdout, "data");
  const address = { host: "127.0.0.1", port: Number(line) };
  // It listens, and never accepts.
  child.kill("SIGSTOP");
  const fillers = Array.from({ length: 4 }, () => connect(address).on("error", () => undefined));
  await Promise.race(fillers.map((socket) => once(socket, "connect")));
  return {
    address,
    [Symbol.asyncDispose]: async () => {
      for (const socket of fillers) socket.destroy();
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}

export async function listen(server: Server): Promise<Address> {
  server.listen({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
}

function watch(socket: Socket): Peer {
  const parts: Buffer[] = [];
  let bytes = 0;
  const looking = new Set<() => void>();
  const look = (): void => {
    for (const once of looking) once();
  };
  socket.on("data", (data) => {
    parts.push(Buffer.from(data));
    bytes += data.length;
    look();
  });
  socket.on("close", look);
  const ended = new Promise<"fin" | "rst">((resolve) => {
    socket.on("end", () => resolve("fin"));
    socket.on("error", () => resolve("rst"));
  });
  return {
    socket,
    ended,
    received: () => Buffer.concat(parts),
    receivedBytes: () => bytes,
    got: (wanted) => {
      const sinceMs = performance.now();
      return new Promise((resolve, reject) => {
        const once = (): void => {
          if (bytes >= wanted) resolve(performance.now() - sinceMs);
          else if (socket.closed) reject(new Error(`closed with ${bytes} of ${wanted} bytes`));
          else return;
          looking.delete(once);
        };
        looking.add(once);
        once();
      });
    },
  };
}
