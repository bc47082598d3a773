import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chown, mkdir, readdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openLease, type Owner } from "../../src/engines/lease.ts";
import { lapsedRuns, sweepLapsed } from "../../src/engines/lease-sweep.ts";
import { pidNamespace, startFromPs, startOf } from "../../src/engines/process-start.ts";
import { groupFile, groupLives, leaseVariable, signalGroup, userId } from "../../src/processes.ts";
import { realWorld } from "../../src/world.ts";
import { alive, aliveAfter, killed, openDen, startRunner, type Den } from "./lease-peers.ts";

const world = realWorld;
const hasProc = existsSync("/proc/self/stat");

async function identityOf(pid: number): Promise<string> {
  const start = await startOf(pid, world);
  return typeof start === "string" ? start : start.identity;
}

async function deadPid(): Promise<number> {
  const child = spawn("true");
  await once(child, "exit");
  return child.pid ?? 0;
}

/** A lease as a run of the past may have left it: its owner and its reaper are dead, if nothing else is said. */
async function writeLease(den: Den, nonce: string, owner: Partial<Owner> = {}): Promise<string> {
  const directory = join(den.base, nonce);
  await mkdir(directory, { recursive: true });
  const dead = { pid: await deadPid(), startedAt: "then" };
  const whole = { run: `run-${nonce}`, ...dead, reaper: dead, pidNamespace: await pidNamespace(), ...owner };
  await writeFile(join(directory, "owner.json"), JSON.stringify(whole));
  return directory;
}

async function startGroup(den: Den, env: Readonly<Record<string, string>> = {}) {
  const [file, ...args] = den.docile;
  const child = spawn(file, args, {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
    env: { PATH: process.env["PATH"], ...env },
  });
  await once(child.stdout, "data");
  return Object.assign(child, { pid: child.pid ?? 0 });
}

async function age(path: string, byMs: number): Promise<void> {
  const then = new Date(Date.now() - byMs);
  await utimes(path, then, then);
}

test.concurrent("a base that is not there holds nothing to sweep", async () => {
  await using den = await openDen();
  expect(await sweepLapsed({ world, base: den.base })).toEqual({ leases: [] });
});

test.concurrent("lapsed runs can be named without touching them", async () => {
  await using den = await openDen();
  expect(await lapsedRuns({ world, base: join(den.base, "not-there") })).toEqual([]);
  const directory = await writeLease(den, "00000001");
  await writeLease(den, "00000002", { pid: process.pid, startedAt: await identityOf(process.pid) });
  expect(await lapsedRuns({ world, base: den.base })).toEqual(["run-00000001"]);
  expect(existsSync(directory)).toBe(true);
});

test.concurrent("a living run is left alone", async () => {
  await using den = await openDen();
  const runner = startRunner(den, { nonce: "00000001" });
  await runner.said("ready");
  const lease = await openLease({ world, run: { id: "run-2", nonce: "00000002" }, base: den.base });
  const before = await alive(den.mark);
  expect(await sweepLapsed({ world, base: den.base })).toEqual({ leases: [] });
  expect(await alive(den.mark)).toEqual(expect.arrayContaining(before));
  expect((await readdir(den.base)).sort()).toEqual(["00000001", "00000002"]);
  await lease.close();
  await killed(runner.child);
  expect(await aliveAfter(den.mark, 5000)).toEqual([]);
});

test.concurrent("what a runner left that was killed together with its reaper is ended, and told", async () => {
  await using den = await openDen();
  const runner = startRunner(den, { nonce: "00000001", targets: 2 });
  const pids = JSON.parse(await runner.said("ready")) as number[];
  const owner = JSON.parse(await readFile(join(den.base, "00000001", "owner.json"), "utf8")) as Owner;
  process.kill(owner.reaper.pid, "SIGKILL");
  await killed(runner.child);
  expect((await alive(den.mark)).length).toBeGreaterThanOrEqual(4);

  const { leases } = await sweepLapsed({ world, base: den.base });
  expect(leases).toEqual([{ run: "run-00000001", killed: expect.arrayContaining(pids) as number[] }]);
  expect(leases[0]?.killed).toHaveLength(2);
  expect(await alive(den.mark)).toEqual([]);
  expect(await readdir(den.base)).toEqual([]);
  expect(await sweepLapsed({ world, base: den.base })).toEqual({ leases: [] });
});

