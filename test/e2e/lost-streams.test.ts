/** One scenario with a server of each era: the same lost streams, and opposite ways to have their answers. */
import { describe, expect, test } from "vitest";
import { temporaryFolder, verdictsFrom } from "./squall.ts";

async function verdictWith(defects: string) {
  await using folder = await temporaryFolder();
  const { ended, checks } = await verdictsFrom(
    ["lost-streams", "--set", `servers.old.defects=[${defects}]`],
    folder.path,
  );
  const check = checks.find((candidate) => candidate.check === "lost-streams");
  expect(
    checks.find((candidate) => candidate.check === "duplicate-effects"),
    defects,
  ).toMatchObject({ verdict: "pass" });
  return { code: ended.code, check };
}

describe("lost-streams", () => {
  test("an honest server resumes each, and where nothing is resumed each is asked for anew", async () => {
    const { code, check } = await verdictWith("");
    expect(check).toMatchObject({ verdict: "pass", findings: [] });
    expect(check?.strength).toMatch(
      /^0 of (\d+) lost streams of old wrongly resumed, \1 to the answer; (\d+) calls? of \2 at new asked anew, where nothing is resumed$/,
    );
    expect(code).toBe(0);
  });

  test.each([
    ["replay-foreign", "violation", /^\d+ event streams? of old brought messages of other streams when resumed/],
    ["deliver-twice", "violation", /^\d+ event streams? of old brought what had come before once more when resumed/],
    ["lose-tail", "violation", /^\d+ event streams? of old never brought the answer when resumed/],
    ["refuse-resume", "weakness", /^\d+ event streams? of old had ids to resume by, but no resuming was to be had/],
  ] as const)("finds %s", async (defect, grade, says) => {
    const { code, check } = await verdictWith(defect);
    const verdict = grade === "violation" ? "fail" : "pass";
    expect(check).toMatchObject({
      verdict,
      findings: [{ grade, blames: "server", says: expect.stringMatching(says) }],
    });
    expect(code).toBe(grade === "violation" ? 1 : 0);
  });
});
