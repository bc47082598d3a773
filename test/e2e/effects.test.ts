/** Effects of foreign servers, read back from where they leave them, in whole runs. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { onlyRun, squall, temporaryFolder, verdictsFrom } from "./squall.ts";

const memoryServer = createRequire(import.meta.url).resolve("@modelcontextprotocol/server-memory/dist/index.js");

/** A knowledge graph in a file that each call reads, changes and writes whole. */
const memory = (folder: string, count: number, read: object) => ({
  name: "memory",
  servers: {
    memory: {
      transport: "stdio",
      command: [process.execPath, memoryServer],
      env: { MEMORY_FILE_PATH: join(folder, "memory.jsonl") },
    },
  },
  agents: {
    clerk: {
      policy: { kind: "none", timeout: "3s" },
      arrivals: { count, thinkTime: "20ms" },
      chain: [
        {
          call: "memory.create_entities",
          args: { entities: [{ name: "${op.id}", entityType: "order", observations: ["amount ${int(1, 1000)}"] }] },
          effect: "entity",
        },
      ],
    },
  },
  phases: [{ baseline: "2s" }],
  effects: { entity: { read, key: "name", content: { "$.observations[0]": "$.entities[0].observations[0]" } } },
  checks: ["duplicate-effects", "wrong-effects"],
});

const cloud = (ledger: string, effect: object, defects: readonly string[]) => ({
  name: "cloud",
  upstreams: { "cloud-api": { fixture: "cloud-api", env: { LEDGER_FILE: ledger } } },
  servers: { cloud: { fixture: "cloud", defects, upstreams: { CLOUD_API_URL: "cloud-api" } } },
  agents: {
    planner: {
      policy: { kind: "retry", attempts: 3, delay: "50ms", timeout: "2s" },
      arrivals: { count: 3, thinkTime: "100ms" },
      chain: [
        {
          call: "cloud.CreateLimitRequest",
          args: { resource: "compute", limit: 5, requestId: "${op.id}" },
          effect: "limit",
        },
      ],
    },
  },
  phases: [{ baseline: "1500ms" }, { fault: "1500ms", recovery: "1s", name: "lost" }],
  faults: [{ link: "agents->cloud", kind: "lost-answer", tool: "CreateLimitRequest", count: 6, during: "lost" }],
  effects: { limit: effect },
  checks: ["duplicate-effects"],
});

async function runOf(folder: string, scenario: object, ...args: readonly string[]) {
  await writeFile(join(folder, "scenario.yaml"), stringify(scenario));
  const { ended, ...verdicts } = await verdictsFrom(["scenario.yaml", ...args], folder);
  const check = (name: string) => verdicts.checks.find((candidate) => candidate.check === name);
  return { verdicts, ended, check };
}

describe("a server that reads a file, changes it and writes it whole", () => {
  test("loses what is written at the same time, though every call is ok", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "memory.jsonl"), "");
    const read = { command: { run: ["cat", "memory.jsonl"] } };
    const { verdicts, check } = await runOf(folder.path, memory(folder.path, 4, read), "--no-faults");
    expect(verdicts, JSON.stringify(verdicts)).toMatchObject({ verdict: "fail", exitCode: 1 });
    const [finding] = check("duplicate-effects")?.findings ?? [];
    expect(finding?.says).toContain("had no effect although the caller was told that it succeeded");
    expect(finding?.says).toContain("as read back by command");
  });

  test("loses nothing of one caller, as its own tool tells", async () => {
    await using folder = await temporaryFolder();
    const read = { tool: { server: "memory", tool: "read_graph", rows: "$.entities" } };
    const { verdicts, check } = await runOf(folder.path, memory(folder.path, 1, read), "--no-faults");
    expect(verdicts, JSON.stringify(verdicts)).toMatchObject({ verdict: "pass", exitCode: 0 });
    expect(check("wrong-effects")?.strength).toMatch(/^0 other than asked for in \d+ effects/);
  });
});

describe("a lost answer is retried", () => {
  const query = "SELECT id, key FROM effects WHERE key LIKE ?";
  const rows = { read: { sql: { url: "sqlite:ledger.sqlite", query, params: ["${run}%"] } }, key: "key", id: "id" };
  const pages = { read: { http: { url: "/_control/ledger?limit=1000", rows: "$.rows" } }, upstream: "cloud-api" };
  const total = {
    read: { sql: { url: "sqlite:ledger.sqlite", query: "SELECT count(*) AS n FROM effects" } },
    total: "n",
  };
  const requests = { requests: { upstream: "cloud-api", method: "POST", path: "/limit-requests" } };

  test.each([
    ["rows by SQL", rows, /as read back by sql: .*ledger rows \d+, \d+/],
    ["a total", total, /more effects than ops can have/],
  ])("and done twice: found by %s", async (_, effect, says) => {
    await using folder = await temporaryFolder();
    const ledger = join(folder.path, "ledger.sqlite");
    const { verdicts, check } = await runOf(folder.path, cloud(ledger, effect, ["ignore-request-id"]));
    expect(verdicts, JSON.stringify(verdicts)).toMatchObject({ verdict: "fail", exitCode: 1 });
    expect(check("duplicate-effects")?.findings[0]?.says).toMatch(says);
  });

  test("and done twice: requests alone make it a weakness", async () => {
    await using folder = await temporaryFolder();
    const ledger = join(folder.path, "ledger.sqlite");
    const { check, verdicts } = await runOf(folder.path, cloud(ledger, requests, ["ignore-request-id"]));
    const grades = check("duplicate-effects")?.findings.map(({ grade }) => grade);
    expect(grades, JSON.stringify(verdicts)).toEqual(["weakness"]);
  });

  test.each([
    ["rows by HTTP", pages],
    ["a total", total],
    ["requests", requests],
  ])("and done once: silent by %s", async (_, effect) => {
    await using folder = await temporaryFolder();
    const { verdicts, check } = await runOf(folder.path, cloud(join(folder.path, "ledger.sqlite"), effect, []));
    expect(verdicts, JSON.stringify(verdicts)).toMatchObject({ verdict: "pass", exitCode: 0 });
    expect(check("duplicate-effects")).toMatchObject({ findings: [], looked: expect.any(Number) });
  });
});

test("what cannot be read is told before the first call, without the password", async () => {
  await using folder = await temporaryFolder();
  const url = "postgres://shop:hunter2-hunter2@127.0.0.1:1/shop";
  const effect = { read: { sql: { url, query: "SELECT 1" } } };
  await writeFile(join(folder.path, "scenario.yaml"), stringify(cloud(join(folder.path, "ledger.sqlite"), effect, [])));
  const { code, stdout, stderr } = await squall(["run", "scenario.yaml"], { cwd: folder.path });
  expect(code).toBe(75);
  expect(stderr).toContain("the effect limit cannot be read by sql: connect ECONNREFUSED");
  const run = await onlyRun(folder.path);
  const files = await readdir(run, { recursive: true, withFileTypes: true });
  const texts = await Promise.all(
    files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name), "latin1")),
  );
  expect([stdout, stderr, ...texts].filter((text) => text.includes("hunter2"))).toEqual([]);
});
