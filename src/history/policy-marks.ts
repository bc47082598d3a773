/** What a policy leaves in the history beside the attempts themselves. */
import type { LostStream } from "./lost-stream.ts";

export interface AttemptMarks {
  /** What the server itself said of trying again, in fields. */
  readonly retryable?: boolean;
  readonly suggestedAction?: string;
  /** Sent beside one that was still under way. */
  readonly hedged?: true | undefined;
  /** By what was listed its tool goes by this name, and was called so. */
  readonly calledAs?: string | undefined;
  /** Its answer was not the last word (it asked for input, or told of a task at work), and the next request goes on from it. */
  readonly goesOn?: true;
  /** It carried a requestState that its agent had changed, which its server must refuse. */
  readonly tampered?: true;
  /** Its event stream was lost before the answer, and its agent asks for the rest of such streams. */
  readonly lostStream?: LostStream;
}

export interface EndMarks {
  /** Why its agent's policy did not try again, though it would have liked to. */
  readonly heldBack?: string;
  /** It was not run, and later steps go on with an earlier answer in place of its own. */
  readonly fallback?: true;
}
