/** `squall probe` as a stranger runs it: on servers of others, on ours with a known defect and without, on hostile ones. */
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { probeDocument, type ProbeDocument } from "../../src/commands/probe/document.ts";
import { startFixture } from "../fixtures/started-fixture.ts";
import { canSeeProcesses, isFull, nothingIsLeft, squall, startSquall, temporaryFolder, type Ended } from "./squall.ts";

const require = createRequire(import.meta.url);
const other = (name: string): string => require.resolve(`@modelcontextprotocol/server-${name}/dist/index.js`);
const cloud = fileURLToPath(new URL("../../fixtures/cloud.ts", import.meta.url));
const hostile = fileURLToPath(new URL("../hostile/serve.ts", import.meta.url));
const node = process.execPath;
const port = "${port}";

async function probed(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}) {
  const ended = await squall(["probe", "--json", "--quiet", ...args], { cwd, env });
  return { ...documentIn(ended), ended };
}

function documentIn(ended: Ended): ProbeDocument {
  try {
    return probeDocument.parse(JSON.parse(ended.stdout));
  } catch (error) {
    throw new Error(`no document (exit ${ended.code}):\n${ended.stdout}\n${ended.stderr}`, { cause: error });
  }
}

const hurts = ({ findings }: ProbeDocument) =>
  findings.filter(({ grade }) => grade !== "info").map(({ of, grade, says }) => `${grade} ${of}: ${says}`);

test("a dry run says what would be called and broken, and calls nothing", async () => {
  await using folder = await temporaryFolder();
  const { code, stdout } = await squall(["probe", "--dry-run", "--", node, other("everything"), "stdio"], {
    cwd: folder.path,
  });
  expect(code).toBe(0);
  expect(stdout).toMatch(/13 tools/);
  expect(stdout).toMatch(/echo +\{"message"/);
  expect(stdout).toMatch(/gzip-file-as-resource/);
  expect(stdout).toMatch(/--allow-tool/);
  expect(stdout).toMatch(/killed: its process is killed/);
  expect(stdout.trimEnd()).toMatch(/A dry run: nothing was called, nothing was broken\.$/);
  expect(existsSync(join(folder.path, "reports")) ? await readdir(join(folder.path, "reports")) : []).toEqual([]);
});

test("an honest server over stdio holds, the scenario is saved and says how to play it again", async () => {
  await using folder = await temporaryFolder();
  const running = startSquall(["probe", "--quiet", "--", node, other("memory")], { cwd: folder.path });
  const { code, stdout, stderr } = await running.ended;
  expect(code, stdout + stderr).toBe(0);
  expect(stdout).toMatch(/✓ survives +0 exits, back after \d+ kills?/);
  expect(stdout).toMatch(/- create_entities.*: it says that it changes something/);
  expect(stdout.trimEnd()).toMatch(/It held: 3 of 9 tools through 3 troubles\. What was not tested is listed above\.$/);
  const [, scenario = ""] = /^Scenario: (\S+)$/m.exec(stdout) ?? [];
  const [, again = ""] = /^Again: +(.+)$/m.exec(stdout) ?? [];
  expect(again).toBe(`squall run ${scenario} --seed 42`);
  expect(await readFile(join(folder.path, scenario), "utf8")).toContain(again);
  const dry = await squall([...again.split(" ").slice(1), "--dry-run"], { cwd: folder.path });
  expect(dry.code, dry.stderr).toBe(0);
  if (canSeeProcesses) await nothingIsLeft(running);
});

describe.runIf(isFull)("servers of others", () => {
  test("server-everything over HTTP: after a restart it refuses what it does not know in a way that clients cannot mend", async () => {
    await using folder = await temporaryFolder();
    const words = [`http://127.0.0.1:${port}/mcp`, "env", `PORT=${port}`, node, other("everything"), "streamableHttp"];
    const found = await probed(["--", ...words], folder.path);
    // It answers 400 where the specification wants 404, so that no client opens another session.
    expect(hurts(found)).toEqual([expect.stringMatching(/^violation survives: .*http-refusal/)]);
    expect(found.exitCode).toBe(1);
    expect(found.troubles.filter(({ shown }) => shown === true).length).toBe(found.troubles.length);
  });

  const threadless = [
    ["everything over stdio", ["--", node, other("everything"), "stdio"]],
    [
      "everything over HTTP+SSE",
      ["--", `http://127.0.0.1:${port}/sse`, "env", `PORT=${port}`, node, other("everything"), "sse"],
    ],
    [
      "filesystem",
      [
        "--",
        node,
        join(
          require.resolve("@modelcontextprotocol/server-everything/package.json"),
          "../../server-filesystem/dist/index.js",
        ),
        ".",
      ],
    ],
  ] as const;
  test.each(threadless)("server-%s holds", async (_, args) => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "a.txt"), "hello");
    const found = await probed(args, folder.path);
    expect(hurts(found)).toEqual([]);
    expect(found.exitCode, found.says).toBe(0);
    expect(found.called.length).toBeGreaterThan(2);
    expect(found.durationMs).toBeLessThan(45_000);
  });

  const kept = process.env["SQUALL_THIRD_PARTY"] ?? join(homedir(), ".cache/squall-third-party");
  const python = join(kept, "python/mcp-server-time/bin/mcp-server-time");
  const go = join(kept, "go/everything");

  test.runIf(existsSync(python))("a server in Python holds", async () => {
    await using folder = await temporaryFolder();
    const found = await probed(["--allow-tool", "get_current_time", "--", python], folder.path);
    expect(hurts(found)).toEqual([]);
    expect(found.exitCode, found.says).toBe(0);
    // Of the other one some arguments may be refused: not every guess is a time zone.
    expect(found.called.map(({ tool }) => tool)).toContain("get_current_time");
  });

  test.runIf(existsSync(go))(
    "a server none of whose tools says that it only reads is not praised",

    async () => {
      await using folder = await temporaryFolder();
      const found = await probed(["--", `http://127.0.0.1:${port}/`, go, "-http", `127.0.0.1:${port}`], folder.path);
      expect(hurts(found)).toEqual([]);
      expect(found.called).toEqual([]);
      expect(found).toMatchObject({ exitCode: 2, says: expect.stringMatching(/^No tool was called.*this is no pass/) });
    },
  );
});

