/** What the check says of real servers that are broken in other ways, or stalled in another. */
import { describe, expect, test } from "vitest";
import { brief, eachOf, isFull, temporaryFolder, verdictsFrom } from "./squall.ts";

const run = async (sets: readonly string[]) => {
  await using folder = await temporaryFolder();
  const args = ["timeout-cascade", ...brief["timeout-cascade"], ...sets.flatMap((set) => ["--set", set])];
  const { checks } = await verdictsFrom(args, folder.path);
  return checks.find(({ check }) => check === "timeout-cascade");
};

describe.runIf(isFull)("timeout-cascade on other servers and stalls (left to CI: SQUALL_ROUNDS=full)", () => {
  test("servers with other defects stop when they are told to", async () => {
    const defects = ["swallow-errors", "eager-retry", "ignore-request-id"];
    const found = await eachOf(defects, 2, (defect) => run([`servers.cloud.defects=[${defect}]`]));
    for (const [index, check] of found.entries()) {
      expect(check, defects[index]).toMatchObject({ verdict: "pass", findings: [] });
      expect(check?.looked).toBeGreaterThan(5);
    }
  });

  const slowly = "faults=[{link: cloud->cloud-api, kind: latency, delay: 3s, during: stall, at: 500ms, for: 3700ms}]";

  test("an upstream that answers late tells the two servers apart as well", async () => {
    const fixtures = ["servers.cloud.fixture=cloud-hardened", "servers.cloud.defects=[ignore-cancel]"];
    const [hardened, broken] = await eachOf(fixtures, 2, (set) => run([slowly, set]));
    expect(hardened).toMatchObject({ verdict: "pass", findings: [] });
    expect(broken).toMatchObject({ verdict: "fail", findings: [{ grade: "violation", blames: "server" }] });
  });

  test("callers that hang up or go silent are no evidence of disobedience", async () => {
    const pinned = "servers.cloud.protocol=2025-11-25";
    const found = await eachOf(["close", "abandon"], 2, (how) =>
      run([pinned, `agents.planner.policy.onTimeout=${how}`]),
    );
    for (const check of found) {
      expect(check).toMatchObject({
        verdict: "unknown",
        looked: 0,
        findings: [{ grade: "weakness", blames: "server" }],
      });
    }
  });

  test("callers that hang up have cancelled where the revision says so", async () => {
    const found = await run(["servers.cloud.protocol=2026-07-28", "agents.planner.policy.onTimeout=close"]);
    expect(found).toMatchObject({ verdict: "fail", findings: [{ grade: "violation", blames: "server" }] });
  });
});
