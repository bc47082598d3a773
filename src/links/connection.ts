/**
 * One connection through the tap: bytes, ends and resets go over from side to side as they come.
 *
 *   caller ◀──▶ (this) ◀──▶ engine's proxy ◀──▶ callee
 */
import { connect, type Socket } from "node:net";
import type { Conduit } from "../engines/conduit.ts";
import type { EngineProxy } from "../engines/engine.ts";
import { codeOf } from "../errors.ts";
import type { Instead } from "../faults/handles.ts";
import type { ConnectionEvent, Exchange } from "../history/events.ts";
import type { Timer, World } from "../world.ts";
import { deliverAside } from "./aside.ts";
import { byteTraffic } from "./byte-traffic.ts";
import { Closing } from "./closing.ts";
import { HttpTraffic } from "./http-traffic.ts";
import { beat, onceBothClosed, part, reset } from "./parting.ts";
import { readRefused } from "./refused.ts";
import type { Work } from "./rules.ts";
import type { LinkContext, Outlet, Traffic } from "./traffic.ts";

export interface ConnectionOptions {
  readonly number: number;
  readonly caller: Socket;
  readonly engine: Pick<EngineProxy, "address" | "dial">;
  readonly context: LinkContext;
  readonly world: World;
  /** Both of its sockets are closed. */
  readonly onGone: () => void;
}

type End = Required<Pick<ConnectionEvent, "by" | "how">>;

/**
 * refusing: the engine took no connection, and the caller is read a little before it is told; hanging: an answer was
 * eaten and the caller waits on; ended: one side has gone, and the other may still find out; parted: we have let go.
 */
type State = "connecting" | "refusing" | "open" | "hanging" | "ended" | "parted";

