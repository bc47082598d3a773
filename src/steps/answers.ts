/** Scripted answers as a scenario has them: what a person, a model or the client itself says when the server asks back. */
import { z } from "zod";
import { duration } from "../units.ts";
import type { Answers, ScriptedAnswer } from "../wire/asked-back.ts";

const delay = duration().optional().describe("how long it takes");
const never = z.literal(true).optional().describe("nobody answers at all");

export const answersSchema = z.strictObject({
  elicitation: z
    .strictObject({
      accept: z.record(z.string(), z.unknown()).optional().describe("with these values; may hold ${…}"),
      decline: z.literal(true).optional().describe("a person says no"),
      cancel: z.literal(true).optional().describe("a person closes it without a choice"),
      never,
      delay,
    })
    .optional()
    .describe("what a person says to elicitation/create"),
  sampling: z
    .strictObject({ text: z.string().optional().describe("may hold ${…}"), never, delay })
    .optional()
    .describe("what a model says to sampling/createMessage"),
  roots: z
    .strictObject({ uris: z.array(z.string()).optional().describe("file:// URIs; may hold ${…}"), never, delay })
    .optional()
    .describe("what the client says to roots/list"),
});

export type WrittenAnswers = z.output<typeof answersSchema>;

export type { Answers };

/** Of each kind, the ways to answer it, of which one is taken. */
export const waysToAnswer = {
  elicitation: ["accept", "decline", "cancel", "never"],
  sampling: ["text", "never"],
  roots: ["uris", "never"],
} as const satisfies Record<keyof WrittenAnswers, readonly string[]>;

/** Values in it are not filled in yet. */
export function answersOf({ elicitation, sampling, roots }: WrittenAnswers): Answers {
  return {
    ...(elicitation === undefined
      ? {}
      : { "elicitation/create": timed(elicitation, (): Plain => elicitationAnswer(elicitation)) }),
    ...(sampling === undefined
      ? {}
      : {
          "sampling/createMessage": timed(sampling, () => ({
            is: "text",
            result: {
              role: "assistant",
              content: { type: "text", text: sampling.text ?? "" },
              model: "scripted",
              stopReason: "endTurn",
            },
          })),
        }),
    ...(roots === undefined
      ? {}
      : {
          "roots/list": timed(roots, () => ({
            is: "roots",
            result: { roots: (roots.uris ?? []).map((uri) => ({ uri })) },
          })),
        }),
  };
}

type Plain = Pick<ScriptedAnswer, "is" | "result">;

function timed(
  { never: isNever, delay: delayMs }: { readonly never?: true | undefined; readonly delay?: number | undefined },
  answer: () => Plain,
): ScriptedAnswer {
  if (isNever === true) return { is: "never" };
  return { ...answer(), ...(delayMs === undefined ? {} : { delayMs }) };
}

function elicitationAnswer({ accept, decline }: NonNullable<WrittenAnswers["elicitation"]>): Plain {
  if (accept !== undefined) return { is: "accept", result: { action: "accept", content: accept } };
  const action = decline === true ? "decline" : "cancel";
  return { is: action, result: { action } };
}