describe.runIf(isFull)("a server with an upstream", () => {
  const words = ["--", `http://127.0.0.1:${port}/mcp`, "env", `PORT=${port}`, node, cloud];
  const behind = (url: string): string[] => ["--upstream", `CLOUD_API_URL=${url}`, ...words];

  test("that hides its upstream's outage is found out", async () => {
    await using folder = await temporaryFolder();
    await using api = await startFixture("cloud-api");
    const found = await probed(behind(api.url), folder.path, { DEFECTS: "swallow-errors" });
    expect(found.exitCode).toBe(1);
    const says = hurts(found);
    expect(says.length).toBeGreaterThan(0);
    for (const one of says)
      expect(one).toMatch(/^violation silent-empty: \d+ server\.Fetch\w+ calls answered success without/);
    expect(found.findings[0]?.again).toMatch(
      /^squall run \S+squall-probe\.yaml --seed 42 --set 'checks=\[silent-empty\]'$/,
    );
  });

  test("that says so holds", async () => {
    await using folder = await temporaryFolder();
    await using api = await startFixture("cloud-api");
    const found = await probed(behind(api.url), folder.path, { DEFECTS: "" });
    expect(hurts(found)).toEqual([]);
    expect(found.exitCode, found.says).toBe(0);
    expect(found.held.map(({ check }) => check)).toEqual(
      expect.arrayContaining(["silent-empty", "survives", "retry-storm"]),
    );
  });
});

describe("hostile servers", () => {
  const http = (name: string): string[] => [
    "--",
    `http://127.0.0.1:${port}/mcp`,
    "env",
    `PORT=${port}`,
    node,
    hostile,
    name,
  ];
  const pipe = (name: string): string[] => ["--", node, hostile, name];
  // Each ends within a minute, in clear words and without a defect of ours.
  const all = [
    ["cursor-that-loops", http("cursor-that-loops"), 75, /more than 64 pages of tools/],
    ["gigabyte-greeting", http("gigabyte-greeting"), 75, /larger than Squall reads/],
    ["reads-nothing", pipe("reads-nothing"), 75, /did not answer initialize/],
    ["line-without-end", pipe("line-without-end"), 75, /larger than Squall reads/],
    ["endless-events", http("endless-events"), 2, /./],
    ["ten-thousand-tools", http("ten-thousand-tools"), 2, /./],
    ["pattern-that-never-ends", http("pattern-that-never-ends"), 2, /./],
    ["poisoned-tools", http("poisoned-tools"), 2, /./],
    ["poisoned-names", pipe("poisoned-names"), 2, /./],
    [
      "crash-in-call",
      ["--allow-tool", "Echo", ...pipe("crash-in-call")],
      1,
      /its process ended when Echo was called with \{\}/,
    ],
  ] as const;

  test.each(isFull ? all : all.slice(0, 1))("%s", async (_, args, code, says) => {
    await using folder = await temporaryFolder();
    const ended = await squall(["probe", "--quiet", ...args], { cwd: folder.path });
    const said = ended.stdout + ended.stderr;
    expect(ended.code, said).toBe(code);
    expect(said).toMatch(says);
    expect(said).not.toMatch(/defect of Squall|unhandled|It held/);
    // oxlint-disable-next-line no-control-regex
    expect(said).not.toMatch(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202E]/);
    expect(said.split("\n").filter((line) => line.trimStart().startsWith("::"))).toEqual([]);
  });
});
