/** Whole runs whose faults come from Toxiproxy in a container. */
import { setTimeout as sleep } from "node:timers/promises";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../src/world.ts";
import { containersLeftBy, containersOf, dockerLacks, suiteOf } from "../engines/docker-under-test.ts";
import { brief, eachOf, hardened, isFull, nothingIsLeft, onlyRun, rounds, startSquall } from "./squall.ts";
import { temporaryFolder, verdictsFrom } from "./squall.ts";

const onDocker = ["--engine", "docker"];
const all = Object.keys(brief) as (keyof typeof brief)[];
// A laptop tries one that breaks links and one that eats answers; CI tries all.
const scenarios = isFull ? all : all.filter((name) => name === "silent-empty" || name === "duplicate-effects");

describe.skipIf(dockerLacks !== undefined)(suiteOf("runs with --engine docker"), () => {
  test.each(scenarios)(
    "%s finds the defect it is for, as with the embedded engine",
    { timeout: 90_000 },
    async (name) => {
      await using folder = await temporaryFolder();
      const { ended, ...verdicts } = await verdictsFrom([name, ...brief[name], ...onDocker], folder.path);
      expect(verdicts, ended.stdout + ended.stderr).toMatchObject({ verdict: "fail", exitCode: 1 });
      const failed = verdicts.checks.filter(({ verdict }) => verdict === "fail");
      expect(failed.map(({ check }) => check)).toEqual([name]);
      expect(await containersOf(await nonceOf(folder.path))).toEqual([]);
    },
  );

  test.each(scenarios)("%s is silent on the hardened server", { timeout: 90_000 }, async (name) => {
    await using folder = await temporaryFolder();
    const { ended, ...verdicts } = await verdictsFrom([name, ...brief[name], ...hardened, ...onDocker], folder.path);
    expect(verdicts, ended.stdout + ended.stderr).toMatchObject({ verdict: "pass", exitCode: 0, gaps: [] });
  });

  test("kill -9 at any moment leaves neither container nor process", { timeout: 600_000 }, async () => {
    const random = seededRandom(42, "kill docker");
    const moments = Array.from({ length: rounds(5, 3) }, () => random.integer(0, 7000));
    await eachOf(moments, 3, async (afterMs) => {
      await using folder = await temporaryFolder();
      const args = ["run", "duplicate-effects", ...brief["duplicate-effects"], ...onDocker];
      const running = startSquall(args, { cwd: folder.path });
      await sleep(afterMs);
      running.child.kill("SIGKILL");
      await running.ended;
      await nothingIsLeft(running);
      const names = await readdir(join(folder.path, "reports")).catch(() => []);
      for (const name of names) expect(await containersLeftBy(name.slice(-8))).toEqual([]);
    });
  });
});

async function nonceOf(folder: string): Promise<string> {
  return (await onlyRun(folder)).slice(-8);
}
