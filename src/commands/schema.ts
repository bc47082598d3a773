import { scenarioJsonSchema } from "../scenario/json-schema.ts";
import type { AddCommand } from "./main.ts";

export const addSchema: AddCommand = (program, io) => {
  program
    .command("schema")
    .description("print the JSON Schema of a scenario, for editors")
    .action(() => io.stdout(scenarioJsonSchema()));
};
