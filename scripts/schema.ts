// Writes schema/scenario.schema.json, which editors use; a test fails when it is not what the code says.
import { writeFileSync } from "node:fs";
import { scenarioJsonSchema } from "../src/scenario/json-schema.ts";

writeFileSync(new URL("../schema/scenario.schema.json", import.meta.url), scenarioJsonSchema());
