/** Whichever Toxiproxy makes the faults, the verdict is the same, and nothing of it outlives the run. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Verdicts } from "../../src/reporters/verdicts.ts";
import { seededRandom } from "../../src/world.ts";
import { closedAddress } from "../engines/peers.ts";
import {
  alive,
  brief,
  canSeeProcesses,
  eachOf,
  hardened,
  nothingIsLeft,
  rounds,
  squall,
  started,
  startSquall,
  temporaryFolder,
  verdictsFrom,
} from "./squall.ts";

interface EngineInUse {
  /** As --engine takes it. */
  readonly engine: string;
  /** Why it cannot be tried here. */
  readonly absent?: string;
  /** In how many moments its runner is killed: in CI, and on a laptop. */
  readonly kills: readonly [full: number, quick: number];
}

const noBinary = process.env["SQUALL_TOXIPROXY"] === undefined ? { absent: "SQUALL_TOXIPROXY names none" } : {};

const engines: readonly EngineInUse[] = [{ engine: "binary", ...noBinary, kills: [5, 2] }];

const scenarios = rounds<readonly (keyof typeof brief)[]>(Object.keys(brief) as (keyof typeof brief)[], [
  "silent-empty",
  "duplicate-effects",
]);
const servers = rounds([[], hardened], [[]]);

function told({ verdict, exitCode, checks, gaps, notCovered }: Verdicts) {
  return {
    verdict,
    exitCode,
    checks: checks.map(({ check, verdict, findings }) => ({
      check,
      verdict,
      grades: [...new Set(findings.map(({ grade }) => grade))],
    })),
    gaps,
    notCovered,
  };
}

describe.each(engines)("--engine $engine", ({ engine, absent, kills: [full, quick] }) => {
  const name = absent === undefined ? "" : ` (${absent})`;

  describe.skipIf(absent !== undefined)(`is told from the embedded one by its name alone${name}`, () => {
    const cases = scenarios.flatMap((scenario) => servers.map((sets) => ({ scenario, sets })));
    test.each(cases)("in $scenario $sets", { timeout: 90_000 }, async ({ scenario, sets }) => {
      await using one = await temporaryFolder();
      await using other = await temporaryFolder();
      const args = [scenario, ...brief[scenario], ...sets];
      const usual = await verdictsFrom(args, one.path);
      const asked = await verdictsFrom([...args, "--engine", engine], other.path);
      expect(usual.engine?.kind).toBe("embedded");
      expect(asked.engine?.kind).toBe(engine);
      expect(told(asked), JSON.stringify(asked)).toEqual(told(usual));
    });
  });

  describe.skipIf(absent !== undefined || !canSeeProcesses)(`leaves nothing behind${name}`, () => {
    test("kill -9 of its runner at any moment", { timeout: 300_000 }, async () => {
      const random = seededRandom(42, "kill", engine);
      const moments = Array.from({ length: rounds(full, quick) }, () => random.integer(0, 7000));
      await eachOf(moments, 2, async (afterMs) => {
        await using folder = await temporaryFolder();
        const running = startSquall(["run", "silent-empty", ...brief["silent-empty"], "--engine", engine], {
          cwd: folder.path,
          // Leases of its own, so that none of them can be another run's.
          env: { TMPDIR: folder.path },
        });
        await sleep(afterMs);
        running.child.kill("SIGKILL");
        await running.ended;
        await nothingIsLeft(running);
        expect(await leasesIn(folder.path)).toEqual([]);
      });
    });
  });
});

async function leasesIn(folder: string): Promise<readonly string[]> {
  const home = (await readdir(folder)).find((name) => name.startsWith("squall-"));
  return home === undefined ? [] : readdir(join(folder, home, "leases")).catch(() => []);
}

describe.skipIf("absent" in noBinary || !canSeeProcesses)("a toxiproxy-server that dies in mid-run", () => {
  test(
    "comes back, the run goes on, and nothing is believed that it may have spoilt",
    { timeout: 60_000 },
    async () => {
      await using folder = await temporaryFolder();
      const args = ["run", "silent-empty", ...brief["silent-empty"], ...hardened, "--engine", "binary", "--json"];
      const running = startSquall(args, { cwd: folder.path });
      await started(running, "outage.recovery (");
      const server = (await alive(running.mark)).find((line) => line.includes("-host 127.0.0.1 -port")) ?? "";
      process.kill(Number.parseInt(server, 10), "SIGKILL");
      const { code, stdout } = await running.ended;
      expect(code, stdout).toBe(2);
      expect(JSON.parse(stdout)).toMatchObject({
        verdict: "unknown",
        gaps: [{ gap: "engine-restarted", says: expect.stringContaining("it ended with signal SIGKILL") }],
      });
      await nothingIsLeft(running);
    },
  );
});

test.each([
  ["a file that is none", { SQUALL_TOXIPROXY: "/nowhere/at-all" }, 64, "SQUALL_TOXIPROXY names /nowhere/at-all"],
  ["no file at all", { SQUALL_TOXIPROXY: "", PATH: "/nowhere" }, 64, "--engine binary needs a toxiproxy-server"],
] as const)("--engine binary with %s is said in one line", async (_, env, code, says) => {
  await using folder = await temporaryFolder();
  const ended = await squall(["run", "silent-empty", "--quiet", "--engine", "binary"], { cwd: folder.path, env });
  expect(ended, ended.stderr).toMatchObject({ code, stdout: "" });
  expect(ended.stderr).toContain(`squall: ${says}`);
  expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1);
});

test("a URL where nobody answers is not reached", async () => {
  await using folder = await temporaryFolder();
  const { port } = await closedAddress();
  const args = ["run", "silent-empty", "--quiet", "--engine", `http://127.0.0.1:${port}`];
  const { code, stderr } = await squall(args, { cwd: folder.path });
  expect(code, stderr).toBe(75);
  expect(stderr).toMatch(/ECONNREFUSED.*: start a Toxiproxy there, or use --engine embedded\n$/);
});
