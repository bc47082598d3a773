/**
 * A stdio server as its client has it: lines to its stdin, lines from its stdout. Behind it stand a tap and one
 * process, which lives as long as the pipe does. Both wires speak over it; links implement it.
 */
export interface StdioPipe {
  /** Sends one line; the newline is added. On a closed pipe it goes nowhere. */
  send(line: string): void;
  /** To be called once, before the first line is sent. */
  listen(listener: PipeListener): void;
  /** Closes stdin, and ends the process if it does not end by itself; resolves when it is gone. */
  close(): Promise<void>;
}

export interface PipeListener {
  /** One line of stdout as it came, garbage too, without its newline. */
  readonly onLine: (line: Buffer) => void;
  /** A line was longer than 10 MiB and has been passed over; SDKs close the connection here. */
  readonly onOverlong: () => void;
  /** Told once, unless the client closed the pipe itself: stdout has ended, or the process has. */
  readonly onClosed: () => void;
}
