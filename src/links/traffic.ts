/** What a connection and whoever reads its bytes have to say to each other; bytes are passed on whatever is read. */
import type { Sign } from "../faults/handles.ts";
import type { Exchange, Recorder } from "../history/events.ts";
import type { Tracer } from "../history/ids.ts";
import type { AnswerRules, Eater } from "./answer-rules.ts";
import type { Waits } from "./waits.ts";

export type LinkProtocol = "mcp" | "http" | "tcp";

/** What all connections of one link share. */
export interface LinkContext {
  readonly link: string;
  readonly protocol: LinkProtocol;
  readonly recorder: Recorder;
  readonly tracer: Tracer;
  readonly waits: Waits;
  /** How long exchanges take to their last byte, and connections to close that both sides are done with. */
  readonly exchangeWaits: Waits;
  readonly closeWaits: Waits;
  readonly rules: AnswerRules;
  readonly sign: (sign: Sign) => void;
}

export interface Passage {
  /** What of the bytes the caller shall have. */
  readonly pass: readonly Buffer[];
  /** Set once an answer has been eaten whole; nothing more may reach the caller. */
  readonly eatenBy?: Eater;
}

/** One connection's traffic, read as it passes. */
export interface Traffic {
  /** Bytes of the caller, already passed on. */
  up(chunk: Buffer): void;
  down(chunk: Buffer): Passage;
  /** The callee has ended its stream, which may complete an answer. */
  downEnded(): Passage;
  /** The caller has ended its stream: it sends nothing more, and most likely waits for nothing more. */
  upEnded(): void;
  /** How many requests await their answer or the rest of it. */
  openCount(): number;
  /** The callee has said that it would close now: no mark of a fault. */
  readonly closeForetold: boolean;
  /** Reading on would tell no more about the first request. */
  readonly requestKnown: boolean;
  /** Gives the sign `silent` for whatever has had no answer yet. */
  reportSilence(): void;
  /** Records every exchange that is still open as ended so. Nothing is read afterwards. */
  end(ended: Exchange["ended"]): void;
}
