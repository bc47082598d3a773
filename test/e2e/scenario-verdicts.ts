/** What every built-in scenario that is named for a check shows of it, on the server that it is for and on an honest one. */
import { describe, expect, test } from "vitest";
import { brief, hardened, isFull, squall, temporaryFolder, verdictsFrom } from "./squall.ts";

/** The check is the one that the scenario is named for, where no other is given. */
export function showsItsCheck(name: keyof typeof brief, finds: RegExp, shown: string = name): void {
  describe(name, () => {
    test("finds the defect it is for, and only that", async () => {
      await using folder = await temporaryFolder();
      const { ended, ...verdicts } = await verdictsFrom([name, ...brief[name]], folder.path);
      expect(verdicts, JSON.stringify(verdicts)).toMatchObject({ verdict: "fail", exitCode: 1, mode: "faults" });
      expect(ended.code).toBe(1);
      const failed = verdicts.checks.filter(({ verdict }) => verdict === "fail");
      expect(failed.map(({ check }) => check)).toEqual([shown]);
      const [finding] = failed[0]?.findings ?? [];
      expect(finding?.witness.events.length).toBeGreaterThan(0);
      expect(finding?.says).toMatch(finds);
    });

    test("is silent on the hardened server, and says how much it looked at", async () => {
      await using folder = await temporaryFolder();
      const { ended, ...verdicts } = await verdictsFrom([name, ...brief[name], ...hardened], folder.path);
      expect(verdicts, JSON.stringify(verdicts)).toMatchObject({ verdict: "pass", exitCode: 0, gaps: [] });
      expect(ended.code).toBe(0);
      const check = verdicts.checks.find((candidate) => candidate.check === shown);
      expect(check?.looked).toBeGreaterThan(0);
      expect(check?.strength).toMatch(/^0 /);
      const warnings = verdicts.checks.flatMap(({ findings }) => findings.filter(({ grade }) => grade !== "info"));
      expect(warnings).toEqual([]);
    });
  });

  describe.runIf(isFull)(`${name} without its faults (left to CI: SQUALL_ROUNDS=full)`, () => {
    test.each([
      ["with its defect", []],
      ["hardened", hardened],
    ] as const)("finds nothing in a control run on the server %s", async (_, sets) => {
      await using folder = await temporaryFolder();
      const args = [name, ...brief[name], ...sets, "--no-faults"];
      const { code, stdout, stderr } = await squall(["run", ...args], { cwd: folder.path });
      expect(code, stdout + stderr).toBe(0);
      expect(stdout).toContain("CONTROL PASSED");
      expect(stdout).not.toContain("violation");
    });
  });
}
