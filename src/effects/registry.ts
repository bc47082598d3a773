/** How effects of foreign servers are read back. To add one: a file beside this one, and its line here. */
import { z } from "zod";
import { command } from "./command.ts";
import { http } from "./http.ts";
import type { ReadKind } from "./kinds.ts";
import { redis } from "./redis.ts";
import { sql } from "./sql.ts";
import { tool } from "./tool.ts";

const kinds = { command, http, redis, sql, tool } as const satisfies { readonly [Name in string]: ReadKind<Name> };

export const readKinds: readonly ReadKind[] = Object.values(kinds);

export function readKindNamed(name: string): ReadKind {
  const found = readKinds.find(({ kind }) => kind === name);
  if (found === undefined) throw new Error(`nothing is read back by ${name}`);
  return found;
}

type ReadShape = {
  readonly [Name in keyof typeof kinds]: z.ZodOptional<(typeof kinds)[Name]["attributes"]>;
};

/** One of them: which, and that it is only one, is for the references to say. */
export const readSchema = z.strictObject(
  // TypeScript cannot follow a map through fromEntries.
  Object.fromEntries(
    readKinds.map(({ kind, about, attributes }) => [kind, attributes.optional().describe(about)]),
  ) as unknown as ReadShape,
);
