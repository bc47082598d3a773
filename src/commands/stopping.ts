/** Listening to signals: the first lets the run heal and close, the second does not wait for answers. */
import type { Io } from "./io.ts";
import type { Live } from "./live.ts";

export interface Stopping {
  readonly stopping: AbortSignal;
  readonly hurrying: AbortSignal;
  /** Hands the screen over, so that whoever has something to say does not write into it. */
  readonly watch: (live: Live | undefined) => void;
}

export function listenToSignals(io: Pick<Io, "onSignal" | "stderr">): Stopping {
  const stopping = new AbortController();
  const hurrying = new AbortController();
  let live: Live | undefined;
  io.onSignal((signal) => {
    if (stopping.signal.aborted) {
      hurrying.abort();
      return;
    }
    const what = signal === "SIGINT" ? "Interrupted" : "Asked to stop";
    const says = `\n${what}: healing and closing (again: do not wait for answers)\n`;
    if (live === undefined) io.stderr(says);
    else live.say(says);
    stopping.abort(signal);
  });
  return {
    stopping: stopping.signal,
    hurrying: hurrying.signal,
    watch: (shown) => {
      live = shown;
    },
  };
}