test.concurrent("two sweeps at once do no harm to each other", async () => {
  await using den = await openDen();
  for (const nonce of ["00000001", "00000002", "00000003"]) await writeLease(den, nonce);
  const both = await Promise.all([sweepLapsed({ world, base: den.base }), sweepLapsed({ world, base: den.base })]);
  expect(both.flatMap(({ leases }) => leases.filter(({ because }) => because !== undefined))).toEqual([]);
  expect(await readdir(den.base)).toEqual([]);
});

test.concurrent("while the reaper works, its lease is left to it", async () => {
  await using den = await openDen();
  const me = { pid: process.pid, startedAt: await identityOf(process.pid) };
  await writeLease(den, "00000001", { reaper: me });
  expect(await sweepLapsed({ world, base: den.base })).toEqual({ leases: [] });
  expect(await readdir(den.base)).toEqual(["00000001"]);
});

test.concurrent("an owner whose number belongs to a younger process now is dead", async () => {
  await using den = await openDen();
  await writeLease(den, "00000001", { pid: process.pid, startedAt: "then" });
  expect(await sweepLapsed({ world, base: den.base })).toEqual({ leases: [{ run: "run-00000001", killed: [] }] });
});

test.concurrent("a lease of another container is left alone: its numbers mean other processes", async () => {
  await using den = await openDen();
  await writeLease(den, "00000001", { pidNamespace: "pid:[1]" });
  expect(await sweepLapsed({ world, base: den.base })).toEqual({ leases: [] });
});

test.concurrent("a process that has only the number of ours is spared", async () => {
  await using den = await openDen();
  const directory = await writeLease(den, "00000001");
  const [stranger, ours] = [await startGroup(den), await startGroup(den)];
  for (const { pid } of [stranger, ours]) await writeFile(groupFile(directory, pid), "");
  await age(groupFile(directory, stranger.pid), 10_000);
  expect(await sweepLapsed({ world, base: den.base })).toEqual({
    leases: [
      {
        run: "run-00000001",
        killed: [ours.pid],
        because: `left ${stranger.pid} alone: it is not what this run started`,
      },
    ],
  });
  expect(groupLives(ours.pid)).toBe(false);
  expect(groupLives(stranger.pid)).toBe(true);
  expect(await readdir(den.base)).toEqual([]);
  signalGroup(stranger.pid, "SIGKILL");
});

test
  .runIf(hasProc)
  .concurrent("children whose leader is gone are ended if they carry the lease's mark, else spared", async () => {
    await using den = await openDen();
    const directory = await writeLease(den, "00000001");
    const ours = await startGroup(den, { [leaseVariable]: directory });
    const strange = await startGroup(den, { [leaseVariable]: `${directory}0` });
    for (const child of [ours, strange]) {
      await writeFile(groupFile(directory, child.pid), "");
      await killed(child);
      expect(groupLives(child.pid)).toBe(true);
    }
    const { leases } = await sweepLapsed({ world, base: den.base });
    expect(leases).toMatchObject([
      { killed: [ours.pid], because: expect.stringContaining(String(strange.pid)) as string },
    ]);
    expect(groupLives(strange.pid)).toBe(true);
    signalGroup(strange.pid, "SIGKILL");
  });

