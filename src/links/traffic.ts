/** What a connection and whoever reads its bytes have to say to each other. */
import type { Instead, Sign } from "../faults/handles.ts";
import type { Exchange, Recorder } from "../history/events.ts";
import type { Tracer } from "../history/ids.ts";
import type { Rules, Work } from "./rules.ts";
import type { StreamedAnswers } from "./streamed-answers.ts";
import type { TcpHabits } from "./tcp-habits.ts";
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
  readonly habits: TcpHabits;
  readonly rules: Rules;
  /** Where what has ended is recorded, for it may be answered on another connection. */
  readonly streamed: StreamedAnswers;
  readonly sign: (sign: Sign) => void;
}

/** The two ways out of a traffic, and what it may ask of its connection. */
export interface Outlet {
  toCallee(bytes: Buffer): void;
  toCaller(bytes: Buffer): void;
  /** Sends it beside this connection; whoever calls back tells whether it went. Returns how to stop it, which tells whether it went already. */
  aside(
    request: { readonly bytes: Buffer; readonly bodiless: boolean },
    onOver: (sent: boolean) => void,
  ): () => boolean;
  /** Nothing more goes either way, and the caller sees what a rule says; hanging, it may get these bytes each second. */
  sever(how: Instead, work: Work, everySecond?: Buffer): void;
  /** Nothing is held back any more: an end that waited behind it may follow. */
  settled(): void;
  /** Both sides are there, so that holding something back makes sense. */
  readonly open: boolean;
}

/** One connection's traffic, read as it passes and passed on at once, but for what a rule holds back. */
export interface Traffic {
  /** Both sides are connected. */
  opened?(): void;
  /** Bytes of the caller. */
  up(chunk: Buffer): void;
  down(chunk: Buffer): void;
  /** The callee has ended its stream, which may complete an answer. */
  downEnded(): void;
  /** Something is held back that shall go to the callee, or to the caller. */
  readonly holds: boolean;
  /** Lets go what this rule holds back. */
  release(work: Work): void;
  /** The caller has ended its stream: it sends nothing more, and most likely waits for nothing more. */
  upEnded(): void;
  /** How many requests await their answer or the rest of it. */
  openCount(): number;
  /** The callee has said that it would close now: no mark of a fault. */
  readonly closeForetold: boolean;
  /** It always closes like this; where absent, only what it has said counts. */
  readonly isHabit?: boolean;
  /** Reading on would tell no more about the first request. */
  readonly requestKnown: boolean;
  /** Gives the sign `silent` for whatever has had no answer yet. */
  reportSilence(): void;
  /** Records every exchange that is still open as ended so. Nothing is read afterwards. */
  end(ended: Exchange["ended"]): void;
}
