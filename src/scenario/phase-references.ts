/** Phases that cannot follow each other so; and the episodes in them, for the faults. */
import type { Finding } from "./mistakes.ts";
import { phasesOf } from "./phases.ts";
import type { Scenario } from "./resolve.ts";
import type { ScenarioOutput } from "./schema.ts";
import type { Survey } from "./survey.ts";

type Phase = ScenarioOutput["phases"][number];

/** Histories call phases so: an episode of the same name could not be told from them. */
const ownPhases: ReadonlySet<string> = new Set(["warm-up", "baseline", "final"]);

export function phaseFindings(phases: Survey["phases"]): Finding[] {
  const unclear = phases.flatMap(({ path, value }) => (value === undefined ? [] : unclearFindings(path, value)));
  const clear = clearPhases(phases);
  // Which phases there are is not known then, and without any the schema has said all there is to say.
  if (clear === undefined || phases.length === 0) return unclear;
  const found = [...unclear];
  const seen = new Set<string>();
  let baselines = 0;
  for (const [index, phase] of clear.entries()) {
    const path = ["phases", index];
    if (phase["warm-up"] !== undefined && index > 0) found.push({ path, says: "a warm-up comes first" });
    if (phase.baseline !== undefined) baselines += 1;
    if (phase.fault === undefined) continue;
    if (baselines === 0) {
      found.push({ path, says: "a baseline comes before the first fault", hint: "put - { baseline: 5s } before it" });
    }
    const name = episodesOf(clear.slice(0, index + 1)).at(-1)?.phase ?? "";
    const at = [...path, "name"];
    if (ownPhases.has(name)) found.push({ path: at, says: `"${name}" is what Squall calls a phase of its own` });
    if (seen.has(name)) found.push({ path: at, says: `another episode is called "${name}" already` });
    seen.add(name);
  }
  if (baselines !== 1) found.push({ path: ["phases"], says: `expected one baseline, got ${baselines}` });
  return found;
}

/** The episodes, or undefined where some phase is wrong, so that nobody can say which there are. */
export function episodesIn(phases: Survey["phases"]): Scenario["phases"] | undefined {
  return phasesIn(phases)?.filter(({ role }) => role === "fault");
}

/** The same, of all phases. */
export function phasesIn(phases: Survey["phases"]): Scenario["phases"] | undefined {
  const clear = clearPhases(phases);
  return clear && phasesOf(clear);
}

function clearPhases(phases: Survey["phases"]): readonly Phase[] | undefined {
  const clear = phases.flatMap(({ value }) => (value !== undefined && kindsOf(value).length === 1 ? [value] : []));
  return clear.length === phases.length ? clear : undefined;
}

function episodesOf(phases: readonly Phase[]): Scenario["phases"] {
  return phasesOf(phases).filter(({ role }) => role === "fault");
}

function kindsOf(phase: Phase): ("warm-up" | "baseline" | "fault")[] {
  return (["warm-up", "baseline", "fault"] as const).filter((kind) => phase[kind] !== undefined);
}

function unclearFindings(path: Finding["path"], phase: Phase): Finding[] {
  const kinds = kindsOf(phase);
  if (kinds.length !== 1) {
    return [{ path, says: "expected one of { warm-up }, { baseline } or { fault, recovery }" }];
  }
  if (kinds[0] === "fault" || (phase.recovery === undefined && phase.name === undefined)) return [];
  return [{ path, says: "recovery and name belong to a fault" }];
}
