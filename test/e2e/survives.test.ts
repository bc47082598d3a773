import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isFull, temporaryFolder, verdictsFrom } from "./squall.ts";

test.each([
  ["passes within its restart policy", "{ most: 10, within: 10s }", "pass", 0],
  ["fails where its policy asks for more than it can", "{ most: 10, within: 100ms }", "fail", 1],
] as const)("a server that dies and comes back %s", async (_, restart, verdict, code) => {
  await using folder = await temporaryFolder();
  const sets = [
    "phases=[{baseline: 1s}, {fault: 300ms, recovery: 3s, name: resets}]",
    "faults=[{link: cloud->cloud-api, kind: egress-block, how: reset}]",
    "checks=[survives]",
    `servers.cloud.restart=${restart}`,
  ];
  const args = ["survives", ...sets.flatMap((set) => ["--set", set])];
  const { ended, ...verdicts } = await verdictsFrom(args, folder.path);
  expect(verdicts, JSON.stringify(verdicts)).toMatchObject({ verdict, checks: [{ check: "survives", verdict }] });
  expect(ended.code).toBe(code);
  const [finding] = verdicts.checks[0]?.findings ?? [];
  expect(finding?.says).toMatch(/^cloud ended by itself .* its restart policy/);
});

/** It keeps one connection to its upstream, and once that is closed it never makes another. */
const oneConnection = `
import { Agent, createServer, get } from "node:http";
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let gone = false;
const ask = () => new Promise((resolve, reject) => {
  if (gone) return reject(new Error("the connection is closed"));
  const asked = get(process.env.API_URL + "/resources", { agent }, (response) => {
    response.resume();
    response.once("end", () => resolve("ok")).once("error", reject);
  });
  asked.once("socket", (socket) => socket.once("close", () => (gone = true)));
  asked.once("error", reject);
});
const results = {
  initialize: () => ({ protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "x", version: "1" } }),
  "tools/list": () => ({ tools: [{ name: "List", inputSchema: { type: "object" } }] }),
  "tools/call": () => ask().then(
    (text) => ({ content: [{ type: "text", text }] }),
    (error) => ({ isError: true, content: [{ type: "text", text: error.message }] }),
  ),
};
createServer(async (request, response) => {
  const text = Buffer.concat(await request.toArray()).toString();
  const { id, method } = text === "" ? {} : JSON.parse(text);
  if (id === undefined) return response.writeHead(202).end();
  const result = await results[method]();
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ jsonrpc: "2.0", id, result }));
}).listen(Number(process.argv[2]), "127.0.0.1");
`;

describe.runIf(isFull)("survives on a server with one connection (left to CI: SQUALL_ROUNDS=full)", () => {
  test("a server that never connects anew survives one form of healing and not the other", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "server.mjs"), oneConnection);
    const scenario = (first: string, second: string): string => `name: one-connection
upstreams: { api: { fixture: cloud-api } }
servers:
  mine:
    command: [node, server.mjs, "\${port}"]
    url: "http://127.0.0.1:\${port}/mcp"
    protocol: "2025-11-25"
    upstreams: { API_URL: api }
agents: { a: { policy: { kind: none, timeout: 3s }, arrivals: { rate: 10/s }, chain: [{ call: mine.List }] } }
phases: [{ baseline: 1500ms }, { fault: 1s, recovery: 2s, name: one }, { fault: 1s, recovery: 2s, name: two }]
faults:
  - { link: mine->api, kind: egress-block, how: black-hole, heal: ${first}, during: one }
  - { link: mine->api, kind: egress-block, how: black-hole, heal: ${second}, during: two }
checks: [survives]
`;
    const judged = async (first: string, second: string) => {
      await writeFile(join(folder.path, "s.yaml"), scenario(first, second));
      const { checks, ended } = await verdictsFrom(["s.yaml"], folder.path);
      return { code: ended.code, check: checks[0], text: JSON.stringify(checks) };
    };
    // The first episode leaves no finding, so what tells them apart is the form alone.
    const dropped = await judged("let-through", "drop-connections");
    expect(dropped, dropped.text).toMatchObject({ code: 1, check: { verdict: "fail" } });
    const [finding, ...others] = dropped.check?.findings ?? [];
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ grade: "violation", blames: "server" });
    expect(finding?.says).toMatch(
      /of mine.List were not ok \(\d+ tool-error; baseline 0 of \d+\), though two was over/,
    );
    expect(finding?.says).toContain("healed by dropping connections");

    // Where the first episode leaves ruins the run stops, and what was seen until then is a finding all the same.
    const early = await judged("drop-connections", "let-through");
    expect(early, early.text).toMatchObject({ code: 1, check: { verdict: "fail" } });
    expect(early.check?.findings[0]?.says).toContain("though one was over");
  });

  /** It lists LogIn until something was called, and goes when the last session is closed after that. */
});

const leaving = `
import { createServer, get } from "node:http";
const sessions = new Set();
let called = false;
const tools = () => ["List", ...(called ? [] : ["LogIn"])].map((name) => ({ name, inputSchema: { type: "object" } }));
const results = {
  initialize: () => ({ protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "x", version: "1" } }),
  "tools/list": () => ({ tools: tools() }),
  "tools/call": () => new Promise((resolve) => {
    called = true;
    get(process.env.API_URL + "/resources", (response) => {
      response.resume().once("end", () => resolve({ content: [{ type: "text", text: "ok" }] }));
    }).once("error", ({ message }) => resolve({ isError: true, content: [{ type: "text", text: message }] }));
  }),
};
createServer(async (request, response) => {
  if (request.method === "DELETE") {
    sessions.delete(request.headers["mcp-session-id"]);
    return response.writeHead(204).end(() => { if (called && sessions.size === 0) process.exit(0); });
  }
  const text = Buffer.concat(await request.toArray()).toString();
  const { id, method } = text === "" ? {} : JSON.parse(text);
  if (id === undefined) return response.writeHead(202).end();
  const session = method === "initialize" ? String(Math.random()) : request.headers["mcp-session-id"];
  sessions.add(session);
  const result = await results[method]();
  const headers = { "content-type": "application/json", "mcp-session-id": session };
  response.writeHead(200, headers).end(JSON.stringify({ jsonrpc: "2.0", id, result }));
}).listen(Number(process.argv[2]), "127.0.0.1");
`;

describe.runIf(isFull)("survives on a server that leaves (left to CI: SQUALL_ROUNDS=full)", () => {
  test("a server that hides what is done with, and leaves with its last caller, passes", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "server.mjs"), leaving);
    const scenario = `name: leaving
upstreams: { api: { fixture: cloud-api } }
servers:
  mine:
    command: [node, server.mjs, "\${port}"]
    url: "http://127.0.0.1:\${port}/mcp"
    protocol: "2025-11-25"
    upstreams: { API_URL: api }
agents: { a: { policy: { kind: none, timeout: 1s }, arrivals: { rate: 20/s }, chain: [{ call: mine.List }] } }
phases: [{ baseline: 1s }, { fault: 500ms, recovery: 2s, name: cut }]
faults: [{ link: mine->api, kind: egress-block, how: reset }]
checks: [survives]
`;
    await writeFile(join(folder.path, "s.yaml"), scenario);
    const { checks, ended } = await verdictsFrom(["s.yaml"], folder.path);
    expect(checks, JSON.stringify(checks)).toMatchObject([{ verdict: "pass", findings: [] }]);
    expect(ended.code).toBe(0);
  });
});
