import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { groupLives, signalGroup } from "../../src/processes.ts";
import type { ProcessTarget } from "../../src/targets/target.ts";
import { realWorld } from "../../src/world.ts";
import { honest, openStand, type Stand } from "./stand.ts";
import { until } from "../waiting.ts";

const restart = { most: 2, withinMs: 5000 };

const edgesOf = (stand: Stand): unknown[] => stand.events.map((event) => "edge" in event && event.edge);

async function kill(stand: Stand, target: ProcessTarget): Promise<void> {
  const seen = stand.events.length;
  signalGroup(target.pid, "SIGKILL");
  await until(() => stand.events.length > seen);
}

describe("a target with a restart policy", () => {
  test.concurrent("is started again on the same port, as often as its policy says, and then stays down", async () => {
    await using stand = await openStand();
    const command = await stand.script(`console.error("start on", process.env.PORT);${honest}`);
    const logFile = join(stand.folder, "cloud.log");
    const target = await stand.start({ command, restart, logFile, env: { PORT: "0" } });
    const pids = new Set([target.pid]);
    for (let n = 1; n <= 2; n += 1) {
      await kill(stand, target);
      await until(() => stand.events.length === 1 + 2 * n);
      expect((await fetch(target.url)).status).toBe(200);
      expect(stand.events.at(-1)).toEqual({ ...stand.events[0], pid: target.pid });
      expect(await stand.leased()).toEqual([target.pid]);
      pids.add(target.pid);
    }
    expect(pids.size).toBe(3);
    await kill(stand, target);
    expect(await target.exited).toEqual({ code: null, signal: "SIGKILL" });
    await expect(fetch(target.url)).rejects.toThrow();
    expect(edgesOf(stand)).toEqual(["ready", "exited", "ready", "exited", "ready", "exited"]);
    await target.stop();
    expect(edgesOf(stand)).toHaveLength(6);
    expect(await stand.leased()).toEqual([]);
    const { port } = target.url;
    expect(readFileSync(logFile, "utf8").match(/start on .*/g)).toEqual([
      "start on 0",
      `start on ${port}`,
      `start on ${port}`,
    ]);
  });

  test.concurrent("that is a command comes back at the port it was told, also where its children hold on", async () => {
    await using stand = await openStand();
    // As npm does it: what leads the group is not what listens, so its end alone frees no port.
    const command = ["sh", "-c", '"$@" & wait', "sh", ...(await stand.script(honest))] as const;
    const ready = { by: "url", url: "http://127.0.0.1:${port}/mcp" } as const;
    const target = await stand.start({ command, restart, ready, env: { PORT: "${port}" } });
    const leader = target.pid;
    process.kill(leader, "SIGKILL");
    await until(() => stand.events.length === 3);
    expect(groupLives(leader)).toBe(false);
    expect((await fetch(target.url)).status).toBe(200);
    expect(stand.events[2]).toEqual({ ...stand.events[0], pid: target.pid });
    await target.stop();
    expect(edgesOf(stand)).toEqual(["ready", "exited", "ready", "stopped"]);
  });

  test.concurrent("that dies again before it is ready has used up one more start", async () => {
    await using stand = await openStand();
    const marker = join(stand.folder, "came-up");
    const once = `
      import { existsSync, writeFileSync } from "node:fs";
      if (existsSync(${JSON.stringify(marker)})) process.exit(7);
      writeFileSync(${JSON.stringify(marker)}, "");
    `;
    const target = await stand.start({ command: await stand.script(once + honest), restart });
    signalGroup(target.pid, "SIGKILL");
    expect(await target.exited).toEqual({ code: 7, signal: null });
    expect(edgesOf(stand)).toEqual(["ready", "exited", "exited", "exited"]);
    await target.stop();
    expect(await stand.leased()).toEqual([]);
  });
});

describe("a target that is stopped is not started again", () => {
  test.concurrent("when it was up", async () => {
    await using stand = await openStand();
    const target = await stand.start({ command: await stand.script(honest), restart });
    await target.stop();
    expect(edgesOf(stand)).toEqual(["ready", "stopped"]);
    expect(await stand.leased()).toEqual([]);
  });

  test.concurrent("at any moment of its coming back", async () => {
    for (const waitMs of [0, 1, 5, 20, 60, 150, 300]) {
      await using stand = await openStand();
      const target = await stand.start({ command: await stand.script(honest), restart: { most: 9, withinMs: 5000 } });
      const pids = [target.pid];
      signalGroup(target.pid, "SIGKILL");
      await realWorld.sleep(waitMs);
      pids.push(target.pid);
      await target.stop();
      pids.push(target.pid);
      const edges = edgesOf(stand);
      await realWorld.sleep(100);
      expect(edgesOf(stand)).toEqual(edges);
      expect(await stand.leased()).toEqual([]);
      for (const pid of pids) expect(groupLives(pid), `${pid} after ${waitMs} ms`).toBe(false);
    }
  });

  test.concurrent("nor when the run's lease is gone", async () => {
    await using stand = await openStand();
    const marker = join(stand.folder, "started");
    const mark = `import { appendFileSync } from "node:fs"; appendFileSync(${JSON.stringify(marker)}, "x");`;
    const target = await stand.start({ command: await stand.script(mark + honest), restart });
    rmSync(stand.lease, { recursive: true });
    signalGroup(target.pid, "SIGKILL");
    expect(await target.exited).toEqual({ code: 125, signal: null });
    expect(existsSync(marker) && readFileSync(marker, "utf8")).toBe("x");
    expect(edgesOf(stand)).toEqual(["ready", "exited"]);
  });
});
