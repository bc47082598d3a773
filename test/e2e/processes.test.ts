/** Faults on processes in whole runs: what comes back is told from what does not, and nothing of them is left. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import {
  canSeeProcesses,
  nothingIsLeft,
  rounds,
  squall,
  started,
  startSquall,
  temporaryFolder,
  verdictsFrom,
} from "./squall.ts";

const scenario = ({ server, fault }: { readonly server: string; readonly fault: string }): string => `name: processes
upstreams: { cloud-api: { fixture: cloud-api } }
servers:
  cloud: { ${server}, upstreams: { CLOUD_API_URL: cloud-api } }
agents:
  planner:
    policy: { kind: none, timeout: 4s }
    arrivals: { rate: 10/s, agents: 3 }
    chain: [{ call: cloud.FetchResources }]
phases: [{ baseline: 1s }, { fault: 2s, recovery: 4s, name: trouble }]
faults:
  - { ${fault}, for: 1500ms }
checks: [survives]
`;

/** It writes down that it runs, and does not start where another one has not crossed that out. */
const locking = `
import { createServer } from "node:http";
import { existsSync, writeFileSync } from "node:fs";
if (existsSync("running.lock")) {
  console.error("Error: running.lock is there: another one is running");
  process.exit(3);
}
writeFileSync("running.lock", "");
const results = {
  initialize: { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "x", version: "1" } },
  "tools/list": { tools: [{ name: "FetchResources", inputSchema: { type: "object" } }] },
  "tools/call": { content: [{ type: "text", text: "ok" }] },
};
createServer(async (request, response) => {
  const text = Buffer.concat(await request.toArray()).toString();
  const { id, method } = text === "" ? {} : JSON.parse(text);
  if (id === undefined) return response.writeHead(202).end();
  const answer = { jsonrpc: "2.0", id, result: results[method] };
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
}).listen(Number(process.argv[2]), "127.0.0.1");
`;

const killed = "server: cloud, kind: kill, restart: after 300ms";

describe("a server that is killed under load and started again", () => {
  const transports = [
    ["over HTTP", "fixture: cloud"],
    ["over stdio", "fixture: cloud, transport: stdio"],
  ] as const;
  test.each(rounds<readonly (typeof transports)[number][]>(transports, transports.slice(0, 1)))(
    "%s survives where it is honest",
    async (_, server) => {
      await using folder = await temporaryFolder();
      await writeFile(join(folder.path, "s.yaml"), scenario({ server, fault: killed }));
      const { ended, checks, gaps } = await verdictsFrom(["s.yaml"], folder.path);
      const text = JSON.stringify(checks) + JSON.stringify(gaps) + ended.stderr;
      expect(checks, text).toMatchObject([{ check: "survives", verdict: "pass", findings: [] }]);
      expect(checks[0]?.strength, text).toMatch(
        /^0 exits, back after \d+ kills?, 0 vanished tools; recovered after 1 of 1/,
      );
      expect(ended.code, text).toBe(0);
    },
  );

  test("does not where it trips over what the killed one has left", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "server.mjs"), locking);
    const server = 'command: [node, server.mjs, "${port}"], url: "http://127.0.0.1:${port}/mcp"';
    await writeFile(
      join(folder.path, "s.yaml"),
      scenario({ server, fault: killed })
        .replace(/upstreams: \{ cloud-api.*\n/, "")
        .replace(/, upstreams: \{.*?\}/, ""),
    );
    const { ended, checks } = await verdictsFrom(["s.yaml"], folder.path);
    const text = JSON.stringify(checks) + ended.stderr;
    expect(checks, text).toMatchObject([{ check: "survives", verdict: "fail" }]);
    expect(checks[0]?.findings[0]?.says, text).toMatch(
      /^cloud ended by itself once: .* with exit code 3, while kill on server cloud was on; it wrote "Error: running.lock is there/,
    );
    expect(ended.code).toBe(1);
  });
});

test("an upstream that stands still is no fault of its server, which goes on when it does", async () => {
  await using folder = await temporaryFolder();
  const fault = "upstream: cloud-api, kind: pause";
  await writeFile(join(folder.path, "s.yaml"), scenario({ server: "fixture: cloud", fault }));
  const { ended, checks, gaps } = await verdictsFrom(["s.yaml"], folder.path);
  const text = JSON.stringify(checks) + JSON.stringify(gaps) + ended.stderr;
  expect(checks, text).toMatchObject([{ check: "survives", verdict: "pass", findings: [] }]);
  expect(ended.code, text).toBe(0);
});

describe.runIf(canSeeProcesses)("whatever ends a run while its server stands still, nothing of it is left", () => {
  const ends = [
    ["SIGKILL", "fixture: cloud, transport: stdio"],
    ["SIGKILL", "fixture: cloud"],
    ["SIGINT", "fixture: cloud"],
  ] as const;
  test.each(rounds<readonly (typeof ends)[number][]>(ends, ends.slice(0, 1)))("%s, %s", async (signal, server) => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "s.yaml"), scenario({ server, fault: "server: cloud, kind: pause" }));
    const running = startSquall(["run", "s.yaml"], { cwd: folder.path });
    await started(running, "pause on server cloud (trouble.0) observed");
    await sleep(200);
    running.child.kill(signal);
    const { code } = await running.ended;
    if (signal === "SIGINT") expect(code).toBe(130);
    await nothingIsLeft(running);
  });
});

test("what the run does not start has no processes for it to break: that is a mistake", async () => {
  await using folder = await temporaryFolder();
  const server = "url: http://127.0.0.1:9/mcp";
  await writeFile(join(folder.path, "s.yaml"), scenario({ server, fault: killed }).replace(/, upstreams: \{.*?\}/, ""));
  const { code, stderr } = await squall(["run", "s.yaml", "--dry-run"], { cwd: folder.path });
  expect(code).toBe(64);
  expect(stderr).toContain("faults[0].server: cannot be broken: cloud has only a url");
});
