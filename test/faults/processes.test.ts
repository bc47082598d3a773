/**
 * The contract of every fault kind on processes, at a real server and a real upstream over HTTP, and at a real server
 * over stdio: it bites, that is seen, it is healed, and nothing of it is left.
 */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { FaultKind, ProcessFaultKind } from "../../src/faults/kinds.ts";
import { faultKinds } from "../../src/faults/registry.ts";
import type { Unstamped } from "../../src/history/events.ts";
import { placeInWords, type FaultPlace } from "../../src/history/fault-place.ts";
import { groupLives } from "../../src/processes.ts";
import { openFaultDesk, type FaultDesk } from "../../src/run/fault-desk.ts";
import { commandOf, fixtureNamed } from "../../src/targets/fixtures.ts";
import type { Herd } from "../../src/targets/herd.ts";
import { requirePrlimit } from "../../src/targets/limits.ts";
import { processFaults } from "../../src/targets/process-faults.ts";
import { realWorld } from "../../src/world.ts";
import type { PlannedFault } from "../../src/plan/plan.ts";
import { rounds } from "../rounds.ts";
import { honest, openStand, type Stand } from "../targets/stand.ts";
import { callOf } from "../wire/fault-server.ts";
import { openStdioStand } from "../wire/stdio-child.ts";
import { waitFor } from "../waiting.ts";

const all: readonly FaultKind[] = faultKinds;
// What takes several replicas is held to its own contract, beside this one.
const kinds = all.filter((kind): kind is ProcessFaultKind => kind.on === "process" && !kind.needsReplicas);

interface Case {
  readonly kind: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** What a caller comes to while it is on; either, where it is for the load to say. */
  readonly meanwhile: "answered" | "not" | "either";
  /** The process that was there before is another one afterwards. */
  readonly isAnother?: true;
}

const cases: readonly Case[] = [
  { kind: "kill", meanwhile: "not", isAnother: true },
  { kind: "kill", attributes: { signal: "TERM" }, meanwhile: "not", isAnother: true },
  { kind: "kill", attributes: { restart: true }, meanwhile: "either", isAnother: true },
  { kind: "kill", attributes: { restart: "after 100ms" }, meanwhile: "either", isAnother: true },
  { kind: "pause", meanwhile: "not" },
  { kind: "cpu-slow-down", attributes: { share: "25%" }, meanwhile: "answered" },
  { kind: "descriptor-limit", meanwhile: "either" },
  { kind: "heap-limit", attributes: { spare: "200MB" }, meanwhile: "answered" },
];

test("every kind on processes has its cases, says what it is, and refuses what it does not know", () => {
  expect([...new Set(cases.map(({ kind }) => kind))].sort()).toEqual(kinds.map(({ kind }) => kind).sort());
  for (const kind of kinds) {
    expect(kind.about).toMatch(/^[A-Z].*\.$/);
    expect(kind.callerSees.length).toBeGreaterThan(10);
    expect(kind.attributes.safeParse({ nonsense: true }).success).toBe(false);
  }
});

interface Rig extends AsyncDisposable {
  readonly place: FaultPlace;
  readonly herd: Herd;
  readonly stand: Stand;
  readonly events: readonly Unstamped[];
  /** Whether it answers one more caller within half a second. */
  answers(): Promise<boolean>;
}

async function httpRig(role: "server" | "upstream"): Promise<Rig> {
  const stand = await openStand();
  const fixture = fixtureNamed(role === "server" ? "cloud" : "cloud-api");
  const { name, env } = fixture;
  const target = await stand.start({
    name,
    role,
    command: commandOf(fixture, realWorld),
    env: { ...env, CLOUD_API_URL: "http://127.0.0.1:9/" },
  });
  const answers = (): Promise<boolean> =>
    fetch(target.url, { signal: AbortSignal.timeout(500), headers: { connection: "close" } }).then(
      () => true,
      () => false,
    );
  return {
    place: { [role]: name },
    herd: target.herd,
    stand,
    events: stand.events,
    answers,
    [Symbol.asyncDispose]: async () => {
      await target.stop();
      await stand[Symbol.asyncDispose]();
    },
  };
}

