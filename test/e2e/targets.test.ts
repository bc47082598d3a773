import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { onlyRun, squall, temporaryFolder, verdictsFrom } from "./squall.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const fixture = (name: string): string => join(root, "dist/fixtures", `${name}.js`);
const phases = "phases: [{ baseline: 1500ms }, { fault: 1500ms, recovery: 500ms, name: outage }]";

test("servers and upstreams that are commands: the same finding as with fixtures", async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, "work"));
  const text = `name: commands
upstreams:
  api: { command: [node, ${fixture("cloud-api")}], url: "http://127.0.0.1:\${port}", env: { PORT: "\${port}" } }
servers:
  mine:
    command: [node, ${fixture("cloud")}]
    url: "http://127.0.0.1:\${port}/mcp"
    cwd: work
    env: { PORT: "\${port}", DEFECTS: "\${env.DEFECTS_WANTED:-swallow-errors}" }
    upstreams: { CLOUD_API_URL: api }
agents: { a: { policy: { kind: none, timeout: 2s }, arrivals: { rate: 10/s }, chain: [{ call: mine.FetchResources }] } }
${phases}
checks: [silent-empty]
faults: [{ link: mine->api, kind: egress-block, for: 1s }]
`;
  await writeFile(join(folder.path, "s.yaml"), text);
  const verdicts = await verdictsFrom(["s.yaml"], folder.path);
  expect(verdicts, JSON.stringify(verdicts)).toMatchObject({
    verdict: "fail",
    exitCode: 1,
    gaps: [],
    checks: [{ check: "silent-empty", verdict: "fail" }],
  });
});

describe("a server that runs already", () => {
  test("is called over a link of ours, and still runs afterwards", async () => {
    await using folder = await temporaryFolder();
    const api = spawn(process.execPath, [fixture("cloud-api")], { stdio: ["ignore", "pipe", "ignore"] });
    const apiUrl = await readyUrl(api.stdout);
    const server = spawn(process.execPath, [fixture("cloud")], {
      env: { ...process.env, CLOUD_API_URL: apiUrl },
      stdio: ["ignore", "pipe", "ignore"],
    });
    try {
      const url = await readyUrl(server.stdout);
      const text = `name: url
servers: { mine: { url: "${url}" } }
agents: { a: { policy: { kind: none, timeout: 2s }, arrivals: { count: 3, thinkTime: 50ms }, chain: [{ call: mine.FetchResources }] } }
${phases}
faults: [{ link: agents->mine, kind: latency, delay: 80ms, jitter: 10ms }]
`;
      await writeFile(join(folder.path, "s.yaml"), text);
      const verdicts = await verdictsFrom(["s.yaml"], folder.path);
      // The fault was seen and nothing is missing; but its recovery is too short to see the server come back.
      expect(verdicts, JSON.stringify(verdicts)).toMatchObject({
        verdict: "unknown",
        exitCode: 2,
        gaps: [],
        checks: [{ check: "drift" }, { check: "survives", verdict: "unknown" }],
      });
      expect(verdicts.checks).toHaveLength(2);
      expect(server.exitCode).toBeNull();
      await expect(fetch(url).then(({ status }) => status)).resolves.toBeGreaterThan(0);
    } finally {
      server.kill();
      api.kill();
    }
  });

  test("may repeat the secret it was given: neither the run's files nor the screen do", async () => {
    await using folder = await temporaryFolder();
    const secret = "hunter2-hunter2-hunter2";
    const server = createServer(
      (request, response) =>
        void indiscreet(request).then((body) =>
          response.writeHead(body === "" ? 202 : 200, { "content-type": "application/json" }).end(body),
        ),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const text = `name: secret
servers: { mine: { url: "http://127.0.0.1:${port}/mcp", headers: { authorization: "Bearer \${env.MY_TOKEN}", x-key: ${secret}-2 } } }
agents: { a: { arrivals: { count: 1, thinkTime: 100ms }, chain: [{ call: mine.Whoami }] } }
phases: [{ baseline: 500ms }]
`;
    await writeFile(join(folder.path, "s.yaml"), text);
    const ended = await squall(["run", "s.yaml"], { cwd: folder.path, env: { MY_TOKEN: secret } });
    server.close();
    expect(ended.code, ended.stderr).toBe(2);
    expect(ended.stdout + ended.stderr).not.toContain(secret);
    const run = await onlyRun(folder.path);
    const files = await readdir(run, { recursive: true, withFileTypes: true });
    const texts = await Promise.all(
      files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name), "utf8")),
    );
    expect(texts.join("\n")).toContain("you are ***");
    expect(texts.filter((content) => content.includes(secret))).toEqual([]);
  });
});

test("in the checkout npx runs it too", () => {
  const version = execFileSync("npx", ["squall", "--version"], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  expect(version).toMatch(/^\d+\.\d+\.\d+\n$/);
});

/** A server whose every error repeats the credentials of the request. */
async function indiscreet(request: IncomingMessage): Promise<string> {
  const text = Buffer.concat(await request.toArray()).toString();
  const { id, method } = (text === "" ? {} : JSON.parse(text)) as { id?: number; method?: string };
  if (id === undefined) return "";
  const results: Record<string, unknown> = {
    initialize: { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "x", version: "1" } },
    "tools/list": { tools: [{ name: "Whoami", inputSchema: { type: "object" } }] },
    "tools/call": {
      isError: true,
      content: [
        {
          type: "text",
          text: `you are ${request.headers.authorization?.slice(7)} and ${String(request.headers["x-key"])}`,
        },
      ],
    },
  };
  return JSON.stringify({ jsonrpc: "2.0", id, result: results[method ?? ""] ?? {} });
}

async function readyUrl(stdout: NodeJS.ReadableStream | null): Promise<string> {
  if (stdout === null) throw new Error("no stdout");
  for await (const chunk of stdout) {
    const [, url] = /"url":"([^"]+)"/.exec(String(chunk)) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error("it never said where it listens");
}
