/** One proxy: a listener, its connections, and the toxics on each direction. */
import { connect as dial, createServer, type Server } from "node:net";
import { once } from "node:events";
import type { Stream } from "../../faults/handles.ts";
import { codeOf, messageOf } from "../../errors.ts";
import { seededRandom, type World } from "../../world.ts";
import type { Conduit } from "../conduit.ts";
import { backlog, parseAddress } from "../engine.ts";
import { connect, type Connection } from "./connection.ts";
import { joined, refused } from "./joined.ts";
import { formatListen, listeningAt, parseListen, resolveListen, type ListenAddress } from "./listen-address.ts";
import type { ConnectionBytes, Metrics } from "./metrics.ts";
import type { LiveToxic } from "./toxics/toxic.ts";

export interface ProxySettings {
  readonly name: string;
  readonly listen: string;
  readonly upstream: string;
}

export interface ProxyOptions {
  readonly world: World;
  readonly seed: number;
  /** Absent: nothing is counted. */
  readonly metrics?: Metrics | undefined;
}

const socketOptions = {
  noDelay: true,
  // Toxiproxy closes whole connections only: half-open sockets let the chains decide when.
  allowHalfOpen: true,
  // Stopping a source and letting it go on costs more than a few reads that wait.
  highWaterMark: 256 * 1024,
} as const;

// The real server waits for ever, and with it every later client of the proxy.
const dialTimeoutMs = 10_000;

export class Proxy {
  readonly name: string;
  readonly #options: ProxyOptions;
  readonly #connections = new Set<Connection | Dialling>();
  #listen: string;
  #upstream: string;
  #server: Server | undefined;
  #toxics: readonly LiveToxic[] = [];
  #toxicsEver = 0;
  #connectionsEver = 0;

  constructor({ name, listen, upstream }: ProxySettings, options: ProxyOptions) {
    this.name = name;
    this.#listen = listen;
    this.#upstream = upstream;
    this.#options = options;
  }

  get listen(): string {
    return this.#listen;
  }

  get upstream(): string {
    return this.#upstream;
  }

  get enabled(): boolean {
    return this.#server !== undefined;
  }

  /** The upstream ones first, each in the order of its chain. */
  get toxics(): readonly LiveToxic[] {
    const on = (stream: Stream): readonly LiveToxic[] => this.#toxics.filter((toxic) => toxic.stream === stream);
    return [...on("upstream"), ...on("downstream")];
  }

