/** What a scenario in TypeScript imports. */
export { defineScenario, type ScenarioInput } from "./scenario/schema.ts";
