/** What a target is to the rest: an address that answers, and for those that Squall started, an end. */
import type { TargetEvent } from "../history/events.ts";
import type { Herd } from "./herd.ts";

export type TargetRole = TargetEvent["role"];

export interface Target {
  readonly name: string;
  readonly role: TargetRole;
  readonly url: URL;
  /** Ends what Squall started; a target that it did not start is left as it is. */
  stop(): Promise<void>;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface ProcessTarget extends Target {
  readonly herd: Herd;
  /** Of the process that was started last. */
  readonly pid: number;
  /** However it ended for good; never rejects. */
  readonly exited: Promise<Exit>;
  /** The end of what it wrote to stderr, 64 KiB at most. */
  readonly stderrTail: () => string;
}

/** An address as histories and messages show it: passwords and queries stay out of them. */
export function shownAddress(url: URL): string {
  // Not its origin, which is null where the scheme is not one of the web's.
  return `${url.protocol}//${url.host}${url.pathname}`;
}
