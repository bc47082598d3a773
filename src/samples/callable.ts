/**
 * Which of a server's tools may be called by whoever has not been told what they do: those that say they only read, and
 * those that a person names. What a server says of itself is a hint; that it is believed is said wherever it is.
 */
import { suggest } from "../scenario/mistakes.ts";
import type { Mistake } from "../errors.ts";
import type { ListedTool } from "./arguments.ts";

export type MayCall =
  | { readonly may: true; readonly because: string }
  | { readonly may: false; readonly because: string; readonly hint: string };

export function mayCall({ name, hints }: Pick<ListedTool, "name" | "hints">, allowed: readonly string[]): MayCall {
  if (allowed.includes(name)) return { may: true, because: "named with --allow-tool" };
  const hint = `if that does no harm: --allow-tool ${name}`;
  if (hints.readOnly !== true) {
    const says = hints.readOnly === false ? "it says that it changes something" : "it does not say that it only reads";
    return { may: false, because: `${says}${hints.destructive === true ? ", and that it destroys" : ""}`, hint };
  }
  // A tool that is both has one of the two wrong, and nobody knows which.
  if (hints.destructive === true) {
    return { may: false, because: "it says that it only reads, and that it destroys", hint };
  }
  return { may: true, because: "it says that it only reads (readOnlyHint)" };
}

/** Names that the server does not have: what a person has mistyped must not pass in silence. */
export function unknownAllowed(allowed: readonly string[], tools: readonly Pick<ListedTool, "name">[]): Mistake[] {
  const names = tools.map(({ name }) => name);
  return allowed
    .filter((name) => !names.includes(name))
    .map((name) => ({
      path: "--allow-tool",
      says: `the server has no tool "${name}"`,
      hint: suggest(name, names.slice(0, namesMost)),
    }));
}

const namesMost = 50;
