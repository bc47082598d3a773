/** Whole runs against servers over stdio: each agent has a process of its own. */
import { glob, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { HistoryEvent } from "../../src/history/events.ts";
import {
  alive,
  brief,
  canSeeProcesses,
  isFull,
  rounds,
  nothingIsLeft,
  onlyRun,
  squall,
  started,
  startSquall,
  temporaryFolder,
  verdictsFrom,
} from "./squall.ts";
import { until } from "../waiting.ts";

const few = ["--set", "agents.planner.arrivals.agents=3"];
const overStdio = ["--set", "servers.cloud.transport=stdio", ...few];
const scenarios = {
  // A pipe cannot be closed for one answer alone, but that answer can be lost.
  "duplicate-effects": [...brief["duplicate-effects"], ...overStdio, "--set", "faults[0].instead=hang"],
  "silent-empty": [...brief["silent-empty"], ...overStdio],
} as const;
const names = ["duplicate-effects", "silent-empty"] as const;
const hardened = ["--set", "servers.cloud.fixture=cloud-hardened"];

// Duplicates over stdio are found and not found, and counted one by one, among the faults of the protocol.
describe.runIf(isFull).each(names)("%s over stdio (left to CI: SQUALL_ROUNDS=full)", (name) => {
  test("finds the defect it is for", async () => {
    await using folder = await temporaryFolder();
    const { ended, ...verdicts } = await verdictsFrom([name, ...scenarios[name]], folder.path);
    expect(verdicts, JSON.stringify(verdicts)).toMatchObject({ verdict: "fail", exitCode: 1, gaps: [] });
    expect(ended.code).toBe(1);
    expect(verdicts.checks.map(({ check, verdict }) => ({ check, verdict }))).toContainEqual({
      check: name,
      verdict: "fail",
    });
  });

  test("is silent on the hardened server", async () => {
    await using folder = await temporaryFolder();
    const { ended, ...verdicts } = await verdictsFrom([name, ...scenarios[name], ...hardened], folder.path);
    expect(verdicts, JSON.stringify(verdicts)).toMatchObject({ verdict: "pass", exitCode: 0, gaps: [] });
    expect(ended.code).toBe(0);
    expect(verdicts.checks.find(({ check }) => check === name)?.looked).toBeGreaterThan(0);
  });
});

describe.runIf(isFull)("stdio without faults (left to CI: SQUALL_ROUNDS=full)", () => {
  test.each(names)("%s finds nothing in a control run", async (name) => {
    await using folder = await temporaryFolder();
    const { code, stdout, stderr } = await squall(["run", name, ...scenarios[name], "--no-faults"], {
      cwd: folder.path,
    });
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toContain("CONTROL PASSED");
    expect(stdout).not.toContain("violation");
  });
});

test("the SDK's wire comes to the same; the history tells of every process and every call", async () => {
  await using folder = await temporaryFolder();
  const args = ["duplicate-effects", ...scenarios["duplicate-effects"], "--set", "agents.planner.wire=sdk"];
  const verdicts = await verdictsFrom(args, folder.path);
  expect(verdicts, JSON.stringify(verdicts)).toMatchObject({ verdict: "fail", gaps: [] });
  const events = await historyIn(folder.path);
  const lives = events.flatMap((event) => (event.type === "target" && event.target === "cloud" ? [event] : []));
  for (const instance of ["planner.preflight", "planner.0", "planner.1", "planner.2"]) {
    const edges = lives.filter((event) => event.instance === instance);
    expect(edges).toMatchObject([{ edge: "ready" }, { edge: "stopped", code: 0 }]);
  }
  // Before the phases and after the recovery, each time in a process of its own.
  const lists = events.filter((event) => event.type === "tools-listed");
  expect(lists.length).toBeGreaterThan(1);
  for (const list of lists) expect(list).toMatchObject({ tools: expect.arrayContaining(["FetchResources"]) });
  expect(lives.filter(({ edge }) => edge === "exited")).toEqual([]);
  const atTap = <T extends { readonly link: string }>(all: readonly T[]) =>
    all.filter(({ link }) => link === "planner@cloud");
  const exchanges = atTap(events.filter((event) => event.type === "exchange"));
  const calls = exchanges.filter(({ method }) => method === "tools/call");
  expect(calls).toHaveLength(events.filter(({ type }) => type === "attempt").length);
  for (const call of calls) expect(call).toMatchObject({ ops: [expect.any(String)], attempt: expect.any(Number) });
  expect(calls.filter(({ ended }) => ended === "eaten")).toHaveLength(6);
  expect(atTap(events.filter((event) => event.type === "connection"))).toHaveLength(8);
});

describe("a server of one's own", () => {
  const scenario = (script: string, call = "mine.Echo") => `name: own
servers: { mine: { transport: stdio, command: [node, ${script}], startTimeout: 3s } }
agents: { a: { policy: { kind: none, timeout: 2s }, arrivals: { count: 2, thinkTime: 50ms }, chain: [{ call: ${call} }] } }
phases: [{ baseline: 1500ms }]
`;
  const server = (onCall: string): string => `
import { createInterface } from "node:readline";
const result = {
  initialize: { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "own", version: "1" } },
  "tools/list": { tools: [{ name: "Echo", inputSchema: { type: "object" } }] },
  "tools/call": { content: [{ type: "text", text: "hello" }] },
};
let calls = 0;
createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method } = JSON.parse(line);
  if (method === "tools/call") { calls += 1; ${onCall} }
  if (id !== undefined) console.log(JSON.stringify({ jsonrpc: "2.0", id, result: result[method] }));
});
`;

  test("that dies is started again by its agent, and the run tells of both", async () => {
    await using folder = await temporaryFolder();
    await writeFile(
      join(folder.path, "server.mjs"),
      server(`if (calls > 5) { console.error("enough"); process.exit(4); }`),
    );
    await writeFile(join(folder.path, "s.yaml"), scenario("server.mjs"));
    await squall(["run", "s.yaml", "--quiet"], { cwd: folder.path });
    const events = await historyIn(folder.path);
    const edges = events.flatMap((event) => (event.type === "target" && event.instance === "a.0" ? [event] : []));
    expect(edges.slice(0, 3)).toMatchObject([
      { edge: "ready" },
      { edge: "exited", code: 4, stderr: "enough" },
      { edge: "ready" },
    ]);
    const sessions = events.flatMap((event) => (event.type === "session" && event.agent === 0 ? [event.edge] : []));
    expect(sessions.slice(0, 3)).toEqual(["opened", "lost", "opened"]);
    const attempts = events.flatMap((event) => (event.type === "attempt" ? [event.class] : []));
    expect(new Set(attempts)).toEqual(new Set(["ok", "closed"]));
  });

  const unstartable: readonly (readonly [string, string, string, number, RegExp])[] = [
    [
      "is not there",
      "nothing.mjs",
      "",
      75,
      /server "mine" did not start: it ended with exit code 1 before its answer to initialize came[^]*Cannot find module/,
    ],
    [
      "ends at its start",
      "server.mjs",
      `console.error("no licence"); process.exit(3);`,
      75,
      /exit code 3[^]*no licence/,
    ],
    [
      "says nothing",
      "server.mjs",
      "await new Promise((resolve) => setTimeout(resolve, 60_000));",
      75,
      /mine did not answer initialize within 3s/,
    ],
  ];
  test.each(rounds(unstartable, unstartable.slice(1)))(
    "that %s is told before the run",
    async (_, script, first, exit, says) => {
      await using folder = await temporaryFolder();
      await writeFile(join(folder.path, "server.mjs"), first + server(""));
      await writeFile(join(folder.path, "s.yaml"), scenario(script));
      const running = startSquall(["run", "s.yaml"], { cwd: folder.path });
      const { code, stderr } = await running.ended;
      expect(code, stderr).toBe(exit);
      expect(stderr).toMatch(says);
      await nothingIsLeft(running);
    },
  );

  test("that does not tell its tools is told before the run", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "server.mjs"), server("").replace('"tools/list"', '"no list"'));
    await writeFile(join(folder.path, "s.yaml"), scenario("server.mjs"));
    const { code, stderr } = await squall(["run", "s.yaml"], { cwd: folder.path });
    expect(code, stderr).toBe(75);
    expect(stderr).toContain("squall: mine answered tools/list with");
  });

  test("may end its run in a fault, and is asked for its tools once more all the same", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "server.mjs"), server(""));
    const fault = "faults: [{ link: agents->mine, kind: lost-answer, instead: hang, count: 2, for: 300ms }]";
    const text = scenario("server.mjs").replace("1500ms }]", "1500ms }, { fault: 1s }]");
    await writeFile(join(folder.path, "s.yaml"), `${text}${fault}\n`);
    await squall(["run", "s.yaml", "--quiet"], { cwd: folder.path });
    const events = await historyIn(folder.path);
    const listed = events.filter(({ type }) => type === "tools-listed");
    expect(listed).toMatchObject([{ tools: ["Echo"] }, { tools: ["Echo"] }]);
    for (const event of listed) expect(event).not.toHaveProperty("failed");
  });

  test("that lacks a tool is told before the run", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "server.mjs"), server(""));
    await writeFile(join(folder.path, "s.yaml"), scenario("server.mjs", "mine.Ecko"));
    const { code, stderr } = await squall(["run", "s.yaml"], { cwd: folder.path });
    expect(code).toBe(64);
    expect(stderr).toContain('mine has no tool "Ecko"');
  });
});

