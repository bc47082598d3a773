import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { reap } from "../../src/engines/reaper.ts";
import { leaseGoneCode, leaseVariable, underLease } from "../../src/processes.ts";
import { realWorld, seededRandom } from "../../src/world.ts";
import { alive, aliveAfter, killed, openDen, startRunner, type Den } from "./lease-peers.ts";

const promisedMs = 5000;

async function reaperOf(den: Den, nonce: string): Promise<number> {
  const owner = JSON.parse(await readFile(join(den.base, nonce, "owner.json"), "utf8")) as { reaper: { pid: number } };
  return owner.reaper.pid;
}

test.concurrent("a runner that is killed when its targets are up leaves nothing: no target, no grandchild, no reaper, no lease", async () => {
  await using den = await openDen();
  const runner = startRunner(den, { nonce: "00000001", targets: 3 });
  await runner.said("ready");
  // The runner, its reaper, and three targets with a child each.
  expect((await alive(den.mark)).length).toBeGreaterThanOrEqual(8);
  await killed(runner.child);
  expect(await aliveAfter(den.mark, promisedMs)).toEqual([]);
  expect(await readdir(den.base)).toEqual([]);
});

test.concurrent("nothing is left either when it is killed before, at whatever moment of its start", async () => {
  await using den = await openDen();
  const random = seededRandom(42, "moments");
  // The last of them are killed while their targets are being spawned, the first somewhere on the way.
  const runs = ["", "", "", "leased", "spawned"].map(async (word, index) => {
    const runner = startRunner(den, { nonce: `0000000${index}`, targets: 3 });
    await (word === "" ? sleep(100 + random.next() * 900) : runner.said(word));
    await killed(runner.child);
  });
  await Promise.all(runs);
  expect(await aliveAfter(den.mark, promisedMs)).toEqual([]);
  // A runner that was killed before its reaper watched has left an empty lease at most, for the sweep.
  for (const nonce of await readdir(den.base)) expect(await readdir(join(den.base, nonce))).toEqual([]);
});

test.concurrent("what a terminal sends to everyone does not end the reaper", async () => {
  await using den = await openDen();
  const runner = startRunner(den, { nonce: "00000001" });
  await runner.said("ready");
  const reaper = await reaperOf(den, "00000001");
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.kill(reaper, signal);
  // The whole group of the runner at once, as a shell ends a job.
  process.kill(-runner.child.pid, "SIGKILL");
  await once(runner.child, "exit");
  expect(await aliveAfter(den.mark, promisedMs)).toEqual([]);
  expect(await readdir(den.base)).toEqual([]);
});

test.concurrent("a killed runner takes nothing of another one with it", async () => {
  await using den = await openDen();
  await using other = await openDen();
  const [first, second] = [startRunner(den, { nonce: "00000001" }), startRunner(other, { nonce: "00000002" })];
  await Promise.all([first.said("ready"), second.said("ready")]);
  const before = await alive(other.mark);
  await killed(first.child);
  expect(await aliveAfter(den.mark, promisedMs)).toEqual([]);
  expect(await alive(other.mark)).toEqual(expect.arrayContaining(before));
  await killed(second.child);
  expect(await aliveAfter(other.mark, promisedMs)).toEqual([]);
});

test.concurrent("whoever starts while the lease is being reaped is ended or never begins", async () => {
  await using den = await openDen();
  const lease = join(den.base, "00000001");
  await mkdir(lease, { recursive: true });
  const codes: (number | null)[] = [];
  const starts: Promise<void>[] = [];
  const start = (): void => {
    const [file, args] = underLease(lease, ["sleep", "60"]);
    const child = spawn(file, args, {
      detached: true,
      stdio: "ignore",
      env: { MARK: den.mark, PATH: process.env["PATH"] },
    });
    starts.push(once(child, "exit").then(([code]) => void codes.push(code as number | null)));
  };
  for (let count = 0; count < 10; count += 1) start();
  const reaped = reap(lease, { clock: realWorld });
  for (let count = 0; count < 20; count += 1) {
    start();
    await sleep(3);
  }
  expect(await reaped).toMatchObject({ left: [] });
  start();
  await Promise.all(starts);
  expect(existsSync(lease)).toBe(false);
  // Each was killed (no code) or had no lease to start under; none slept to its end.
  expect(codes).toHaveLength(31);
  expect(codes.filter((code) => code !== null && code !== leaseGoneCode)).toEqual([]);
  expect(codes).toContain(null);
  expect(codes).toContain(leaseGoneCode);
});

test.concurrent("what it does not know stays, and so does the lease with its owner", async () => {
  await using den = await openDen();
  const lease = join(den.base, "00000001");
  await mkdir(join(lease, "proxy-cloud"), { recursive: true });
  expect(await reap(lease, { clock: realWorld })).toEqual({
    killed: [],
    containers: [],
    spared: [],
    left: ["proxy-cloud"],
  });
  expect(await readdir(lease)).toEqual(["proxy-cloud"]);
});

test.runIf(existsSync("/proc/self/environ"))(
  "who has left its group, deaf or not, is ended by the mark that it carries; who carries another lease's is not",
  async () => {
    await using den = await openDen();
    await using other = await openDen();
    const lease = join(den.base, "00000001");
    await mkdir(lease, { recursive: true });
    await writeFile(join(lease, "owner.json"), "");
    const start = ([file, ...args]: Den["docile"], mark: string): void => {
      spawn(file, args, { detached: true, stdio: "ignore", env: { ...process.env, [leaseVariable]: mark } });
    };
    start(den.docile, lease);
    start(den.stubborn, lease);
    start(other.docile, `${lease}0`);
    while ((await alive(den.mark)).length < 4 || (await alive(other.mark)).length < 2) await sleep(20);
    const { killed, left } = await reap(lease, { clock: realWorld });
    expect(killed).toHaveLength(4);
    expect(left).toEqual([]);
    expect(await alive(den.mark)).toEqual([]);
    expect(await alive(other.mark)).toHaveLength(2);
    expect(existsSync(lease)).toBe(false);
  },
);
