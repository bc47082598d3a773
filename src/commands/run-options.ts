/** What `squall run` was asked for, and the plan that follows from it. */
import type { EngineChoice } from "../engines/registry.ts";
import type { FailOn } from "../history/declared.ts";
import { planScenario, type Plan } from "../plan/plan.ts";
import type { Sizes } from "../scenario/resize.ts";
import type { Scenario } from "../scenario/resolve.ts";

export interface RunOptions {
  readonly seed?: number;
  readonly engine: EngineChoice;
  readonly tag: string[];
  readonly set: string[];
  readonly reporter: string[];
  readonly out: string;
  /** In milliseconds. */
  readonly duration?: number;
  readonly agents: Sizes["agents"];
  readonly faults: boolean;
  readonly repeat?: number;
  readonly workers?: number;
  readonly failOn: FailOn;
  readonly dryRun?: true;
  readonly allowHost: string[];
  readonly mcpConfig?: string;
  readonly quiet?: true;
  readonly json?: true;
}

export function planOf(scenario: Scenario, { faults }: Pick<RunOptions, "faults">): Plan {
  return planScenario(scenario, faults ? "faults" : "control");
}
