/** The life of a stdio server's processes: started by their sessions, ended in the specification's order. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { TargetEvent } from "../../src/history/events.ts";
import { groupLives, membersOf } from "../../src/processes.ts";
import { openStdioServer, type StdioServer } from "../../src/targets/stdio-server.ts";
import { realWorld } from "../../src/world.ts";
import { openStand, type Stand } from "./stand.ts";
import { callOf } from "../wire/fault-server.ts";
import { openStdioStand, type StdioStand } from "../wire/stdio-child.ts";
import { waitFor } from "../waiting.ts";

const lives = ({ events }: StdioStand): TargetEvent[] => events.filter((event) => event.type === "target");
const about = { type: "target", target: "cloud", role: "server" } as const;
const groupsOf = async ({ stand }: StdioStand): Promise<number[]> => (await stand.leased()).filter(groupLives);

test.concurrent("every session has a process of its own, in its own group under the lease, named like its agent", async () => {
  await using stand = await openStdioStand({});
  const one = await stand.open("planner.0");
  const two = await stand.open("planner.1");
  const groups = await groupsOf(stand);
  expect(groups).toHaveLength(2);
  expect(lives(stand)).toEqual([
    { ...about, instance: "planner.0", edge: "ready", pid: expect.toBeOneOf(groups) },
    { ...about, instance: "planner.1", edge: "ready", pid: expect.toBeOneOf(groups) },
  ]);
  await one.close();
  expect(await groupsOf(stand)).toHaveLength(1);
  expect(await two.call(callOf())).toMatchObject({ class: "ok" });
  await two.close();
  expect(await stand.stand.leased()).toEqual([]);
  expect(lives(stand).slice(2)).toEqual([
    { ...about, instance: "planner.0", edge: "stopped", code: 0 },
    { ...about, instance: "planner.1", edge: "stopped", code: 0 },
  ]);
});

test.concurrent.each([
  ["first its stdin is closed, and it may take its leave", "setTimeout(() => process.exit(7), 300)", { code: 7 }],
  ["then it gets SIGTERM", "setInterval(() => {}, 1000)", { signal: "SIGTERM" }],
  ["at last SIGKILL", `process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)`, { signal: "SIGKILL" }],
])("a process is ended in this order: %s", async (_, last, how) => {
  await using stand = await openStdioStand({ last });
  const session = await stand.open();
  await session.close();
  expect(lives(stand).slice(1)).toEqual([{ ...about, instance: "planner.0", edge: "stopped", ...how }]);
  expect(await groupsOf(stand)).toEqual([]);
});

/** A server whose processes answer nothing: the test says when they are ready. */
async function openSilent(stand: Stand): Promise<StdioServer> {
  return openStdioServer({
    name: "cloud",
    command: await stand.script("process.stdin.resume()"),
    env: {},
    lease: stand.lease,
    world: realWorld,
    recorder: stand.recorder,
    signal: new AbortController().signal,
  });
}

test.concurrent.each([
  ["before its end is told", false],
  ["after it", true],
])("one that a fault ends while its answer is on the way has not ended by itself: %s", async (_, late) => {
  await using stand = await openStand();
  const server = await openSilent(stand);
  const started = await server.start("planner.0");
  const down = server.herd.takeDown("SIGKILL");
  if (late) await down.exits;
  started.ready();
  await started.silent;
  await down.letUp();
  await server.close();
  expect(stand.events).toMatchObject([{ edge: "ready" }, { edge: "killed", signal: "SIGKILL" }]);
});

test.concurrent("one that is told to end before it is ready was never in use, whatever it still answers", async () => {
  await using stand = await openStand();
  const server = await openSilent(stand);
  const started = await server.start("planner.0");
  const ended = started.end();
  started.ready();
  await ended;
  await server.close();
  expect(stand.events).toEqual([]);
});

test.concurrent("what it has started ends with it", async () => {
  const first = `
    import { spawn } from "node:child_process";
    spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "inherit" });`;
  await using stand = await openStdioStand({ first });
  const session = await stand.open();
  const [group = 0] = await groupsOf(stand);
  await waitFor(() => expect(membersOf(group)?.length ?? 2).toBe(2));
  await session.close();
  expect(membersOf(group) ?? []).toEqual([]);
});

test.concurrent("one that dies is told to have exited, with its last words; the next session has a new one", async () => {
  await using stand = await openStdioStand({ call: `console.error("out of\\nmemory"); process.exit(9)` });
  const session = await stand.open();
  expect(await session.call(callOf())).toMatchObject({ class: "closed" });
  await waitFor(() => expect(lives(stand)).toHaveLength(2));
  const exited = { ...about, instance: "planner.0", edge: "exited", code: 9, stderr: "out of\nmemory" };
  expect(lives(stand)[1]).toEqual(exited);
  const again = await stand.open();
  await session.close();
  await again.close();
  // Closing the session of one that has gone tells nothing new.
  expect(lives(stand).map(({ edge }) => edge)).toEqual(["ready", "exited", "ready", "stopped"]);
});

test.concurrent("one that closes its stdout but lives is stopped: nobody would ever hear of it", async () => {
  await using stand = await openStdioStand({ call: "closeSync(1)" });
  const session = await stand.open();
  expect(await session.call(callOf())).toMatchObject({ class: "closed" });
  await waitFor(() => expect(lives(stand).map(({ edge }) => edge)).toEqual(["ready", "stopped"]));
  expect(await groupsOf(stand)).toEqual([]);
});

test.concurrent("its log holds what all of them wrote to stderr, each line with its instance, and no message", async () => {
  await using stand = await openStdioStand({
    first: `process.stderr.write("hal"); process.stderr.write("lo\\nend");`,
    call: `console.error("called"); answer({})`,
  });
  const one = await stand.open("planner.0");
  await one.call(callOf());
  const two = await stand.open("planner.1");
  await Promise.all([one.close(), two.close()]);
  const log = join(stand.stand.folder, "cloud.log");
  await waitFor(() =>
    expect(readFileSync(log, "utf8").trimEnd().split("\n").sort()).toEqual([
      "planner.0 | endcalled",
      "planner.0 | hallo",
      "planner.1 | end",
      "planner.1 | hallo",
    ]),
  );
});

test.concurrent("a process that writes without end to stderr fills neither pipe nor disk", async () => {
  const first = `const line = "x".repeat(1023) + "\\n"; for (let n = 0; n < 12_000; n += 1) writeSync(2, line);`;
  await using stand = await openStdioStand({ first });
  const session = await stand.open();
  expect(await session.call(callOf())).toMatchObject({ class: "ok" });
  await session.close();
  const log = join(stand.stand.folder, "cloud.log");
  await waitFor(() => expect(readFileSync(log, "utf8").slice(-100)).toContain("this log ends here"));
  expect(readFileSync(log).length).toBeLessThan(10.1 * 1024 * 1024);
});
