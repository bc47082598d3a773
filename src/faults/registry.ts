/** The fault kinds. To add one: a file beside this one, and its line here. */
import { egressBlock } from "./egress-block.ts";
import { flap } from "./flap.ts";
import type { FaultKind } from "./handles.ts";
import { latency } from "./latency.ts";
import { lostAnswer } from "./lost-answer.ts";

export const faultKinds = [egressBlock, flap, latency, lostAnswer] as const satisfies readonly FaultKind[];

export function faultKindNamed(name: string): FaultKind {
  const found = faultKinds.find(({ kind }) => kind === name);
  if (found === undefined) throw new Error(`no fault kind ${name}`);
  return found;
}