test.concurrent("a lease without a readable owner is left for a minute, then removed", async () => {
  await using den = await openDen();
  for (const nonce of ["0000000a", "0000000b"]) await mkdir(join(den.base, nonce), { recursive: true });
  await writeFile(join(den.base, "0000000b", "owner.json"), '{"run": "half');
  expect(await sweepLapsed({ world, base: den.base })).toEqual({ leases: [] });
  for (const nonce of ["0000000a", "0000000b"]) await age(join(den.base, nonce), 61_000);
  expect(await sweepLapsed({ world, base: den.base })).toEqual({
    leases: [
      { run: "0000000a", killed: [] },
      { run: "0000000b", killed: [] },
    ],
  });
  expect(await readdir(den.base)).toEqual([]);
});

test.concurrent("a lease that holds what this version does not know is kept, and told each time", async () => {
  await using den = await openDen();
  const directory = await writeLease(den, "00000001");
  await writeFile(join(directory, "proxy-cloud"), "");
  for (let count = 0; count < 2; count += 1) {
    const { leases } = await sweepLapsed({ world, base: den.base });
    expect(leases).toEqual([
      { run: "run-00000001", killed: [], because: expect.stringContaining("proxy-cloud") as string },
    ]);
  }
});

test.concurrent("a runner that is the first process of its container has a lease that can be read", async () => {
  await using den = await openDen();
  await writeLease(den, "00000001", { pid: 1, startedAt: await identityOf(1) });
  await age(join(den.base, "00000001"), 3_600_000);
  expect(await sweepLapsed({ world, base: den.base })).toEqual({ leases: [] });
});

test.concurrent("ps tells the same start as /proc, whatever the zone, and neither knows the dead", async () => {
  const [start, told] = [await startOf(process.pid, world), await startFromPs(process.pid, world)];
  if (typeof start === "string" || typeof told === "string") throw new Error("nobody could tell");
  expect(Math.abs(start.atMs - told.atMs)).toBeLessThanOrEqual(2000);
  expect(Math.abs(Date.now() - process.uptime() * 1000 - told.atMs)).toBeLessThanOrEqual(3000);
  const elsewhere = { ...world, env: { ...world.env, TZ: "Asia/Tokyo", LC_ALL: "de_DE.UTF-8" } };
  expect(await startFromPs(process.pid, elsewhere)).toEqual(told);
  const dead = await deadPid();
  expect([await startOf(dead, world), await startFromPs(dead, world)]).toEqual(["gone", "gone"]);
  expect(await startFromPs(process.pid, { ...world, env: { PATH: "/nowhere" } })).toBe("unknown");
});

test("leases in a folder that is not the user's own are neither swept nor opened", async () => {
  await using den = await openDen();
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = den.mark;
  try {
    const home = join(den.mark, `squall-${userId}`);
    const because = expect.stringContaining("not a folder of this user's own") as string;
    const expectRefusal = async (): Promise<void> => {
      expect(await sweepLapsed({ world })).toMatchObject({ leases: [{ killed: [], because }] });
      await expect(openLease({ world, run: { id: "run-1", nonce: "00000001" } })).rejects.toThrow(
        "not a folder of this",
      );
    };
    await mkdir(join(den.mark, "elsewhere"));
    await symlink(join(den.mark, "elsewhere"), home);
    await expectRefusal();
    // Only root can give a folder away.
    if (userId !== 0) return;
    await rm(home);
    await mkdir(home);
    await chown(home, 12_345, 12_345);
    await expectRefusal();
  } finally {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  }
});

test("where there can be no folder for leases, that is said, with what to do", async () => {
  await using den = await openDen();
  const base = join(den.base, "file", "leases");
  await mkdir(den.base, { recursive: true });
  await writeFile(join(den.base, "file"), "");
  const says = /leases cannot be used: ENOTDIR.+point TMPDIR to a folder where you may write/;
  expect(await sweepLapsed({ world, base })).toMatchObject({
    leases: [{ killed: [], because: expect.stringMatching(says) }],
  });
  await expect(openLease({ world, run: { id: "run-1", nonce: "00000001" }, base })).rejects.toThrow(says);
});
