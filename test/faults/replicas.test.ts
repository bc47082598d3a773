/**
 * The contract of the fault kinds on all replicas of a server together, at real processes behind a real balancer: what
 * it says happens and is seen, somebody always answers, and all are there again once it is healed.
 */
import { expect, test } from "vitest";
import type { FaultKind, ProcessFaultKind } from "../../src/faults/kinds.ts";
import { faultKinds } from "../../src/faults/registry.ts";
import type { TargetEvent } from "../../src/history/events.ts";
import { openBalancer, type Balancer } from "../../src/links/balancer.ts";
import type { PlannedFault } from "../../src/plan/plan.ts";
import { openFaultDesk, type FaultDesk } from "../../src/run/fault-desk.ts";
import { addressOf } from "../../src/run/replica-entry.ts";
import { commandOf, fixtureNamed } from "../../src/targets/fixtures.ts";
import { replicaFaults } from "../../src/targets/replica-faults.ts";
import type { ProcessTarget } from "../../src/targets/target.ts";
import { realWorld } from "../../src/world.ts";
import { openStand, type Stand } from "../targets/stand.ts";
import { waitFor } from "../waiting.ts";

const all: readonly FaultKind[] = faultKinds;
const kinds = all.filter((kind): kind is ProcessFaultKind => kind.on === "process" && kind.needsReplicas);

interface Rig extends AsyncDisposable {
  readonly stand: Stand;
  readonly targets: readonly ProcessTarget[];
  readonly balancer: Balancer;
  readonly desk: FaultDesk;
  /** Of one more caller at the balancer. */
  status(): Promise<number>;
  edges(): string[];
  /** What became of the replicas, in order. */
  lives(): string[];
}

async function openRig(): Promise<Rig> {
  const stand = await openStand();
  const fixture = fixtureNamed("notebook");
  const names = ["notebook.1", "notebook.2", "notebook.3"];
  const targets = await Promise.all(
    names.map((instance) =>
      stand.start({
        name: "notebook",
        instance,
        command: commandOf(fixture, realWorld),
        env: { ...fixture.env, SESSIONS_FILE: `${stand.folder}/sessions.sqlite` },
      }),
    ),
  );
  const replicas = targets.map(({ url, herd }, index) => ({ name: names[index] ?? "", url, herd, at: addressOf(url) }));
  const balancer = await openBalancer({
    server: "notebook",
    balance: "round-robin",
    replicas: replicas.map((replica) => ({ ...replica, way: { address: replica.at, refuses: false } })),
  });
  const faults = replicaFaults(
    "notebook",
    replicas.map(({ name, url, herd }) => ({ url, herd, drain: () => balancer.drain(name) })),
    realWorld,
  );
  const processes = new Map([["server notebook", faults]]);
  const breakable = { links: new Map(), processes };
  const url = `http://127.0.0.1:${balancer.address.port}/mcp`;
  return {
    stand,
    targets,
    balancer,
    desk: openFaultDesk({ mode: "faults", breakable, seed: 42, recorder: stand.recorder, world: realWorld }),
    // The server has no stream of its own, and says so.
    status: async () => (await fetch(url, { headers: { connection: "close" } })).status,
    edges: () => stand.events.flatMap((event) => (event.type === "fault" ? [event.edge] : [])),
    lives: () =>
      stand.events
        .filter((event): event is TargetEvent => event.type === "target")
        .slice(names.length)
        .map(({ instance, edge }) => `${instance ?? ""} ${edge}`),
    [Symbol.asyncDispose]: async () => {
      await balancer.close();
      await Promise.all(targets.map((target) => target.stop()));
      await stand[Symbol.asyncDispose]();
    },
  };
}

function faultOf(kind: string, attributes: Readonly<Record<string, unknown>>): PlannedFault {
  const common = { fault: "fault.0", server: "notebook", links: [], phase: "fault", windows: [] };
  return { ...common, kind, attributes, healForm: "start-again" };
}