describe.runIf(canSeeProcesses)("whatever ends a run, no process of a session is left", () => {
  test.each(rounds<readonly ("SIGKILL" | "SIGINT")[]>(["SIGKILL", "SIGINT"], ["SIGKILL"]))("%s", async (signal) => {
    await using folder = await temporaryFolder();
    const running = startSquall(["run", "duplicate-effects", ...scenarios["duplicate-effects"]], {
      cwd: folder.path,
    });
    await started(running, "baseline (");
    const servers = async () => (await alive(running.mark)).filter((name) => name.includes("fixtures/cloud.js"));
    await until(async () => (await servers()).length === 3);
    running.child.kill(signal);
    await running.ended;
    await nothingIsLeft(running);
  });

  const ends = ["SIGKILL", undefined] as const;
  test.each(rounds<readonly (typeof ends)[number][]>(ends, ["SIGKILL"]))(
    "also of what left its group: %s",
    async (signal) => {
      await using folder = await temporaryFolder();
      const script = `
import { spawn } from "node:child_process";
spawn("sleep", ["60"], { detached: true, stdio: "ignore" }).unref();
process.stdin.resume();
`;
      await writeFile(join(folder.path, "daemon.mjs"), script);
      const text = `name: daemon
servers: { mine: { transport: stdio, command: [node, daemon.mjs], startTimeout: ${signal === undefined ? "2s" : "30s"} } }
agents: { a: { chain: [{ call: mine.Echo }] } }
phases: [{ baseline: 1s }]
`;
      await writeFile(join(folder.path, "s.yaml"), text);
      const running = startSquall(["run", "s.yaml"], { cwd: folder.path });
      await until(async () => (await alive(running.mark)).some((process) => process.includes("sleep 60")));
      if (signal !== undefined) running.child.kill(signal);
      await running.ended;
      await nothingIsLeft(running);
    },
  );

  test("and nobody who stops the run waits for what a server does not answer", async () => {
    await using folder = await temporaryFolder();
    const silent = `
import { createInterface } from "node:readline";
createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method } = JSON.parse(line);
  if (method === "tools/list") console.error("asked");
  const result = { protocolVersion: "2025-11-25", capabilities: {}, serverInfo: { name: "silent", version: "1" } };
  if (method === "initialize") console.log(JSON.stringify({ jsonrpc: "2.0", id, result }));
});
`;
    await writeFile(join(folder.path, "silent.mjs"), silent);
    const text = `name: silent
servers: { mine: { transport: stdio, command: [node, silent.mjs] } }
agents: { a: { chain: [{ call: mine.Echo }] } }
phases: [{ baseline: 1s }]
`;
    await writeFile(join(folder.path, "s.yaml"), text);
    const running = startSquall(["run", "s.yaml"], { cwd: folder.path });
    await until(async () => (await logsIn(folder.path)).includes("asked"));
    const from = performance.now();
    running.child.kill("SIGINT");
    expect((await running.ended).code).toBe(130);
    // An answer would be awaited for ten seconds.
    expect(performance.now() - from).toBeLessThan(7000);
    await nothingIsLeft(running);
  });

  test("not even of a server that hears neither the end of its stdin nor SIGTERM", async () => {
    await using folder = await temporaryFolder();
    const deaf = `process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); process.stdin.resume();`;
    await writeFile(join(folder.path, "deaf.mjs"), deaf);
    const text = `name: deaf
servers: { mine: { transport: stdio, command: [node, deaf.mjs], startTimeout: 60s } }
agents: { a: { chain: [{ call: mine.Echo }] } }
phases: [{ baseline: 1s }]
`;
    await writeFile(join(folder.path, "s.yaml"), text);
    const running = startSquall(["run", "s.yaml"], { cwd: folder.path });
    await until(async () => (await alive(running.mark)).some((process) => process.includes("deaf.mjs")));
    running.child.kill("SIGTERM");
    expect((await running.ended).code).toBe(143);
    await nothingIsLeft(running);
  });
});

async function historyIn(folder: string): Promise<HistoryEvent[]> {
  const segments = join(await onlyRun(folder), "history");
  const files = (await readdir(segments)).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(segments, file), "utf8")));
  return texts.flatMap((text) =>
    text
      .trimEnd()
      .split("\n")
      .map((line): HistoryEvent => JSON.parse(line)),
  );
}

async function logsIn(folder: string): Promise<string> {
  let text = "";
  for await (const file of glob(join(folder, "reports", "*", "targets", "*.log"))) text += await readFile(file, "utf8");
  return text;
}
