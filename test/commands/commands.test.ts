import { describe, expect, test } from "vitest";
import { checks } from "../../src/checks/registry.ts";
import { main } from "../../src/commands/main.ts";
import { faultKinds } from "../../src/faults/registry.ts";
import { policyKinds } from "../../src/agents/registry.ts";
import { reporters } from "../../src/reporters/registry.ts";
import { version } from "../../src/version.ts";
import { realWorld } from "../../src/world.ts";

/** The real command line, with its streams in memory. */
async function squall(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  let stdout = "";
  let stderr = "";
  const code = await main(argv, {
    stdout: (text) => (stdout += text),
    stderr: (text) => (stderr += text),
    colour: false,
    cwd: import.meta.dirname,
    world: realWorld,
    onSignal: () => {},
  });
  return { code, stdout, stderr };
}

test("--version prints the package's version", async () => {
  expect(await squall("--version")).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});

test("--help names every command", async () => {
  const { code, stdout } = await squall("--help");
  expect(code).toBe(0);
  for (const command of ["run", "check", "report", "list", "schema", "clean"])
    expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
});

describe("usage that cannot be understood exits 64, says why, and what to do", () => {
  test.each([
    [["rum"], "Did you mean run?"],
    [["run"], "missing required argument"],
    [["run", "silent-empty", "--sed", "5"], "Did you mean one of --seed"],
    [["run", "silent-empty", "--seed", "x"], 'a whole number from 0 to 2147483647, got "x"'],
    [["run", "silent-emty"], 'did you mean "silent-empty"?'],
    [["run", "silent-empty", "--engine", "dcoker"], 'there is no engine "dcoker"'],
    [["run", "silent-empty", "--reporter", "jsn"], 'did you mean "json"?'],
    [["run", "silent-empty", "--tag", "nightly"], "no scenario has the tags nightly"],
    [["list", "fautls"], 'did you mean "faults"?'],
    [["check", "nowhere"], "cannot be read as a history"],
    [["report", "nowhere"], "judge the run first: squall check"],
  ])("squall %s", async (argv, says) => {
    const { code, stdout, stderr } = await squall(...argv);
    expect(stderr).toContain(says);
    expect(code).toBe(64);
    expect(stdout).toBe("");
    expect(stderr).not.toContain("    at ");
  });
});

test("with --json a mistake is a document too, and stdout holds nothing else", async () => {
  const { code, stdout } = await squall("run", "silent-emty", "--json");
  expect(code).toBe(64);
  expect(JSON.parse(stdout)).toMatchObject({
    schema: "squall.error/1",
    exitCode: 64,
    mistakes: [{ path: "silent-emty" }],
  });
});

test("list prints every kind from the registries, as text and as JSON", async () => {
  const { stdout } = await squall("list", "--json");
  const names = (entries: readonly { name: string }[]): string[] => entries.map(({ name }) => name);
  const listed = JSON.parse(stdout) as Record<string, { name: string }[]>;
  expect(names(listed["faults"] ?? [])).toEqual(faultKinds.map(({ kind }) => kind));
  expect(names(listed["checks"] ?? [])).toEqual(checks.map(({ name }) => name));
  expect(names(listed["policies"] ?? [])).toEqual(policyKinds.map(({ kind }) => kind));
  expect(names(listed["reporters"] ?? [])).toEqual(reporters.map(({ name }) => name));
  expect(names(listed["scenarios"] ?? [])).toEqual(["duplicate-effects", "silent-empty"]);
  expect((await squall("list", "faults")).stdout).toMatch(/^faults\n {2}egress-block {2}Nothing gets through/);
});

test("schema prints the schema that is kept for editors", async () => {
  const { stdout } = await squall("schema");
  expect(JSON.parse(stdout)).toMatchObject({ title: "Squall scenario", additionalProperties: false });
});

test("--dry-run tells phases, agents and faults, and starts nothing", async () => {
  const { code, stdout, stderr } = await squall("run", "silent-empty", "--dry-run", "--set", "faults[0].at=1s");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatchInlineSnapshot(`
    "silent-empty  seed 42  faults  9s
    phases
          0ms – 3s       baseline
           3s – 7s       outage
           7s – 9s       outage.recovery
    agents
      planner: 10 chain walks a second, by 10 agents in turn
    faults
      egress-block on cloud->cloud-api (outage.0)
             4s – 7s     
    Nothing was started.
    "
  `);
});
