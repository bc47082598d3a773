import { z } from "zod";
import { byRule, ruleOf, whichRequests } from "./by-rule.ts";
import { type GivenAnswer, type MadeAnswer } from "./handles.ts";
import { faultKind } from "./kinds.ts";
import { asEvents, eventOf } from "./made-answers.ts";

type Where = "before" | "within" | "after";

export const sseCut = faultKind({
  kind: "sse-cut",
  about: "The callee acts, and its answer comes as an event stream that breaks off.",
  callerSees: "an event stream that ends before the answer, inside it, or right behind it",
  plane: "protocol",
  tags: { seen: "explicit", lasts: "transient" },
  mayBelieve: "unknown",
  executes: [1],
  only: { plane: "agent-server", wire: "http" },
  attributes: z.strictObject({
    ...whichRequests,
    where: z
      .enum(["before", "within", "after"])
      .default("within")
      .describe("before the event that holds the answer, within it, or after it"),
    events: z
      .int()
      .min(0)
      .optional()
      .describe("it breaks off behind so many events, where these are fewer than come before the answer"),
  }),
  prepare: ({ where, events, ...asking }) =>
    byRule(ruleOf(asking, { does: "replace-answer", make: (_asked, given) => cutStream(given, { where, events }) })),
});

interface Cut {
  readonly where: Where;
  readonly events: number | undefined;
}

function cutStream(given: GivenAnswer | undefined, { where, events = Number.POSITIVE_INFINITY }: Cut): MadeAnswer {
  const { before, answer } = partsOf(given);
  const isEarly = events < before.length;
  const rest = { before: "", within: answer.slice(0, Math.ceil(answer.length / 2)), after: answer }[where];
  const body = isEarly ? before.slice(0, events).join("") : before.join("") + rest;
  const answered = where === "after" && !isEarly;
  return { holds: answered ? "data" : "garbage", headers: asEvents, body, unended: { how: "cut", answered } };
}

/**
 * The callee's own events stay as they came, with their ids, so that its caller may resume its stream. An answer that was
 * no stream is made one event.
 */
function partsOf({ text, stream }: Pick<GivenAnswer, "text" | "stream"> = { text: "" }): {
  readonly before: readonly string[];
  readonly answer: string;
} {
  const events = stream?.match(anEvent) ?? [];
  const at = events.findIndex((event) => dataOf(event) === text);
  return { before: events.slice(0, Math.max(0, at)), answer: events[at] ?? eventOf(text) };
}

const anEvent = /[\s\S]+?(?:\r\n\r\n|\n\n|\r\r)/g;

function dataOf(event: string): string {
  const lines = event.split(/\r\n|\n|\r/).flatMap((line) => /^data: ?(.*)$/.exec(line)?.[1] ?? []);
  return lines.join("\n");
}
