/**
 * An event stream that was lost before it had brought the answer to a request, and what came where its caller asked for
 * the rest (revisions from 2025-03-26 on, until 2026-07-28 took that away). Only callers who ask have it in the history.
 */
export interface LostStream {
  /** When it was lost, from the sending of its request on. */
  readonly afterUs: number;
  /** Events that had come whole. */
  readonly events: number;
  /** The id of the last event that had one, in one line and without secrets. Absent: there is nothing to ask by. */
  readonly lastEventId?: string;
  /** How long the server wants it to wait before it asks. */
  readonly retryMs?: number;
  /** Events whose id another stream of the session had before: on what is resumed, with something else in it. */
  readonly sharedIds?: number;
  /** In the order in which they were asked for. */
  readonly resumptions: readonly Resumption[];
}

/** One request for what is missing. */
export interface Resumption {
  /** When it was sent, from the sending of the first request on. */
  readonly afterUs: number;
  /**
   * `answer`: what was missing came; `ended`: the stream ended or broke once more without it; `refused`: no stream, but
   * this status; `unreached`: no answer at all; `silent`: its caller's patience ended first.
   */
  readonly came: "answer" | "ended" | "refused" | "unreached" | "silent";
  readonly status?: number;
  /** Events that came on it. */
  readonly events: number;
  /** Events of this stream that had come before. */
  readonly twice?: number;
  /** Messages that belong to other streams of the session. */
  readonly foreign?: number;
}
