import type { Failure } from "./lean-channel.ts";

/**
 * A stdio server as its client has it: lines to its stdin, lines from its stdout. Behind it stand a tap and one
 * process, which lives as long as the pipe does. Both wires speak over it; links implement it.
 */
export interface StdioPipe {
  /** Sends one line; the newline is added. On a closed pipe it goes nowhere. `id`: of the request that it holds. */
  send(line: string, id?: number): void;
  /** To be called once, before the first line is sent. */
  listen(listener: PipeListener): void;
  /** Closes stdin, and ends the process if it does not end by itself; resolves when it is gone. */
  close(): Promise<void>;
}

export interface PipeListener {
  /** One line of stdout as it came, garbage too, without its newline. */
  readonly onLine: (line: Buffer) => void;
  /** A request was refused before anybody read it, so no line will answer it. Over real pipes that does not happen. */
  readonly onRefused?: (id: number, failure: Failure) => void;
  /** A line was longer than 10 MiB and has been passed over; SDKs close the connection here. */
  readonly onOverlong: () => void;
  /** Told once, unless the client closed the pipe itself: stdout has ended, or the process has. */
  readonly onClosed: () => void;
}
