/** One scenario with a server of each era: the same hang-ups, and opposite expectations. */
import { describe, expect, test } from "vitest";
import { temporaryFolder, verdictsFrom } from "./squall.ts";

const honest = ["--set", "servers.old.defects=[]", "--set", "servers.new.defects=[]"];

describe("disconnect", () => {
  test("finds each server's own mistake by its own revision", async () => {
    await using folder = await temporaryFolder();
    const { ended, checks } = await verdictsFrom(["disconnect"], folder.path);
    const check = checks.find((candidate) => candidate.check === "disconnect");
    expect(check, JSON.stringify(checks)).toMatchObject({ verdict: "fail" });
    expect(ended.code).toBe(1);
    const told = check?.findings.map(({ grade, says }) => `${grade}: ${says.split(" calls ")[0]}`) ?? [];
    expect(told).toContainEqual(expect.stringMatching(/^weakness: old \(2025-11-25\) dropped the work of \d+ of \d+$/));
    expect(told).toContainEqual(expect.stringMatching(/^violation: new \(2026-07-28\) committed \d+ of \d+$/));
    expect(checks.filter(({ verdict }) => verdict === "fail").map((failed) => failed.check)).toEqual(["disconnect"]);
  });

  test("passes honest servers, the one that goes on and the one that stops", async () => {
    await using folder = await temporaryFolder();
    const { ended, checks } = await verdictsFrom(["disconnect", ...honest], folder.path);
    const check = checks.find((candidate) => candidate.check === "disconnect");
    expect(check, JSON.stringify(checks)).toMatchObject({ verdict: "pass", findings: [] });
    expect(ended.code).toBe(0);
    expect(check?.strength).toMatch(
      /^0 of \d+ calls .* at old \(2025-11-25\); 0 of \d+ calls .* at new \(2026-07-28\)$/,
    );
  });
});