async function stdioRig(): Promise<Rig> {
  const stdio = await openStdioStand({});
  let sessions = 0;
  let session = await stdio.open();
  const answers = async (): Promise<boolean> => {
    if (session.lost) session = await stdio.open(`planner.${(sessions += 1)}`).catch(() => session);
    return (await session.call(callOf({ timeoutMs: 500 }))).class === "ok";
  };
  return {
    place: { server: "cloud" },
    herd: stdio.herd,
    stand: stdio.stand,
    events: stdio.events,
    answers,
    [Symbol.asyncDispose]: () => stdio[Symbol.asyncDispose](),
  };
}

// What is done to a process is the same on all of them; how one comes back is not.
const returns = rounds(
  cases,
  cases.filter(({ kind, attributes }) => attributes === undefined && kind !== "descriptor-limit"),
);
const rigs = [
  ["a server over HTTP", { open: () => httpRig("server"), cases }],
  ["an upstream", { open: () => httpRig("upstream"), cases: returns }],
  ["a server over stdio", { open: stdioRig, cases: returns }],
] as const;

function faultAt({ place }: Rig, { kind, attributes = {} }: Case): PlannedFault {
  const healForm = kinds.find((known) => known.kind === kind)?.prepare(attributes).healForm ?? "let-through";
  return { fault: "fault.0", kind, ...place, links: [], phase: "fault", attributes, healForm, windows: [] };
}

function deskOf({ place, herd, stand }: Pick<Rig, "place" | "herd" | "stand">): FaultDesk {
  const processes = new Map([[placeInWords(place), processFaults(herd, realWorld)]]);
  const breakable = { links: new Map(), processes };
  return openFaultDesk({ mode: "faults", breakable, seed: 42, recorder: stand.recorder, world: realWorld });
}

const limitsOf = (pid: number): string => readFileSync(`/proc/${pid}/limits`, "utf8");

const edgesIn = (events: readonly Unstamped[]): string[] =>
  events.flatMap((event) => (event.type === "fault" ? [event.edge] : []));

describe.runIf(existsSync("/proc/self/stat")).each(rigs)("%s", (_, { open, cases }) => {
  test.each(cases)("$kind $attributes: a caller is $meanwhile answered meanwhile, and again afterwards", async (of) => {
    const rig = await open();
    const groups = new Set<number>();
    try {
      const desk = deskOf(rig);
      const fault = faultAt(rig, of);
      expect(await rig.answers()).toBe(true);
      const [before = 0] = rig.herd.leaders();
      groups.add(before);
      const limits = limitsOf(before);

      await desk.inject(fault, 0);
      await waitFor(() => expect(edgesIn(rig.events)).toEqual(["requested", "observed"]));
      if (of.meanwhile === "not") expect(await rig.answers()).toBe(false);
      if (of.meanwhile === "answered") await waitFor(async () => expect(await rig.answers()).toBe(true));

      await desk.heal(fault, 0);
      expect(edgesIn(rig.events)).toEqual(["requested", "observed", "healed"]);
      await waitFor(async () => expect(await rig.answers()).toBe(true));
      for (const leader of rig.herd.leaders()) groups.add(leader);
      expect(rig.herd.leaders().includes(before)).toBe(of.isAnother !== true);
      const lives = rig.events.flatMap((event) => (event.type === "target" ? [event.edge] : []));
      expect(lives).toEqual(of.isAnother === true ? ["ready", "killed", "ready"] : ["ready"]);
      if (of.isAnother !== true) expect(limitsOf(before)).toBe(limits);
    } finally {
      await rig[Symbol.asyncDispose]();
    }
    for (const leader of groups) expect(groupLives(leader), `group ${leader}`).toBe(false);
  });
});

