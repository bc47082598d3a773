/**
 * The link between agents and a stdio server: no network and no engine, only our tap on stdin and stdout. Each process
 * is one connection. What can be broken here are requests and answers; the network lies behind the server.
 *
 *   client ◀──lines──▶ tap ◀──stdin, stdout──▶ process
 */
import type { Readable, Writable } from "node:stream";
import type { LinkHandle, Sign } from "../faults/handles.ts";
import type { ConnectionEvent, Exchange, Recorder } from "../history/events.ts";
import type { Tracer } from "../history/ids.ts";
import { readLines } from "../lines.ts";
import type { PipeListener, StdioPipe } from "../wire/stdio-pipe.ts";
import type { World } from "../world.ts";
import { onceHealed } from "./cure.ts";
import { Frames, type FrameContext } from "./frames.ts";
import { createRules, type Work } from "./rules.ts";
import { createSigns } from "./signs.ts";
import { createWaits } from "./waits.ts";

/** The process at the far end. */
export interface StdioCallee {
  readonly stdin: Writable;
  /** Paused until the link reads it. */
  readonly stdout: Readable;
  /** Resolves when it has exited and its last words are read. */
  readonly silent: Promise<unknown>;
  /** Closes stdin and sees to its end. */
  end(): Promise<void>;
}

export interface StdioLink extends LinkHandle {
  /** Processes that were connected so far. */
  readonly connections: number;
  /** Taps one process for one client. */
  connect(callee: StdioCallee): StdioPipe;
  /** Returns how to stop listening. */
  onSign(listener: (sign: Sign) => void): () => void;
  openExchanges(): number;
  /** Ends every connection, and the processes with them. */
  close(): Promise<void>;
}

export interface StdioLinkOptions {
  readonly name: string;
  readonly recorder: Recorder;
  readonly tracer: Tracer;
  readonly world: World;
}

export function openStdioLink({ name, recorder, tracer, world }: StdioLinkOptions): StdioLink {
  const signs = createSigns();
  const rules = createRules();
  const waits = createWaits(() => recorder.nowUs());
  const context: FrameContext = { link: name, recorder, tracer, waits, rules, sign: signs.give };
  const live = new Set<TappedPipe>();
  let connections = 0;

  const noNetwork = (what: string) => (): Promise<never> =>
    Promise.reject(new Error(`${name} is a stdio link: it has no network to ${what}`));

  return {
    name,
    get connections() {
      return connections;
    },
    connect: (callee) => {
      connections += 1;
      const pipe: TappedPipe = new TappedPipe({
        number: connections,
        callee,
        context,
        world,
        onGone: () => live.delete(pipe),
      });
      live.add(pipe);
      return pipe;
    },
    onSign: signs.on,
    openExchanges: () => [...live].reduce((sum, pipe) => sum + pipe.openCount(), 0),
    setEnabled: noNetwork("close"),
    addToxic: noNetwork("poison"),
    meddle: (rule, chance) => {
      const { work, off } = rules.add(rule, chance);
      return onceHealed(() => {
        off();
        for (const pipe of live) pipe.release(work);
        return Promise.resolve();
      });
    },
    dropConnections: () => [...live].filter((pipe) => pipe.drop()).length,
    close: async () => {
      await Promise.all([...live].map((pipe) => pipe.cut("open")));
    },
  };
}

const lineBytesMax = 10 * 1024 * 1024;
// Whoever reads nothing of so much will not read the rest either, and must not fill our memory.
const unreadBytesMax = 16 * 1024 * 1024;

interface TappedOptions {
  readonly number: number;
  readonly callee: StdioCallee;
  readonly context: FrameContext;
  readonly world: World;
  readonly onGone: () => void;
}

class TappedPipe implements StdioPipe {
  readonly #options: TappedOptions;
  readonly #frames: Frames;
  readonly #lines = readLines({
    bytesMax: lineBytesMax,
    onLine: (line) => this.#down(line),
    onOverlong: () => this.#listener?.onOverlong(),
  });
  #listener: PipeListener | undefined;
  #open = true;
  #chunkUs = 0;
  #lineFromUs = 0;
  #bytesUp = 0;
  #bytesDown = 0;

  constructor(options: TappedOptions) {
    this.#options = options;
    const { callee, context, number, world } = options;
    const outlet = {
      toCallee: (line: string) => this.#toCallee(line),
      toCaller: (line: Buffer) => this.#listener?.onLine(line),
    };
    this.#frames = new Frames(context, { connection: number, outlet, world });
    this.#record({ edge: "opened" });
    callee.stdout.on("data", (chunk: Buffer) => this.#received(chunk));
    callee.stdout.once("end", () => this.#calleeLeft());
    void callee.silent.then(() => this.#calleeLeft());
  }

  listen(listener: PipeListener): void {
    this.#listener = listener;
    // Already gone: its end has been told to nobody.
    if (this.#open) this.#options.callee.stdout.resume();
    else listener.onClosed();
  }

  send(line: string): void {
    if (!this.#open) return;
    this.#bytesUp += Buffer.byteLength(line) + 1;
    this.#frames.up(line);
    if (this.#options.callee.stdin.writableLength > unreadBytesMax) this.drop();
  }

  release(work: Work): void {
    this.#frames.release(work);
  }

  #toCallee(line: string): void {
    if (this.#open) this.#options.callee.stdin.write(`${line}\n`);
  }

  /** The client leaves. */
  close(): Promise<void> {
    if (this.#open) {
      this.#frames.reportSilence();
      this.#finish("caller", "caller-left");
    }
    return this.#options.callee.end();
  }

  openCount(): number {
    return this.#frames.openCount;
  }

  /** Answers whether there was a live connection to close. */
  drop(): boolean {
    if (!this.#open) return false;
    // Whoever ends the server in earnest hears it if that fails.
    this.cut("closed").catch(() => {});
    return true;
  }

  /** We leave. */
  cut(ended: Exchange["ended"]): Promise<void> {
    if (this.#open) {
      this.#frames.reportSilence();
      this.#finish("tap", ended);
      this.#listener?.onClosed();
    }
    return this.#options.callee.end();
  }

  #received(chunk: Buffer): void {
    // Read all the same, so that the process can write its last words and end.
    if (!this.#open) return;
    this.#bytesDown += chunk.length;
    this.#chunkUs = this.#options.context.recorder.nowUs();
    if (!this.#lines.inLine) this.#lineFromUs = this.#chunkUs;
    this.#lines.feed(chunk);
  }

  #down(line: Buffer): void {
    if (!this.#open) return;
    this.#frames.down(line, this.#lineFromUs);
    this.#lineFromUs = this.#chunkUs;
  }

  #calleeLeft(): void {
    if (!this.#open) return;
    const inFlight = this.#frames.openCount > 0;
    this.#finish("callee", "closed");
    this.#options.context.sign({ is: "cut", how: "fin", inFlight });
    this.#listener?.onClosed();
    // A process that closed its stdout may live on, but nobody will ever hear of it.
    this.#options.callee.end().catch(() => {});
  }

  #finish(by: NonNullable<ConnectionEvent["by"]>, ended: Exchange["ended"]): void {
    this.#open = false;
    this.#frames.end(ended);
    this.#record({ edge: "closed", by, how: "fin", bytesUp: this.#bytesUp, bytesDown: this.#bytesDown });
    this.#options.onGone();
  }

  #record(event: Pick<ConnectionEvent, "edge" | "by" | "how" | "bytesUp" | "bytesDown">): void {
    const { context, number } = this.#options;
    context.recorder.record({ type: "connection", link: context.link, connection: number, ...event });
  }
}
