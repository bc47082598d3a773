/** Runners with Toxiproxy in a container, killed: whatever the moment, no container outlives them. */
import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Owner } from "../../src/engines/lease.ts";
import { sweepLapsed } from "../../src/engines/lease-sweep.ts";
import { realWorld, seededRandom } from "../../src/world.ts";
import { rounds } from "../rounds.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { containersLeftBy, containersOf, dockerLacks, suiteOf } from "./docker-under-test.ts";
import { killed } from "./lease-peers.ts";

const world = realWorld;
const kills = rounds(20, 5);

function startRunner(base: string, nonce: string) {
  const file = fileURLToPath(new URL("docker-runner.ts", import.meta.url));
  return spawn(process.execPath, [file, base, nonce], { stdio: ["ignore", "pipe", "inherit"] });
}

async function startedRunner(base: string, nonce: string): Promise<ReturnType<typeof startRunner>> {
  const runner = startRunner(base, nonce);
  let heard = "";
  for await (const part of runner.stdout as AsyncIterable<Buffer>) {
    heard += part.toString();
    if (heard.includes("ready")) return runner;
  }
  throw new Error(`the runner ended before its container was up, after: ${heard}`);
}

describe.skipIf(dockerLacks !== undefined)(suiteOf("a runner with a container that is killed"), () => {
  test("when it is up leaves none, and no lease", async () => {
    await using folder = await temporaryFolder();
    const nonce = world.nonce();
    const runner = await startedRunner(folder.path, nonce);
    expect(await containersOf(nonce)).toHaveLength(1);
    await killed(runner);
    expect(await containersLeftBy(nonce)).toEqual([]);
    while ((await readdir(folder.path)).length > 0) await world.sleep(50);
  });

  test("at whatever moment of its start leaves none either", { timeout: 120_000 }, async () => {
    await using folder = await temporaryFolder();
    const random = seededRandom(42, "moments");
    const nonces = Array.from({ length: kills }, () => world.nonce());
    for (const nonce of nonces) {
      const runner = startRunner(folder.path, nonce);
      runner.stdout.resume();
      await world.sleep(150 + random.next() * 700);
      await killed(runner);
    }
    for (const nonce of nonces) expect(await containersLeftBy(nonce)).toEqual([]);
    // Nor does one come later that the daemon was still creating.
    await world.sleep(2000);
    for (const nonce of nonces) expect(await containersOf(nonce)).toEqual([]);
  });

  test("together with its reaper is cleaned up after by the sweep", async () => {
    await using folder = await temporaryFolder();
    const nonce = world.nonce();
    const runner = await startedRunner(folder.path, nonce);
    const containers = await containersOf(nonce);
    expect(containers).toHaveLength(1);
    const owner = JSON.parse(await readFile(join(folder.path, nonce, "owner.json"), "utf8")) as Owner;
    process.kill(owner.reaper.pid, "SIGKILL");
    await killed(runner);
    expect(await sweepLapsed({ world, base: folder.path })).toEqual({
      leases: [{ run: `run-${nonce}`, killed: [], containers }],
    });
    expect(await containersOf(nonce)).toEqual([]);
    expect(await readdir(folder.path)).toEqual([]);
  });
});
