/** The ops that show a finding best, and the events that tell their story. */
import { witnessesMax, type Finding } from "./check.ts";

export interface Witness {
  readonly op: string;
  readonly weight: number;
  readonly events: readonly string[];
}

/** Keeps the weightiest; which they are does not hang on the order in which ops were seen. */
export function keepWitness(witnesses: Witness[], witness: Witness): void {
  const last = witnesses.length < witnessesMax ? undefined : witnesses.at(-1);
  if (last !== undefined && inOrder(last, witness) < 0) return;
  const known = witnesses.findIndex(({ op }) => op === witness.op);
  if (known !== -1) {
    if ((witnesses[known]?.weight ?? 0) >= witness.weight) return;
    witnesses.splice(known, 1);
  }
  witnesses.push(witness);
  witnesses.sort(inOrder);
  witnesses.length = Math.min(witnesses.length, witnessesMax);
}

function inOrder(a: Witness, b: Witness): number {
  return b.weight - a.weight || (a.op < b.op ? -1 : 1);
}

export function examplesOf(witnesses: readonly Witness[]): string {
  return witnesses
    .slice(0, 3)
    .map(({ op }) => op)
    .join(", ");
}

export function witnessOf(witnesses: readonly Witness[]): Finding["witness"] {
  // The story of the first op in full, as far as there is room.
  const [first, ...others] = witnesses;
  const events = [...(first?.events ?? []), ...others.flatMap(({ events }) => events)];
  return { events: [...new Set(events)].slice(0, witnessesMax), ops: witnesses.map(({ op }) => op) };
}