test("these are all of them, each says what it is, and refuses what it does not know", () => {
  expect(kinds.map(({ kind }) => kind)).toEqual(["rolling-restart", "scale-in"]);
  for (const kind of kinds) {
    expect(kind.about).toMatch(/^[A-Z].*\.$/);
    expect(kind.attributes.safeParse({ nonsense: true }).success).toBe(false);
  }
});

test("a rolling restart takes one at a time, each once the one before it answers, and callers are answered", async () => {
  await using rig = await openRig();
  const pids = rig.targets.map(({ pid }) => pid);
  const rolling = faultOf("rolling-restart", { drain: "5s" });
  await rig.desk.inject(rolling, 0);
  const statuses = new Set<number>();
  await waitFor(async () => {
    statuses.add(await rig.status());
    expect(rig.edges()).toContain("observed");
  });
  expect([...statuses]).toEqual([405]);
  await rig.desk.heal(rolling, 0);
  await waitFor(() => expect(rig.lives()).toHaveLength(6));
  const edgesOf = (edge: string): string[] => rig.lives().filter((life) => life.endsWith(edge));
  expect(edgesOf("killed")).toEqual(["notebook.1 killed", "notebook.2 killed", "notebook.3 killed"]);
  expect(edgesOf("ready")).toHaveLength(3);
  expect(rig.targets.filter(({ pid }, index) => pid === pids[index])).toEqual([]);
  expect(rig.edges()).toEqual(["requested", "observed", "healed"]);
});

test("a rolling restart that is healed half way is none, and leaves all of them there", async () => {
  await using rig = await openRig();
  const rolling = faultOf("rolling-restart", { drain: "0s" });
  await rig.desk.inject(rolling, 0);
  await waitFor(() => expect(rig.lives()).toContain("notebook.1 killed"));
  await rig.desk.heal(rolling, 0);
  expect(rig.edges()).toEqual(["requested", "healed"]);
  expect(rig.lives().filter((life) => life.endsWith("killed"))).toEqual(["notebook.1 killed"]);
  await waitFor(() => expect(rig.lives()).toContain("notebook.1 ready"));
  for (let n = 0; n < 3; n += 1) expect(await rig.status()).toBe(405);
});

test("what was scaled in is away until it is healed, and callers are answered by the rest", async () => {
  await using rig = await openRig();
  const fewer = faultOf("scale-in", { count: 2, drain: "50ms" });
  await rig.desk.inject(fewer, 0);
  await waitFor(() => expect(rig.edges()).toContain("observed"));
  expect(rig.lives().toSorted()).toEqual(["notebook.2 killed", "notebook.3 killed"]);
  for (let n = 0; n < 6; n += 1) expect(await rig.status()).toBe(405);
  await rig.desk.heal(fewer, 0);
  await waitFor(() => expect(rig.lives()).toHaveLength(4));
  for (let n = 0; n < 3; n += 1) expect(await rig.status()).toBe(405);
  expect(rig.edges()).toEqual(["requested", "observed", "healed"]);
});

test("a fault that names the server takes all replicas at once", async () => {
  await using rig = await openRig();
  const kill = faultOf("kill", {});
  await rig.desk.inject(kill, 0);
  await waitFor(() => expect(rig.lives()).toHaveLength(3));
  expect(await rig.status()).toBe(502);
  await rig.desk.heal(kill, 0);
  await waitFor(async () => expect(await rig.status()).toBe(405));
});

test("healing does not wait for a replica that another fault keeps down, and that one brings it back", async () => {
  await using rig = await openRig();
  const last = rig.targets.at(-1);
  const scaled = faultOf("scale-in", { drain: "10ms" });
  await rig.desk.inject(scaled, 0);
  await waitFor(() => expect(rig.edges()).toContain("observed"));
  const down = last?.herd.takeDown("SIGKILL");
  const sinceUs = realWorld.nowUs();
  await rig.desk.heal(scaled, 0);
  expect((realWorld.nowUs() - sinceUs) / 1e6).toBeLessThan(15);
  expect(rig.lives()).toEqual(["notebook.3 killed"]);
  await down?.letUp();
  await waitFor(() => expect(rig.lives().at(-1)).toBe("notebook.3 ready"));
  await waitFor(async () => expect(await rig.status()).toBe(405));
});
