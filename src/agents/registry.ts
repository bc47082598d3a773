/** The policies. To add one: a file beside this one, and its line here. */
import { none } from "./none.ts";
import type { PolicyKind } from "./policy.ts";
import { retry } from "./retry.ts";

export const policyKinds = [none, retry] as const satisfies readonly PolicyKind[];

export function policyKindNamed(name: string): PolicyKind {
  const found = policyKinds.find(({ kind }) => kind === name);
  if (found === undefined) throw new Error(`no policy ${name}`);
  return found;
}
