/** What `silent-empty` has to say of answers that lost what they always held. */
import type { Shape } from "../history/shape.ts";
import { witnessesMax, type Finding } from "./check.ts";
import type { Contract } from "./emptiness-contract.ts";

export interface Suspect {
  readonly tool: string;
  readonly key: string;
  readonly shape: Shape;
  readonly grade: Finding["grade"];
  /** It was a fault that emptied the upstream's answer. */
  readonly byFault: boolean;
  count: number;
  readonly witnesses: { readonly op: string; readonly events: readonly string[] }[];
}

export function findingsOf(suspects: readonly Suspect[], contracts: ReadonlyMap<string, Contract>): Finding[] {
  const groups = new Map<string, Pick<Suspect, "tool" | "grade" | "byFault"> & { readonly of: Suspect[] }>();
  for (const entry of suspects) {
    const contract = contracts.get(entry.key);
    if (contract?.is !== "learned" || contract.lostIn(entry.shape) === undefined) continue;
    const { tool, grade, byFault } = entry;
    const name = `${tool} ${grade} ${byFault}`;
    const group = groups.get(name) ?? { tool, grade, byFault, of: [] };
    groups.set(name, group);
    group.of.push(entry);
  }
  return [...groups.values()].map((group) => findingAbout({ ...group, contracts }));
}

const upstreamWords: Readonly<Record<Finding["grade"], string>> = {
  violation: "while what it needed from its upstream failed",
  weakness: "although the upstream gave no reason for it",
  info: "as the upstream itself may have said",
};

function findingAbout(
  about: Pick<Suspect, "tool" | "grade" | "byFault"> & {
    readonly of: readonly Suspect[];
    readonly contracts: ReadonlyMap<string, Contract>;
  },
): Finding {
  const { tool, grade, byFault, of, contracts } = about;
  const emptied = grade === "info" && byFault;
  const count = of.reduce((sum, entry) => sum + entry.count, 0);
  const witnesses = of.flatMap((entry) => entry.witnesses).slice(0, witnessesMax);
  const lost = new Set<string>();
  for (const entry of of) {
    const contract = contracts.get(entry.key);
    if (contract?.is === "learned") for (const path of contract.lostIn(entry.shape) ?? []) lost.add(path);
  }
  const examples = witnesses.slice(0, 3).map(({ op }) => op);
  return {
    grade,
    blames: emptied ? "harness" : grade === "info" ? "upstream" : "server",
    says:
      `${count} ${tool} ${count === 1 ? "call" : "calls"} answered success without ${[...lost].slice(0, 3).join(", ")}, ` +
      `which every baseline answer held, ${emptied ? "as a fault made its upstream say" : upstreamWords[grade]}: ${examples.join(", ")}`,
    why: "The agent takes nothing for the truth and goes on; monitoring that counts errors stays green.",
    fix: "Answer with isError and a reason when an upstream fails; keep an empty list for an upstream that said so.",
    witness: {
      events: [...new Set(witnesses.flatMap(({ events }) => events))].slice(0, witnessesMax),
      ops: witnesses.map(({ op }) => op),
    },
  };
}
