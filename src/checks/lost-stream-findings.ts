/** What is said of event streams that were not resumed as they should be. */
import { counted } from "../units.ts";
import type { Finding } from "./check.ts";

export type StreamWrong = "foreign" | "twice" | "shared" | "tail" | "refused";

export interface Wrongs {
  count: number;
  readonly events: string[];
  readonly ops: string[];
}

interface Words extends Pick<Finding, "grade" | "why" | "fix"> {
  readonly says: string;
}

const words: Readonly<Record<StreamWrong, Words>> = {
  foreign: {
    grade: "violation",
    says: "brought messages of other streams when resumed",
    why: "A server MUST NOT replay messages that would have been delivered on a different stream: one caller gets what was said to another.",
    fix: "Keep with each event the stream that it belongs to, and replay only events of the stream that the named one is of.",
  },
  twice: {
    grade: "violation",
    says: "brought what had come before once more when resumed",
    why: "Last-Event-ID names the last event that came; only what is behind it is missing. Whoever acts on each message acts twice.",
    fix: "Replay from behind the named event.",
  },
  shared: {
    grade: "violation",
    says: "brought events whose ids another stream of the session had for others",
    why: "An event's id MUST be unique across all streams of a session, or nobody can tell which stream is to be resumed.",
    fix: "Put the stream's own name into the ids of its events, or count over all streams of the session.",
  },
  tail: {
    grade: "violation",
    says: "never brought the answer when resumed, which the server had given before",
    why: "The server gives ids and takes the request to resume, so its caller waits for an answer that is lost.",
    fix: "Keep each event before it is sent, and replay all that are behind the named one.",
  },
  refused: {
    grade: "weakness",
    says: "had ids to resume by, but no resuming was to be had",
    why: "Ids on events say that a stream can be resumed; callers wait and ask in vain, and have no answer in the end.",
    fix: "Answer GET with Last-Event-ID, or give events no ids.",
  },
};

export function streamFindings(
  server: string,
  { wrongs, looked }: { readonly wrongs: ReadonlyMap<StreamWrong, Wrongs>; readonly looked: number },
): Finding[] {
  return [...wrongs].map(([wrong, { count, events, ops }]) => {
    const { grade, says, why, fix } = words[wrong];
    const many = `${counted(count, "event stream")} of ${server} ${says}`;
    return {
      grade,
      blames: "server",
      says: `${many} (of ${looked} looked at)`,
      why,
      fix,
      witness: { events, ops },
    };
  });
}