  async start(): Promise<void> {
    if (this.#server !== undefined) return;
    this.#server = await startListening(this.#listen, (client) => this.#accept(client));
    this.#listen = formatListen(listeningAt(this.#server));
  }

  /** Nothing listens and nothing is connected afterwards; what was on its way is lost. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = once(server, "close");
    server.close();
    for (const connection of this.#connections) connection.destroy();
    await closed;
  }

  /** Whether these settings would make it another proxy. */
  async differs({ listen, upstream }: Omit<ProxySettings, "name">): Promise<boolean> {
    const resolved = formatListen(await resolveListen(parseListen(listen)));
    return resolved !== this.#listen || upstream !== this.#upstream;
  }

  /** Another address drops every connection and keeps the toxics. */
  async update(settings: Omit<ProxySettings, "name"> & { readonly enabled: boolean }): Promise<void> {
    if (await this.differs(settings)) {
      await this.stop();
      this.#listen = settings.listen;
      this.#upstream = settings.upstream;
    }
    await (settings.enabled ? this.start() : this.stop());
  }

  addToxic(toxic: Omit<LiveToxic, "nth">): LiveToxic {
    this.#toxicsEver += 1;
    const added = { ...toxic, nth: this.#toxicsEver };
    this.#toxics = [...this.#toxics, added];
    for (const connection of this.#live()) connection.chains[added.stream].add(added);
    return added;
  }

  updateToxic(updated: LiveToxic): void {
    this.#toxics = this.#toxics.map((toxic) => (toxic.nth === updated.nth ? updated : toxic));
    for (const connection of this.#live()) connection.chains[updated.stream].update(updated);
  }

  removeToxic(removed: LiveToxic): void {
    this.#toxics = this.#toxics.filter(({ nth }) => nth !== removed.nth);
    for (const connection of this.#live()) connection.chains[removed.stream].remove(removed);
  }

  #live(): readonly Connection[] {
    return [...this.#connections].filter((connection) => "chains" in connection);
  }

  /** A connection from within this thread. */
  dial(): Conduit {
    if (this.#server === undefined) return refused();
    const [caller, callee] = joined();
    this.#accept(callee);
    return caller;
  }

  #accept(client: Conduit): void {
    this.#connectionsEver += 1;
    const { world, seed, metrics } = this.#options;
    const labels = { proxy: this.name, listener: this.#listen, upstream: this.#upstream };
    const nth = this.#connectionsEver;
    // Errors are always followed by a close, which is what the chains go by.
    client.on("error", ignore);
    const dialling = dialUpstream({
      client,
      address: this.#upstream,
      world,
      onEnded: () => this.#connections.delete(dialling),
      onConnected: (upstream) => {
        this.#connections.delete(dialling);
        const connection: Connection = connect({
          client,
          upstream,
          toxics: this.#toxics,
          randomFor: (toxic) => seededRandom(seed, this.name, nth, toxic.nth),
          world,
          onClosed: () => {
            this.#connections.delete(connection);
            for (const bytes of bytesOf(client, upstream)) metrics?.count({ ...labels, ...bytes });
          },
        });
        this.#connections.add(connection);
      },
    });
    this.#connections.add(dialling);
  }
}

function bytesOf(
  client: Conduit,
  upstream: Conduit,
): readonly Omit<ConnectionBytes, "proxy" | "listener" | "upstream">[] {
  return [
    { direction: "upstream", receivedBytes: client.bytesRead, sentBytes: upstream.bytesWritten },
    { direction: "downstream", receivedBytes: upstream.bytesRead, sentBytes: client.bytesWritten },
  ];
}

/** A client that waits for its upstream. */
interface Dialling {
  destroy(): void;
}

interface DialOptions {
  /** Paused. */
  readonly client: Conduit;
  readonly address: string;
  readonly world: World;
  readonly onConnected: (upstream: Conduit) => void;
  /** The upstream cannot be reached; the client is closed already. */
  readonly onEnded: () => void;
}

function dialUpstream({ client, address, world, onConnected, onEnded }: DialOptions): Dialling {
  const { host, port } = parseAddress(address);
  const upstream = dial({ host, port: isPort(port) ? port : 0, ...socketOptions });
  const fail = (): void => {
    timer.cancel();
    upstream.removeListener("close", fail);
    upstream.destroy();
    client.destroy();
    onEnded();
  };
  const timer = world.timer(dialTimeoutMs, fail);
  upstream.on("error", ignore);
  upstream.on("close", fail);
  upstream.on("connect", () => {
    timer.cancel();
    upstream.removeListener("close", fail);
    onConnected(upstream);
  });
  return { destroy: fail };
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port <= 65_535;
}

async function startListening(listen: string, accept: (client: Conduit) => void): Promise<Server> {
  const server = createServer({ pauseOnConnect: true, ...socketOptions }, accept);
  let shown = listen;
  try {
    const address = await resolveListen(parseListen(listen));
    shown = formatListen(address);
    server.listen(everyInterface(address) ? { port: address.port, backlog } : { ...address, backlog });
    await once(server, "listening");
  } catch (error) {
    const says = bindErrors[codeOf(error) ?? ""];
    const full = says === undefined ? `listen tcp: ${messageOf(error)}` : `listen tcp ${shown}: bind: ${says}`;
    throw new Error(full, { cause: error });
  }
  // A connection that could not be accepted, for want of file descriptors, is the client's loss and not the proxy's.
  server.on("error", ignore);
  return server;
}

// Without a host, Node listens on `::` for both families, as Go does, or on 0.0.0.0 where there is no IPv6.
function everyInterface({ host }: ListenAddress): boolean {
  return host === "" || host === "0.0.0.0" || host === "::";
}

const bindErrors: Readonly<Record<string, string>> = {
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "cannot assign requested address",
  EACCES: "permission denied",
};

function ignore(): void {
  // Named, so that each use says what it is for.
}
