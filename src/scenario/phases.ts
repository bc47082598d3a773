/** What a scenario's phases are called, and how long each is. */
import type { Scenario } from "./resolve.ts";
import type { ScenarioOutput } from "./schema.ts";

/** The phases in order, each with the name that histories call it. */
export function phasesOf(phases: readonly ScenarioOutput["phases"][number][]): Scenario["phases"] {
  const planned: Scenario["phases"][number][] = [];
  let episodes = 0;
  for (const phase of phases) {
    if (phase["warm-up"] !== undefined) {
      planned.push({ phase: "warm-up", role: "warm-up", durationMs: phase["warm-up"] });
    } else if (phase.baseline !== undefined) {
      planned.push({ phase: "baseline", role: "baseline", durationMs: phase.baseline });
    } else {
      episodes += 1;
      const name = phase.name ?? (episodes === 1 ? "fault" : `fault-${episodes}`);
      planned.push({ phase: name, role: "fault", durationMs: phase.fault ?? 0 });
      if (phase.recovery !== undefined) {
        planned.push({ phase: `${name}.recovery`, role: "recovery", durationMs: phase.recovery });
      }
    }
  }
  return planned;
}
