import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { filesFolder } from "../../src/engines/lease-files.ts";
import { openLease } from "../../src/engines/lease.ts";
import { groupFile, groupLives, membersOf, signalGroup, underLease } from "../../src/processes.ts";
import { realWorld } from "../../src/world.ts";
import { alive, aliveAfter, openDen, type Den } from "./lease-peers.ts";
import { until } from "../waiting.ts";

const world = realWorld;

function startUnder(lease: string, den: Den): number {
  const [file, args] = underLease(lease, den.docile);
  const child = spawn(file, args, { detached: true, stdio: "ignore" });
  if (child.pid === undefined) throw new Error("the target did not start");
  return child.pid;
}

test.concurrent("a lease names its owner and its reaper, and nobody else can read it", async () => {
  await using den = await openDen();
  const lease = await openLease({ world, run: { id: "run-1", nonce: "00000001" }, base: den.base });
  expect(lease.directory).toBe(join(den.base, "00000001"));
  const owner = JSON.parse(await readFile(join(lease.directory, "owner.json"), "utf8")) as Record<string, unknown>;
  expect(owner).toMatchObject({ run: "run-1", pid: process.pid, reaper: { pid: expect.any(Number) } });
  expect((await stat(lease.directory)).mode & 0o077).toBe(0);
  await lease.close();
});

test.concurrent("closing ends the reaper, removes the lease, and does not call it broken", async () => {
  await using den = await openDen();
  const lease = await openLease({ world, run: { id: "run-1", nonce: "00000001" }, base: den.base });
  expect(await alive(den.mark)).toHaveLength(1);
  await Promise.all([lease.close(), lease.close()]);
  expect(await alive(den.mark)).toEqual([]);
  expect(await readdir(den.base)).toEqual([]);
  expect(await Promise.race([lease.broken, world.sleep(50).then(() => "quiet")])).toBe("quiet");
});

test.concurrent("what was written for servers goes with the lease", async () => {
  await using den = await openDen();
  const lease = await openLease({ world, run: { id: "run-1", nonce: "00000001" }, base: den.base });
  const folder = join(filesFolder(lease.directory), "mine");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "config.json"), "{}");
  await lease.close();
  expect(await readdir(den.base)).toEqual([]);
});

test.concurrent("closing one of two leases leaves the other's processes alone", async () => {
  await using den = await openDen();
  const first = await openLease({ world, run: { id: "run-1", nonce: "00000001" }, base: den.base });
  const second = await openLease({ world, run: { id: "run-2", nonce: "00000002" }, base: den.base });
  const [mine, other] = [startUnder(first.directory, den), startUnder(second.directory, den)];
  await until(() => existsSync(groupFile(first.directory, mine)) && existsSync(groupFile(second.directory, other)));
  // Somebody forgot to stop a target: it must not outlive its run for that.
  await first.close();
  expect(groupLives(mine)).toBe(false);
  expect(groupLives(other)).toBe(true);
  expect(await readdir(den.base)).toEqual(["00000002"]);
  await second.close();
  expect(groupLives(other)).toBe(false);
});

test.concurrent("a reaper that dies is reported, and closing does its work", async () => {
  await using den = await openDen();
  const lease = await openLease({ world, run: { id: "run-1", nonce: "00000001" }, base: den.base });
  const target = startUnder(lease.directory, den);
  await until(() => existsSync(groupFile(lease.directory, target)));
  const text = await readFile(join(lease.directory, "owner.json"), "utf8");
  process.kill((JSON.parse(text) as { reaper: { pid: number } }).reaper.pid, "SIGKILL");
  expect((await lease.broken).message).toMatch(/reaper ended before the run \(SIGKILL\)/);
  await lease.close();
  expect(await aliveAfter(den.mark, 1000)).toEqual([]);
  expect(await readdir(den.base)).toEqual([]);
});

test.concurrent("a reaper that cannot start is an error, and leaves no lease", async () => {
  await using den = await openDen();
  const broken = { ...world, execPath: "/bin/false" };
  const opening = openLease({ world: broken, run: { id: "run-1", nonce: "00000001" }, base: den.base });
  await expect(opening).rejects.toThrow("the reaper did not start: exit code 1");
  const missing = { ...world, execPath: "/nowhere/node" };
  const again = openLease({ world: missing, run: { id: "run-1", nonce: "00000001" }, base: den.base });
  await expect(again).rejects.toThrow("ENOENT");
  expect(await readdir(den.base)).toEqual([]);
});

test.concurrent("a runner that ends without closing is not kept alive by its lease", async () => {
  await using den = await openDen();
  const code = `
    const { openLease } = await import(${JSON.stringify(new URL("../../src/engines/lease.ts", import.meta.url).href)});
    const { realWorld } = await import(${JSON.stringify(new URL("../../src/world.ts", import.meta.url).href)});
    await openLease({ world: realWorld, run: { id: "run-1", nonce: "00000001" }, base: process.argv[1] });
  `;
  const runner = spawn(process.execPath, ["--input-type=module", "-e", code, den.base], { stdio: "inherit" });
  expect(await once(runner, "exit")).toEqual([0, null]);
  expect(await aliveAfter(den.mark, 5000)).toEqual([]);
  expect(await readdir(den.base)).toEqual([]);
});

test
  .runIf(existsSync("/proc/self/stat"))
  .concurrent("a group of which only zombies are left does not live", async () => {
    const code = `
    const child = require("node:child_process").spawn("cat", { detached: true, stdio: ["pipe", "ignore", "ignore"] });
    console.log(child.pid);
  `;
    const parent = spawn(process.execPath, ["-e", code], { stdio: ["ignore", "pipe", "ignore"] });
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const leader = Number(line.toString());
    try {
      // A parent that is halted does not collect its child, as the first process of many containers never does.
      parent.kill("SIGSTOP");
      expect(groupLives(leader)).toBe(true);
      signalGroup(leader, "SIGKILL");
      await until(() => membersOf(leader)?.length === 0);
      expect(signalGroup(leader, 0)).toBe(true);
      expect(groupLives(leader)).toBe(false);
    } finally {
      parent.kill("SIGKILL");
    }
  });

test.concurrent("signals that would reach everyone, or ourselves, are refused", () => {
  for (const leader of [0, 1, -5, Number.NaN, 1.5, process.pid]) {
    expect(() => signalGroup(leader, 0)).toThrow("refusing");
  }
});
