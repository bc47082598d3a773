/**
 * The far end of one session over HTTP/1.1, and the connections kept open to it, straight on Node's sockets. One request
 * at a time goes over a connection; nothing is tried again, and whoever asked is told how the connection went.
 */
import { connect, isIP, type Socket } from "node:net";
import { connect as connectSecurely } from "node:tls";
import { realWorld, type World } from "../world.ts";
import { AnswerReader, type AnswerListener } from "./http-answer.ts";

/** Who waits for the answer to one request. At most one of `end` and `broken` is called, and `released` behind it. */
export interface Asker extends AnswerListener {
  end(): void;
  /** What came is not HTTP, or too long a head, or the connection has failed: by a FIN where there is no error. */
  broken(by: Breakage): void;
  /** The connection is free again, or gone. */
  released(): void;
}

export type Breakage =
  | { readonly is: "error"; readonly error: Error }
  | { readonly is: "closed" }
  | { readonly is: "broken" | "oversized" | "upgraded"; readonly bytes: Buffer };

/** A request as it goes out: what stands in the head is latin1, as HTTP has it. */
export interface Outgoing {
  readonly head: string;
  readonly body: string;
}

export class Peer {
  readonly #url: URL;
  readonly #keepsAlive: boolean;
  readonly #nowUs: World["nowUs"];
  readonly #open = new Set<Connection>();
  /** The one that was used last is taken first. */
  readonly #idle: Connection[] = [];

  /** `keepsAlive`: whether the heads that are sent say that a connection may be used again. */
  constructor(
    url: URL,
    {
      keepsAlive = true,
      nowUs = realWorld.nowUs,
    }: { readonly keepsAlive?: boolean; readonly nowUs?: World["nowUs"] } = {},
  ) {
    this.#url = url;
    this.#keepsAlive = keepsAlive;
    this.#nowUs = nowUs;
  }

  /** Sends a request over a free connection, or a new one. */
  send(outgoing: Outgoing, asker: Asker): Connection {
    const connection = this.#takeIdle() ?? this.#connect();
    connection.send(outgoing, asker);
    return connection;
  }

  close(): void {
    for (const connection of this.#open) connection.destroy();
  }

  /** One that its server has not had the time to tire of. */
  #takeIdle(): Connection | undefined {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (this.#nowUs() < idle.freshUntilUs) return idle;
      idle.destroy();
    }
    return undefined;
  }

  /** What a rush has left over goes in calm, one at a time: in the next rush nobody should have to clear up first. */
  #dropOldest(): void {
    const [oldest] = this.#idle;
    if (oldest !== undefined && this.#nowUs() >= oldest.freshUntilUs) oldest.destroy();
  }

  #connect(): Connection {
    const connection = new Connection(this.#url, {
      onFree: (idleMostMs) => {
        if (!this.#keepsAlive) return connection.destroy();
        connection.freshUntilUs = this.#nowUs() + idleMostMs * 1000;
        this.#idle.push(connection);
        this.#dropOldest();
      },
      onGone: () => {
        this.#open.delete(connection);
        const place = this.#idle.indexOf(connection);
        if (place !== -1) this.#idle.splice(place, 1);
      },
    });
    this.#open.add(connection);
    return connection;
  }
}

interface ConnectionOptions {
  readonly onFree: (idleMostMs: number) => void;
  readonly onGone: () => void;
}

export class Connection {
  /** Whether a request has gone over it before the present one. */
  isReused = false;
  /** While it is free: until when it may be used again. */
  freshUntilUs = 0;
  readonly #socket: Socket;
  readonly #reader = new AnswerReader();
  readonly #onFree: ConnectionOptions["onFree"];
  readonly #onGone: () => void;
  #asker: Asker | undefined;
  #isFresh = true;

  constructor(url: URL, { onFree, onGone }: ConnectionOptions) {
    this.#onFree = onFree;
    this.#onGone = onGone;
    this.#socket = socketTo(url, (bytes) => this.#read(bytes))
      .on("error", (error) => this.#gone({ is: "error", error }))
      .on("end", () => this.#ended())
      .on("close", () => this.#gone({ is: "closed" }))
      // Whoever waits for an answer has a timer; what nobody waits for shall not keep the process alive.
      .unref();
  }

  send({ head, body }: Outgoing, asker: Asker): void {
    this.#asker = asker;
    this.isReused = !this.#isFresh;
    this.#isFresh = false;
    this.#reader.reset();
    const length = Buffer.byteLength(body);
    const start = `${head}content-length: ${length}\r\n\r\n`;
    // ASCII is the same in latin1, which goes out without being looked at again.
    if (length === body.length) this.#socket.write(start + body, "latin1");
    else this.#socket.write(Buffer.concat([Buffer.from(start, "latin1"), Buffer.from(body)]));
  }

  /** Drops it if it is still busy with this asker's request. Nothing is told afterwards but its release. */
  dropFor(asker: Asker): void {
    if (this.#asker === asker) this.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
    this.#gone(undefined);
  }

  #read(bytes: Buffer): void {
    const asker = this.#asker;
    // Nobody has asked for that.
    if (asker === undefined) return this.destroy();
    const progress = this.#reader.feed(bytes, asker);
    // It may have been dropped for what it said.
    if (progress === "under-way" || this.#asker === undefined) return;
    if (progress === "ended" || progress === "ended-for-good") this.#finish(progress === "ended");
    else {
      this.#gone({ is: progress, bytes });
      this.#socket.destroy();
    }
  }

  /** Free before its asker is told: the next request may be on its way before that call returns. */
  #finish(isWhole: boolean): void {
    const asker = this.#asker;
    this.#asker = undefined;
    // What is not all written yet cannot be followed by anything else.
    if (isWhole && this.#socket.writableLength === 0 && this.#socket.writable) this.#onFree(this.#reader.idleMostMs);
    else {
      this.#onGone();
      this.#socket.destroy();
    }
    asker?.end();
    asker?.released();
  }

  #ended(): void {
    if (this.#asker !== undefined && this.#reader.isEndedByClose()) this.#finish(false);
    this.#gone({ is: "closed" });
    this.#socket.destroy();
  }

  #gone(by: Breakage | undefined): void {
    const asker = this.#asker;
    this.#asker = undefined;
    this.#onGone();
    if (by !== undefined) asker?.broken(by);
    asker?.released();
  }
}

// What one read brings is used up before the next begins, so all plain connections of a thread read into one buffer:
// a buffer for each read costs more than all else that is done with it, and idle connections then hold none.
const readInto = Buffer.allocUnsafeSlow(64 * 1024);

const keptAlive = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 1000 } as const;

function socketTo(url: URL, onBytes: (bytes: Buffer) => void): Socket {
  const isSecure = url.protocol === "https:";
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = url.port === "" ? (isSecure ? 443 : 80) : Number(url.port);
  if (isSecure) {
    const servername = isIP(host) === 0 ? host : "";
    const socket = connectSecurely({ ...keptAlive, host, port, servername, ALPNProtocols: ["http/1.1"] });
    return socket.on("data", onBytes);
  }
  const callback = (count: number): boolean => {
    onBytes(readInto.subarray(0, count));
    return true;
  };
  return connect({ ...keptAlive, host, port, onread: { buffer: readInto, callback } });
}
