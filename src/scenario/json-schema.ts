import { z } from "zod";
import { scenarioSchema } from "./schema.ts";

/** The JSON Schema of a scenario as text, for editors: what a person may write, before defaults and units are applied. */
export function scenarioJsonSchema(): string {
  const schema = z.toJSONSchema(scenarioSchema, { io: "input", unrepresentable: "any" });
  return `${JSON.stringify({ ...schema, title: "Squall scenario", $comment: "squall.scenario/1" }, undefined, 2)}\n`;
}
