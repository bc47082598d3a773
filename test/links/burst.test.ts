/** A thousand agents that connect in one moment: each must find room, though nobody accepts them at once. */
import { readFileSync } from "node:fs";
import { request, Agent } from "node:http";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import type { Address } from "../../src/engines/engine.ts";
import { openEmbeddedEngine } from "../../src/engines/embedded/embedded.ts";
import { Proxy } from "../../src/engines/embedded/proxy.ts";
import { realWorld } from "../../src/world.ts";
import { httpCallee, openRig, type Rig } from "./rig.ts";

const burst = 1000;

/** How many the system lets wait at one listener; only Linux tells, and others allow fewer. */
function roomAtMost(): number {
  try {
    return Number(readFileSync("/proc/sys/net/core/somaxconn", "utf8"));
  } catch {
    return 0;
  }
}

const dialler = `
  const { connect } = require("node:net");
  const { workerData: { address, burst, made } } = require("node:worker_threads");
  for (let n = 0; n < burst; n += 1) {
    connect(address, () => { Atomics.add(made, 0, 1); Atomics.notify(made, 0); }).on("error", () => {});
  }`;

/** How many of a burst get their connection while this thread, which would accept them, does nothing at all. */
async function connectedUnaccepted(address: Address): Promise<number> {
  const made = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(dialler, { eval: true, workerData: { address, burst, made } });
  try {
    for (let count = 0; count < burst; count = Atomics.load(made, 0)) {
      if (Atomics.wait(made, 0, count, 5000) === "timed-out") break;
    }
    return Atomics.load(made, 0);
  } finally {
    await worker.terminate();
  }
}

function call(rig: Rig, agent: Agent): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(rig.url("/mcp"), { agent }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode));
    })
      .on("error", reject)
      .end();
  });
}

test.runIf(roomAtMost() >= burst)(
  `a tap has room for ${burst} connections at once (where the system has)`,
  async () => {
    await using callee = await httpCallee((_request, response) => response.end());
    await using rig = await openRig(callee.port, "mcp");
    expect(await connectedUnaccepted(rig.link.address)).toBe(burst);
  },
);

test.runIf(roomAtMost() >= burst)(
  `an embedded proxy has room for ${burst} connections at once (where the system has)`,
  async () => {
    await using callee = await httpCallee((_request, response) => response.end());
    const settings = { name: "api", listen: "127.0.0.1:0", upstream: `127.0.0.1:${callee.port}` };
    const proxy = new Proxy(settings, { world: realWorld, seed: 1 });
    await proxy.start();
    try {
      const port = Number(proxy.listen.split(":").at(-1));
      expect(await connectedUnaccepted({ host: "127.0.0.1", port })).toBe(burst);
    } finally {
      await proxy.stop();
    }
  },
);

test(`${burst} calls at once, each on a connection of its own, are all answered and recorded`, async () => {
  await using callee = await httpCallee((_request, response) => response.end("ok"));
  const engine = await openEmbeddedEngine({ world: realWorld, seed: 1 });
  await using rig = await openRig(callee.port, "http", { engine });
  const agent = new Agent({ keepAlive: true });
  const answers = await Promise.all(Array.from({ length: burst }, () => call(rig, agent)));
  expect(answers.every((status) => status === 200)).toBe(true);
  expect(rig.link.connections).toBe(burst);
  expect(rig.exchanges().filter(({ ended, status }) => ended === "answered" && status === 200)).toHaveLength(burst);
  agent.destroy();
});
