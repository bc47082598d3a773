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

test("a scenario that ends the process is no pass", async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "quits.ts"), "process.exit(0);\n");
  await writeFile(join(folder.path, "waits.ts"), "await new Promise(() => {});\nexport default {};\n");
  for (const file of ["quits.ts", "waits.ts"]) {
    const { code, stderr } = await squall(["run", file], { cwd: folder.path });
    expect(stderr, file).toContain("before there was a result");
    expect(code, file).toBe(64);
  }
});

test("in a folder nothing is run to see whether it is a scenario", async () => {
  await using folder = await temporaryFolder();
  await copyFile(yaml, join(folder.path, "one.yaml"));
  await writeFile(join(folder.path, "server.js"), 'throw new Error("nobody asked for me");\n');
  await writeFile(join(folder.path, "two.scenario.ts"), "export default 5;\n");
  const both = await squall(["run", ".", "--dry-run"], { cwd: folder.path });
  expect(both.stderr).toContain("two.scenario.ts");
  expect(both.stderr).not.toContain("nobody asked for me");
  expect(both.code).toBe(64);
});
