import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { defectNames } from "../../fixtures/cloud/defects.ts";
import { commandOf, fixtureNamed, fixtures } from "../../src/targets/fixtures.ts";
import { realWorld } from "../../src/world.ts";
import { openStand } from "./stand.ts";

test("every fixture's entry is a file that is there, and no name is given twice", () => {
  for (const { name, entry } of fixtures) expect(existsSync(entry), `${name}: ${entry}`).toBe(true);
  expect(new Set(fixtures.map(({ name }) => name)).size).toBe(fixtures.length);
});

test("the cloud server is offered with exactly the defects that it knows", () => {
  expect([...fixtureNamed("cloud").defects].sort()).toEqual([...defectNames].sort());
});

test("every fixture starts with the environment of its entry, whatever our own says, and stops", async () => {
  await using stand = await openStand();
  const world = { ...realWorld, env: { ...realWorld.env, PORT: "1", DEFECTS: "no-such-defect" } };
  const said = await Promise.all(
    fixtures.map(async (fixture) => {
      const env = { ...fixture.env, CLOUD_API_URL: "http://127.0.0.1:9/" };
      const target = await stand.start({ name: fixture.name, command: commandOf(fixture, world), env, world });
      while (!target.stderrTail().includes("\n")) await world.sleep(5);
      await target.stop();
      expect(await target.exited, fixture.name).toEqual({ code: 0, signal: null });
      return [fixture.name, target.stderrTail()] as const;
    }),
  );
  const words = Object.fromEntries(said);
  expect(words["cloud"]).toContain("defects: none");
  expect(words["cloud-hardened"]).toContain("defects: none");
  for (const defect of fixtureNamed("cloud-naive").defects) expect(words["cloud-naive"]).toContain(defect);
});
