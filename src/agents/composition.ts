/** One policy out of its parts, in whatever order they are written. */
import type { z } from "zod";
import type { Policy } from "./policy.ts";
import { usualReconnecting } from "./reconnect.ts";
import { partNames, policyParts, type PolicyParts } from "./registry.ts";
import { usualSessions } from "./sessions.ts";

type Shape = { readonly [Name in keyof PolicyParts]: z.ZodOptional<PolicyParts[Name]["attributes"]> };

// TypeScript cannot follow a record through map, so the type of the shape is spelled out.
export const partsShape = Object.fromEntries(
  Object.entries(policyParts).map(([name, { about, attributes }]) => [name, attributes.optional().describe(about)]),
) as unknown as Shape;

/** What a scenario may write of the parts. */
export type WrittenParts = {
  readonly [Name in keyof PolicyParts]?: Readonly<z.input<PolicyParts[Name]["attributes"]>>;
};

/** Parts as they are written, by their names; what else is written is none of a part. */
export function composePolicy(written: Readonly<Record<string, unknown>>): Policy {
  const brought = partNames.flatMap((name) =>
    written[name] === undefined ? [] : [policyParts[name].prepare(written[name])],
  );
  const reactions = brought.flatMap(({ reaction }) => (reaction === undefined ? [] : [reaction]));
  const hedge = brought.find((one) => one.hedge !== undefined)?.hedge;
  const deadline = brought.find((one) => one.deadline !== undefined)?.deadline;
  const discovery = brought.find((one) => one.discovery !== undefined)?.discovery;
  const tries = Math.max(1, ...reactions.map(({ attemptsMax }) => attemptsMax));
  return {
    attemptsMax: tries * (1 + (hedge?.most ?? 0)),
    reactions,
    guards: brought.flatMap(({ guard }) => (guard === undefined ? [] : [guard])),
    ...(hedge === undefined ? {} : { hedge }),
    ...(deadline === undefined ? {} : { deadline }),
    ...(discovery === undefined ? {} : { discovery }),
    sessions: brought.find(({ sessions }) => sessions !== undefined)?.sessions ?? usualSessions,
    reconnect: brought.find((one) => one.reconnect !== undefined)?.reconnect ?? usualReconnecting,
    freshKeys: brought.some(({ freshKeys }) => freshKeys === true),
    needsHints: brought.some(({ needsHints }) => needsHints === true),
  };
}
