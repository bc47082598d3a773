import { expect, test } from "vitest";
import type { Io } from "../../src/commands/io.ts";
import { loadAll } from "../../src/commands/loading.ts";
import { embedded, parseEngine } from "../../src/commands/options.ts";
import { replayOf } from "../../src/commands/replay.ts";
import { realWorld } from "../../src/world.ts";

const world = { ...realWorld, env: { CLOUD_TOKEN: "from-the-environment-1" } };
const nothing = (): void => {};
const io: Io = { stdout: nothing, stderr: nothing, colour: false, cwd: import.meta.dirname, world, onSignal: nothing };

async function replayWith(...set: string[]): Promise<string> {
  const options = { engine: embedded, tag: [], set, reporter: [], out: "", allowHost: [], agents: [] };
  const [loaded] = await loadAll(["silent-empty"], options, io);
  if (loaded === undefined) throw new Error("nothing was loaded");
  return replayOf(loaded, { ...options, faults: true, failOn: "violation" }, world);
}

test("the line that repeats a run holds what changed the scenario, but no secret", async () => {
  const changes = ["seed=7", "servers.cloud.env.CLOUD_API_KEY=hunter2-hunter2"];
  expect(await replayWith(...changes)).toBe(
    "squall run silent-empty --seed 7 --set seed=7 --set 'servers.cloud.env.CLOUD_API_KEY=***'",
  );
  expect(await replayWith("servers.cloud.headers={x-key: hunter2-hunter2}")).toContain("{x-key: ***}");
  const kept = "servers.cloud.headers.x-key=${env.CLOUD_TOKEN}";
  expect(await replayWith(kept)).toContain(`'${kept}'`);
});

test("and how long it was to take, and how many agents it was to have", async () => {
  const lists = {
    tag: [],
    set: [],
    reporter: [],
    allowHost: [],
    agents: [{ count: 5 }, { group: "planner", count: 7 }],
  };
  const asked = {
    ...lists,
    engine: embedded,
    out: "",
    duration: 92_500,
    faults: true,
    failOn: "violation" as const,
  };
  const [loaded] = await loadAll(["silent-empty"], asked, io);
  if (loaded === undefined) throw new Error("nothing was loaded");
  expect(replayOf(loaded, asked, world)).toBe(
    "squall run silent-empty --seed 42 --duration 1m32.5s --agents 5 --agents planner=7",
  );
});

test.each([
  ["binary", "--engine binary"],
  ["http://localhost:8474/", "--engine http://localhost:8474"],
])("and the engine %s", async (text, says) => {
  const options = { engine: parseEngine(text), tag: [], set: [], reporter: [], out: "", allowHost: [], agents: [] };
  const [loaded] = await loadAll(["silent-empty"], options, io);
  if (loaded === undefined) throw new Error("nothing was loaded");
  expect(replayOf(loaded, { ...options, faults: true, failOn: "violation" }, world)).toContain(says);
});
