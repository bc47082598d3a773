/** What the documents say is tried: every scenario in them loads, and their tables are what the code has. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { faultsPage } from "../../scripts/faults-page.ts";
import { policiesPage } from "../../scripts/policies-page.ts";
import { exitCodes } from "../../src/errors.ts";
import { faultKinds } from "../../src/faults/registry.ts";
import { reporters } from "../../src/reporters/registry.ts";
import { loadScenario } from "../../src/scenario/load.ts";
import { fixtures } from "../../src/targets/fixtures.ts";
import { squall } from "../commands/squall.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const documents = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
  (file) => file.endsWith(".md") && !/node_modules|^reports\/\d|^dist/.test(file),
);
const textOf = (file: string): string => readFileSync(join(root, file), "utf8");

const blocks = documents.flatMap((file) =>
  [...textOf(file).matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = ""], index) => ({ file, index, text })),
);

test("the documents are found", () => {
  expect(documents).toContain("README.md");
  expect(documents).toContain("ARCHITECTURE.md");
  expect(blocks.length).toBeGreaterThan(0);
});

describe("every YAML block of a document is a scenario that loads", () => {
  test.each(blocks)("$file block $index", async ({ file: document, text }) => {
    expect(parse(text)).toHaveProperty("name");
    const folder = mkdtempSync(join(tmpdir(), "squall-doc-"));
    try {
      const file = join(folder, "block.yaml");
      writeFileSync(file, text);
      const clients = join(folder, ".mcp.json");
      const [, config] = /```json\n(\{\n  "mcpServers"[\s\S]*?)```/.exec(textOf(document)) ?? [];
      writeFileSync(clients, config ?? '{ "mcpServers": {} }');
      const mcpConfig = { file: clients, named: ".mcp.json" };
      const env = { API_KEY: "a key" };
      const entryUrl = new URL("../../src/index.ts", import.meta.url);
      await expect(
        loadScenario({ file, named: "block.yaml", sets: [], env, allowHosts: [], fixtures, entryUrl, mcpConfig }),
      ).resolves.toBeDefined();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test("docs/faults.md is what the fault kinds say; if not: npm run schema", () => {
  expect(textOf("docs/faults.md")).toBe(faultsPage());
});

test("docs/policies.md is what the parts of policies and the profiles say; if not: npm run schema", () => {
  expect(textOf("docs/policies.md")).toBe(policiesPage());
});

test("docs/faults.md has every kind, in its table and with an example of it", () => {
  const page = textOf("docs/faults.md");
  for (const { kind } of faultKinds) {
    expect(page).toContain(`| [${kind}](#${kind}) |`);
    expect(page).toContain(`faults: [{ kind: ${kind}, `);
  }
});

test("the README's table of exit codes is the code's", () => {
  const told = [...textOf("README.md").matchAll(/^\| ([\d /]+) \| /gm)].flatMap(([, codes = ""]) =>
    codes.split("/").map(Number),
  );
  expect(told.toSorted((a, b) => a - b)).toEqual(Object.values(exitCodes).toSorted((a, b) => a - b));
});

test("every file that ARCHITECTURE.md links or names is there", () => {
  const named = [...textOf("ARCHITECTURE.md").matchAll(/`((?:src|fixtures)\/[\w/.-]+\.(?:ts|md))`/g)].map(
    ([, file = ""]) => file,
  );
  expect(named.length).toBeGreaterThan(8);
  for (const file of named) expect(() => textOf(file), file).not.toThrow();
});

test("the nightly job for users is one that GitHub reads, and asks for nothing that squall does not know", async () => {
  const text = textOf("docs/ci/github-actions-nightly.yml");
  const { jobs } = z
    .object({ jobs: z.object({ chaos: z.object({ steps: z.array(z.record(z.string(), z.unknown())) }) }) })
    .parse(parse(text));
  const lines = jobs.chaos.steps.flatMap(({ run }) => (typeof run === "string" ? [run] : []));
  const asked = lines.filter((line) => line.startsWith("npx squall ")).map((line) => line.split(" ").slice(2));
  expect(asked.map(([command]) => command)).toEqual(["doctor", "run"]);
  for (const [command = "", ...words] of asked) {
    const { stdout } = await squall(command, "--help");
    for (const option of words.filter((word) => word.startsWith("--"))) expect(stdout).toContain(`${option} `);
  }
  const named = [...text.matchAll(/--reporter (\w+)/g)].map(([, name]) => name);
  expect(reporters.map(({ name }) => name)).toEqual(expect.arrayContaining(named));
});
