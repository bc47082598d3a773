import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { readFile } from "node:fs/promises";
import { squall, temporaryFolder } from "./squall.ts";

const yaml = fileURLToPath(new URL("../../scenarios/duplicate-effects.yaml", import.meta.url));

test("a scenario in TypeScript plans the same as in YAML, in a folder where nothing is installed", async () => {
  await using folder = await temporaryFolder();
  const scenario: unknown = parse(await readFile(yaml, "utf8"));
  const typescript = `import { defineScenario } from "squall";\nexport default defineScenario(${JSON.stringify(scenario)});\n`;
  await writeFile(join(folder.path, "same.ts"), typescript);
  await copyFile(yaml, join(folder.path, "same.yaml"));
  const plan = (file: string) => squall(["run", file, "--dry-run", "--json"], { cwd: folder.path });
  const [fromTypeScript, fromYaml] = [await plan("same.ts"), await plan("same.yaml")];
  expect(fromTypeScript, fromTypeScript.stderr).toMatchObject({ code: 0 });
  expect(fromTypeScript.stdout).toBe(fromYaml.stdout);
});