describe.runIf(existsSync("/proc/self/stat"))("faults that overlap on one target", () => {
  const pause: Case = { kind: "pause", meanwhile: "not" };
  const kill: Case = { kind: "kill", meanwhile: "not" };

  test.each([
    ["paused twice, it goes on only when the last is healed", pause, pause],
    [
      "slowed down and paused, it goes on only when the pause is healed",
      { ...pause, kind: "cpu-slow-down", attributes: { share: "50%" } },
      pause,
    ],
    ["killed twice, it comes back only when the last is healed", kill, kill],
    ["killed while it is paused, it ends, and what comes back runs", pause, kill],
  ])("%s", async (_, first, second) => {
    await using rig = await httpRig("server");
    const desk = deskOf(rig);
    const [one, two] = [
      { ...faultAt(rig, first), fault: "one" },
      { ...faultAt(rig, second), fault: "two" },
    ];
    await desk.inject(one, 0);
    await desk.inject(two, 0);
    if (second === kill) await waitFor(() => expect(rig.herd.leaders()).toEqual([]));
    await desk.heal(one, 0);
    expect(await rig.answers()).toBe(false);
    await desk.healAll();
    await waitFor(async () => expect(await rig.answers()).toBe(true));
  });

  test("with no descriptor to spare no connection is accepted, and the limit is what it was afterwards", async () => {
    await using rig = await httpRig("server");
    const desk = deskOf(rig);
    const [pid = 0] = rig.herd.leaders();
    const soft = (): number => Number(/^Max open files +(\d+)/m.exec(limitsOf(pid))?.[1]);
    const usual = soft();
    const one = { ...faultAt(rig, { kind: "descriptor-limit", meanwhile: "either" }), fault: "one" };
    await desk.inject(one, 0);
    expect(soft()).toBeLessThan(usual);
    expect(await rig.answers()).toBe(false);
    await desk.healAll();
    expect(soft()).toBe(usual);
  });
});

describe.runIf(existsSync("/proc/self/stat"))("a server that does not come back after a kill", () => {
  const once = (file: string, otherwise: string): string => `
    import { existsSync, writeFileSync } from "node:fs";
    if (existsSync(${JSON.stringify(file)})) { ${otherwise} }
    writeFileSync(${JSON.stringify(file)}, "");
  `;

  test.each([
    ["because it ends", "process.exit(3);", ["ready", "killed", "exited"]],
    [
      "because it never answers",
      "setInterval(() => {}, 1000); await new Promise(() => {});",
      ["ready", "killed", "unready"],
    ],
  ])("%s, is told; nobody waits for it", async (_, otherwise, edges) => {
    await using stand = await openStand();
    const command = await stand.script(once(`${stand.folder}/came-up`, otherwise) + honest);
    const target = await stand.start({ command, startTimeoutMs: 1500 });
    const place = { server: "cloud" };
    const desk = deskOf({ place, herd: target.herd, stand });
    const fault: PlannedFault = {
      fault: "fault.0",
      kind: "kill",
      ...place,
      phase: "fault",
      attributes: {},
      healForm: "start-again",
      windows: [],
    };
    await desk.inject(fault, 0);
    await desk.heal(fault, 0);
    const lives = (): string[] => stand.events.flatMap((event) => (event.type === "target" ? [event.edge] : []));
    await waitFor(() => expect(lives()).toEqual(edges));
    await target.stop();
    expect(await stand.leased()).toEqual([]);
  });
});

test("where there is no prlimit, limits are refused with a word on what is needed", async () => {
  await expect(requirePrlimit({ ...realWorld, env: { PATH: "/nowhere" } })).rejects.toThrow(
    "heap-limit and descriptor-limit need prlimit, a program of util-linux on Linux: install it, or leave these faults out",
  );
});
