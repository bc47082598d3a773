/**
 * A connection whose two ends are in this thread: both behave like sockets, and no byte crosses the system. Between the
 * tap and the embedded engine that spares four calls of the system a request, about half of what they cost.
 */
import { Duplex } from "node:stream";
import type { Conduit } from "../conduit.ts";

/** About what the system itself keeps of a connection on one machine before its writer has to wait. */
const bufferBytes = 1024 * 1024;

/** What a socket that is paused has read all the same. */
const readAheadBytes = 64 * 1024;

/** The caller's end, which says `connect` in a moment, and the callee's, which is connected and paused. */
export function joined(): readonly [caller: Conduit, callee: Conduit] {
  const caller = new JoinedEnd();
  const callee = new JoinedEnd();
  caller.join(callee);
  callee.join(caller);
  callee.pause();
  queueMicrotask(() => {
    if (!caller.destroyed) caller.emit("connect");
  });
  return [caller, callee];
}

/** The caller's end where nobody listens. */
export function refused(): Conduit {
  const caller = new JoinedEnd();
  caller.destroy(errorOf("ECONNREFUSED"));
  return caller;
}

class JoinedEnd extends Duplex implements Conduit {
  bytesWritten = 0;
  #bytesTaken = 0;
  #other: JoinedEnd | undefined;
  #resets = false;
  /** Whoever has never read notices neither an end nor a reset. */
  #isRead = false;
  /** Whoever has read it to the end notices this only when writing. */
  #isReset = false;
  #isAtEnd = false;
  #waitingWriter: (() => void) | undefined;

  constructor() {
    super({ allowHalfOpen: true, highWaterMark: bufferBytes });
  }

  get bytesRead(): number {
    return this.#isRead ? this.#bytesTaken : 0;
  }

  join(other: JoinedEnd): void {
    this.#other = other;
  }

  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }

  resetAndDestroy(): this {
    this.#resets = true;
    return this.destroy();
  }

  override resume(): this {
    super.resume();
    if (!this.#isRead && !this.destroyed) {
      this.#isRead = true;
      // What came before is read first.
      if (this.#isReset) this.once("resume", () => queueMicrotask(() => this.#hearReset()));
    }
    return this;
  }

  override _read(): void {
    const writer = this.#waitingWriter;
    this.#waitingWriter = undefined;
    writer?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, written: (error?: Error) => void): void {
    const other = this.#other;
    if (other === undefined || this.#isReset) return written(errorOf("ECONNRESET"));
    this.bytesWritten += chunk.length;
    if (other.destroyed) {
      // The first write to one that is gone is sent in vain, and brings the reset.
      written();
      this.#hearReset();
    } else if (other.#takes(chunk)) written();
    else other.#waitingWriter = written;
  }

  override _final(ended: () => void): void {
    const other = this.#other;
    if (other !== undefined && !other.destroyed) other.#hearEnd();
    ended();
  }

  override _destroy(error: Error | null, destroyed: (error?: Error | null) => void): void {
    const other = this.#other;
    const isCut = this.#waitingWriter !== undefined;
    this.#waitingWriter = undefined;
    if (other !== undefined && !other.destroyed) {
      // What was not read is lost, and its writer is told so, as when a socket is closed.
      if (isCut || this.#resets || this.#hasUnread()) other.#hearReset(isCut);
      else if (!this.writableFinished) other.#hearEnd();
    }
    destroyed(error);
  }

  #hasUnread(): boolean {
    return this.readableLength > (this.#isRead ? readAheadBytes : 0);
  }

  #hearEnd(): void {
    this.#isAtEnd = true;
    this.push(null);
    // As with sockets, whoever only pauses hears of the end once nothing is left to read.
    if (this.#isRead) this.read(0);
  }

  #hearReset(isWriting = false): void {
    this.#isReset = true;
    if (isWriting || (this.#isRead && !this.#isAtEnd)) this.destroy(errorOf("ECONNRESET"));
  }

  #takes(chunk: Buffer): boolean {
    this.#bytesTaken += chunk.length;
    return chunk.length === 0 || this.push(chunk);
  }
}

function errorOf(code: "ECONNREFUSED" | "ECONNRESET"): Error {
  const says = code === "ECONNREFUSED" ? "the proxy is switched off" : "the other end has reset it";
  return Object.assign(new Error(`${says} (${code})`), { code });
}
