/** What is wrong with the progress that a server tells, in words. */
import { counted } from "../units.ts";
import type { Finding } from "./check.ts";

export type Trouble =
  | "falls"
  | "falls-perhaps"
  | "after-answer"
  | "after-answer-perhaps"
  | "foreign"
  | "unknown"
  | "malformed"
  | "flood";

export interface Seen {
  readonly trouble: Trouble;
  /** The tool, or where that is not known, the server. */
  readonly what: string;
  /** Calls, or where those are not known, sessions. */
  calls: number;
  count: number;
  readonly events: string[];
  readonly ops: string[];
  readonly examples: string[];
}

interface Words extends Pick<Finding, "grade" | "why" | "fix"> {
  readonly says: (seen: Seen, looked: number) => string;
}

const unordered = "It came on another stream than the rest, and a network may turn those round.";

const falls = {
  says: ({ what, calls, count }, looked) =>
    `${what} told ${counted(calls, "call")} of ${looked} a progress that did not go up, ${count === 1 ? "once" : `${count} times`}`,
  fix: "Count up for each token; where work begins anew, keep the highest value so far, and send nothing while it is not passed.",
} satisfies Pick<Words, "says" | "fix">;

const afterAnswer = {
  says: ({ what, count }) =>
    `${what} told ${counted(count, "progress notification")} of calls that it had answered already`,
  fix: "Send the last progress before the answer, and stop whatever reports it (timers, workers) before answering.",
} satisfies Pick<Words, "says" | "fix">;

const words: Readonly<Record<Trouble, Words>> = {
  falls: {
    ...falls,
    grade: "violation",
    why: "The specification wants each value higher than the one before: what shows it to a person runs backwards, and what waits by it cannot tell work from standing still.",
  },
  "falls-perhaps": {
    ...falls,
    grade: "weakness",
    why: `The specification wants each value higher than the one before. ${unordered}`,
  },
  "after-answer": {
    ...afterAnswer,
    grade: "violation",
    why: "The specification wants progress to stop when its call has ended: clients have forgotten its token, and some take it for an error.",
  },
  "after-answer-perhaps": {
    ...afterAnswer,
    grade: "weakness",
    why: `The specification wants progress to stop when its call has ended. ${unordered}`,
  },
  foreign: {
    grade: "violation",
    says: ({ what, count }) =>
      `${what} told ${counted(count, "progress notification")} to an agent that had not made the call`,
    why: "A token is its caller's: another one learns of work that is not its own, and the caller itself waits without a word.",
    fix: "Keep the token with the call that brought it, not in a place that calls share.",
  },
  unknown: {
    grade: "violation",
    says: ({ what, count }) =>
      `${what} told ${counted(count, "progress notification")} with tokens that no call had given it`,
    why: "The specification allows only tokens of calls that are under way: what carries another one reaches nobody.",
    fix: "Send the progressToken of the call's _meta as it is, also its type, and nothing where there is none.",
  },
  malformed: {
    grade: "violation",
    says: ({ what, count }) =>
      `${what} told ${counted(count, "progress notification")} without a token, or whose progress is no number`,
    why: "Clients that check what they get drop it, so that whoever waits by it gives up.",
    fix: "Send { progressToken, progress } with the token as it was given and a number.",
  },
  flood: {
    grade: "weakness",
    says: ({ what, calls }) =>
      `${what} told ${counted(calls, "call")} of its progress more than a hundred times a second`,
    why: "Each notification is read, passed on and perhaps drawn: both sides should limit their rate.",
    fix: "Send progress when it has changed by something that a person would notice, a few times a second at most.",
  },
};

export function findingAbout(seen: Seen, looked: number): Finding {
  const { says, ...rest } = words[seen.trouble];
  const examples = seen.examples.length === 0 ? "" : `: ${seen.examples.join("; ")}`;
  return {
    ...rest,
    blames: "server",
    says: `${says(seen, looked)}${examples}`,
    witness: { events: seen.events, ops: seen.ops },
  };
}
