// Writes what follows from the code: schema/scenario.schema.json, which editors use, docs/faults.md and docs/policies.md,
// which people read. A test fails when one of them is not what the code says.
import { writeFileSync } from "node:fs";
import { scenarioJsonSchema } from "../src/scenario/json-schema.ts";
import { faultsPage } from "./faults-page.ts";
import { policiesPage } from "./policies-page.ts";

writeFileSync(new URL("../schema/scenario.schema.json", import.meta.url), scenarioJsonSchema());
writeFileSync(new URL("../docs/faults.md", import.meta.url), faultsPage());
writeFileSync(new URL("../docs/policies.md", import.meta.url), policiesPage());
