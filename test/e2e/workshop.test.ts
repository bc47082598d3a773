/** Tasks that must outlive their process, and states that must be refused when changed: by honest servers and broken ones. */
import { describe, expect, test } from "vitest";
import { temporaryFolder, verdictsFrom } from "./squall.ts";

async function verdictOf(scenario: string, defects: string) {
  await using folder = await temporaryFolder();
  const { ended, checks } = await verdictsFrom(
    [scenario, "--set", `servers.workshop.defects=[${defects}]`],
    folder.path,
  );
  return { code: ended.code, check: checks.find(({ check }) => check === scenario) };
}

describe.each([
  ["lost-tasks", "tasks-in-memory", /^\d+ tasks? of workshop.Build, begun by its own word, it did not know any more/],
  ["tampered-state", "trust-state", /^workshop.Order went on with \d+ requestStates? that had been changed/],
] as const)("%s", (scenario, defect, says) => {
  test(`finds ${defect}`, async () => {
    const { code, check } = await verdictOf(scenario, defect);
    expect(check).toMatchObject({
      verdict: "fail",
      findings: [{ grade: "violation", blames: "server", says: expect.stringMatching(says) }],
    });
    expect(code).toBe(1);
  });

  test("passes an honest server", async () => {
    const { code, check } = await verdictOf(scenario, "");
    expect(check).toMatchObject({ verdict: "pass", findings: [] });
    expect(code).toBe(0);
  });
});