const connectMaxMs = 10_000;

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #caller: Socket;
  readonly #callee: Conduit;
  readonly #traffic: Traffic;
  readonly #connectLimit: Timer;
  #state: State = "connecting";
  /** Who ended it first. */
  #first: End | undefined;
  #hungBy: Work | undefined;
  #beat: Timer | undefined;
  #stopReading: (() => void) | undefined;
  readonly #closing: Closing;
  #bytesUp = 0;
  #bytesDown = 0;

  /** The caller's socket must be paused and allow half-open. */
  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { caller, engine, context, world, onGone } = options;
    const outlet = this.#outlet();
    this.#closing = new Closing(context);
    this.#traffic =
      context.protocol === "tcp"
        ? byteTraffic(context, outlet)
        : new HttpTraffic(context, options.number, { world, outlet });
    this.#caller = caller;
    this.#callee = engine.dial?.() ?? connect({ ...engine.address, allowHalfOpen: true, noDelay: true });
    onceBothClosed(this.#caller, this.#callee, onGone);
    this.#caller.on("error", () => this.#broke("caller"));
    this.#callee.on("error", (error) => this.#broke("callee", error));
    this.#callee.once("connect", () => this.#opened());
    this.#connectLimit = world.timer(connectMaxMs, () => this.#callee.destroy(new Error("connecting took too long")));
  }

  openCount(): number {
    return this.#traffic.openCount();
  }

  reportSilence(): void {
    if (this.#state !== "open") return;
    this.#traffic.reportSilence();
    this.#closing.report();
  }

  /** Closes both sides; answers whether there was a live connection to close. */
  drop(): boolean {
    if (this.#state !== "open" && this.#state !== "hanging") return false;
    this.reportSilence();
    this.#finish({ by: "tap", how: "fin" }, "closed");
    this.#part();
    return true;
  }

  /** Lets go whatever this rule keeps: a caller that hangs, a request, an answer. */
  release(work: Work): void {
    if (this.#state === "hanging" && this.#hungBy === work) this.drop();
    else if (this.#state === "open") this.#traffic.release(work);
  }

  /** Ends it for good; what is open stays recorded as open. */
  close(): void {
    if (this.#state === "open" || this.#state === "hanging") {
      this.reportSilence();
      this.#finish({ by: "tap", how: "fin" }, "open");
    } else if (this.#state === "refusing") this.#giveUp();
    this.#connectLimit.cancel();
    this.#caller.destroy();
    this.#callee.destroy();
  }

  #opened(): void {
    this.#connectLimit.cancel();
    this.#state = "open";
    this.#record({ edge: "opened" });
    this.#traffic.opened?.();
    this.#caller.on("data", (chunk) => this.#up(chunk));
    this.#callee.on("data", (chunk) => this.#down(chunk));
    this.#callee.on("drain", () => this.#caller.resume());
    this.#caller.on("drain", () => this.#callee.resume());
    this.#caller.on("end", () => this.#callerEnded());
    this.#callee.on("end", () => this.#calleeEnded());
    this.#caller.resume();
  }

  #up(chunk: Buffer): void {
    if (this.#state === "ended") this.#callee.write(chunk);
    if (this.#state !== "open") return;
    this.#bytesUp += chunk.length;
    this.#traffic.up(chunk);
  }

  #down(chunk: Buffer): void {
    if (this.#state !== "open") return;
    this.#bytesDown += chunk.length;
    this.#traffic.down(chunk);
    if (this.#traffic.closeForetold) this.#closing.begin();
  }

  #outlet(): Outlet {
    const isOpen = (): boolean => this.#state === "open";
    return {
      toCallee: (bytes) => {
        if (isOpen() && !this.#callee.write(bytes)) this.#caller.pause();
      },
      toCaller: (bytes) => {
        if (isOpen() && !this.#caller.write(bytes)) this.#callee.pause();
      },
      aside: (request, onOver) => {
        const { engine, world } = this.#options;
        return deliverAside({ to: engine.address, world, ...request }, onOver);
      },
      sever: (instead, work, everySecond) => this.#sever(instead, work, everySecond),
      settled: () => this.#settled(),
      get open() {
        return isOpen();
      },
    };
  }

  /** Whoever has ended while something was held back is believed now. */
  #settled(): void {
    if (this.#state !== "open") return;
    if (this.#callee.readableEnded) this.#calleeEnded();
    else if (this.#first?.by === "caller") this.#callee.end();
  }

  #callerEnded(): void {
    const end: End = { by: "caller", how: "fin" };
    switch (this.#state) {
      case "open":
        // The callee may still answer; an exchange ends once nothing can come from there any more.
        this.#first = end;
        this.#closing.begin();
        this.#traffic.upEnded();
        this.#traffic.reportSilence();
        if (!this.#traffic.holds) this.#callee.end();
        break;
      case "ended":
        this.#callee.end();
        break;
      case "hanging":
        this.#finish(end, "closed");
        this.#part();
        break;
      default:
    }
  }

  #calleeEnded(): void {
    if (this.#state !== "open") return;
    this.#traffic.downEnded();
    // It may have been severed just now, or something of it is still to go to the caller.
    if (this.#state !== "open" || this.#traffic.holds) return;
    this.#calleeLeft("fin");
    this.#caller.end();
  }

  #broke(side: "caller" | "callee", error?: Error): void {
    switch (this.#state) {
      case "connecting":
        this.#connectLimit.cancel();
        if (side === "callee") this.#refuse(error);
        else this.#callee.destroy();
        break;
      case "refusing":
        this.#giveUp();
        break;
      case "open":
        if (side === "callee") this.#calleeLeft("rst");
        else this.#callerBroke();
        this.#resetBoth();
        break;
      case "ended":
        this.#resetBoth();
        break;
      case "hanging":
        if (side === "caller") this.#callerBroke();
        break;
      default:
    }
  }

  #callerBroke(): void {
    if (this.#first === undefined) this.reportSilence();
    this.#finish({ by: "caller", how: "rst" }, "caller-left");
  }

  /** A mark of trouble only if it was not foretold and the caller had not hung up before. */
  #calleeLeft(how: End["how"]): void {
    const expected =
      this.#first !== undefined || (how === "fin" && (this.#traffic.isHabit ?? this.#traffic.closeForetold));
    const inFlight = this.#traffic.openCount() > 0;
    const passed = { upstream: this.#bytesUp, downstream: this.#bytesDown };
    this.#closing.end();
    this.#finish({ by: "callee", how }, how === "rst" ? "reset" : "closed");
    if (!expected) this.#options.context.sign({ is: "cut", how, inFlight, passed });
  }

  /** A rule has had its way: nothing more goes either way, and the caller sees what the rule says. */
  #sever(instead: Instead, work: Work, everySecond?: Buffer): void {
    if (this.#state !== "open") return;
    this.#traffic.end("closed");
    if (instead === "hang" && work.on && this.#first === undefined) {
      this.#state = "hanging";
      this.#hungBy = work;
      part(this.#callee, this.#options.world);
      this.#caller.resume();
      if (everySecond !== undefined) this.#beat = beat(this.#caller, everySecond, this.#options.world);
      return;
    }
    this.#finish({ by: "tap", how: instead === "reset" ? "rst" : "fin" }, "closed");
    if (instead === "reset") reset(this.#caller);
    this.#part();
  }

  #refuse(error: Error | undefined): void {
    this.#state = "refusing";
    this.#record({ edge: "refused" });
    const code = codeOf(error);
    // Other errors (no more file descriptors, say) are our own trouble, not the mark of a fault.
    if (code === "ECONNREFUSED" || code === "ECONNRESET") this.#options.context.sign({ is: "refused" });
    this.#stopReading = readRefused(this.#caller, this.#traffic, this.#options.world, () => this.#giveUp());
  }

  #giveUp(): void {
    if (this.#state !== "refusing") return;
    this.#state = "parted";
    this.#stopReading?.();
    this.#traffic.end("refused");
    reset(this.#caller);
  }

  #finish(end: End, ended: Exchange["ended"]): void {
    this.#state = "ended";
    this.#beat?.cancel();
    this.#traffic.end(this.#first?.by === "caller" ? "caller-left" : ended);
    this.#first ??= end;
    this.#record({ edge: "closed", ...this.#first, bytesUp: this.#bytesUp, bytesDown: this.#bytesDown });
  }

  #resetBoth(): void {
    this.#state = "parted";
    reset(this.#caller);
    reset(this.#callee);
  }

  #part(): void {
    this.#state = "parted";
    part(this.#caller, this.#options.world);
    part(this.#callee, this.#options.world);
  }

  #record(event: Pick<ConnectionEvent, "edge" | "by" | "how" | "bytesUp" | "bytesDown">): void {
    const { context, number } = this.#options;
    context.recorder.record({ type: "connection", link: context.link, connection: number, ...event });
  }
}
