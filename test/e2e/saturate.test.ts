/** Saturating a server of known capacity: it serves one call at a time, five milliseconds each, so two hundred a second. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { saturationDocument } from "../../src/commands/saturate/saturation.ts";
import { isFull, squall, temporaryFolder } from "./squall.ts";

const callMs = 5;
const capacity = 1000 / callMs;
let free: Promise<unknown> = Promise.resolve();

interface Asked {
  readonly id?: number;
  readonly method: string;
  readonly params: { readonly name?: string; readonly arguments?: unknown };
}

const tools = ["Wait", "Fail"].map((name) => ({ name, inputSchema: { type: "object" } }));

async function serve({ method, params }: Asked): Promise<unknown> {
  if (method === "initialize") {
    return { protocolVersion: "2025-11-25", capabilities: {}, serverInfo: { name: "queue", version: "1" } };
  }
  if (method === "tools/list") return { tools };
  const turn = free.then(() => sleep(callMs));
  free = turn;
  await turn;
  const content = [{ type: "text", text: JSON.stringify(params.arguments) }];
  return { content, ...(params.name === "Fail" ? { isError: true } : {}) };
}

const server = createServer((request, response) => {
  const answer = async (): Promise<void> => {
    if (request.method !== "POST") return void response.writeHead(405).end();
    const asked = JSON.parse(await text(request)) as Asked;
    if (asked.id === undefined) return void response.writeHead(202).end();
    const body = JSON.stringify({ jsonrpc: "2.0", id: asked.id, result: await serve(asked) });
    response.writeHead(200, { "content-type": "application/json", "mcp-session-id": "one" }).end(body);
  };
  void answer();
});
let url = "";

beforeAll(async () => {
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function saturated(...args: string[]) {
  await using folder = await temporaryFolder();
  const ended = await squall(["saturate", url, ...args, "--json"], { cwd: folder.path });
  if (ended.stdout === "") throw new Error(ended.stderr);
  return { ended, found: saturationDocument.parse(JSON.parse(ended.stdout)) };
}

test("a rate below its capacity holds; the raw ceiling is what it can do at most", async () => {
  const quick = ["--step", "2s", "--tries", "1", "--from", "20/s", "--to", "20/s", "--connections", "4"];
  const { ended, found } = await saturated("--tool", "Wait", "--args", '{"for":"me"}', ...quick);
  expect(found).toMatchObject({
    verdict: "not-reached",
    exitCode: 0,
    holds: { walksPerSecond: 20, callsPerSecond: 20 },
  });
  expect(found.raw).toMatchObject({ tool: "Wait", connections: 4, refused: 0, unanswered: 0 });
  expect(found.raw?.perSecond).toBeGreaterThan(capacity / 10);
  expect(found.raw?.perSecond).toBeLessThan(capacity * 1.1);
  expect(found.bounds[0]).toBe("error-rate(baseline) <= 1%");
  expect(ended.code).toBe(0);
  expect(ended.stderr).toContain("raw ceiling");
});

test("a scenario that may end early, with all that its replay needs", async () => {
  await using folder = await temporaryFolder();
  const scenario = {
    name: "ends-early",
    servers: { s: { url } },
    agents: { g: { arrivals: { rate: "5/s" }, chain: [{ call: "s.Wait" }] } },
    phases: [{ baseline: "2s" }, { fault: "1s", recovery: "1s", name: "outage" }],
    faults: [{ link: "agents->s", kind: "latency", delay: "1ms", during: "outage" }],
    stop: [
      { when: "error-rate(outage) > 50%", for: "1s" },
      { when: "goodput(g) < 1000/s", for: "1s" },
    ],
  };
  await writeFile(join(folder.path, "early.yaml"), JSON.stringify(scenario));
  const quick = "--step 2s --tries 1 --from 20/s --to 20/s --workers 1".split(" ");
  const { code, stdout, stderr } = await squall(["saturate", "early.yaml", ...quick], { cwd: folder.path });
  expect(code, stdout + stderr).toBe(0);
  expect(stdout).toContain("Every rate held, up to 20 walks/s");
  expect(stdout).toContain(`squall saturate early.yaml ${quick.join(" ")}`);
});

describe.runIf(isFull)("the whole search (left to CI: SQUALL_ROUNDS=full)", () => {
  test("ends around its capacity, and never above", { timeout: 300_000 }, async () => {
    const { found } = await saturated("--tool", "Wait", "--step", "3s", "--tries", "2", "--from", "16/s");
    expect(found).toMatchObject({ verdict: "found", exitCode: 0 });
    // A busy machine makes a server slower, never faster.
    expect(found.holds?.walksPerSecond).toBeLessThanOrEqual(capacity * 1.1);
    expect(found.holds?.walksPerSecond).toBeGreaterThan(4);
    expect(found.fails!.walksPerSecond / found.holds!.walksPerSecond).toBeLessThan(1.13);
    expect(found.holds?.held.n).toBeGreaterThanOrEqual(2);
  });

  test("a tool that says no has no rate that holds, and a raw ceiling of refusals", async () => {
    const quick = ["--step", "1s", "--tries", "1", "--from", "200/s", "--connections", "4"];
    const { found } = await saturated("--tool", "Fail", ...quick);
    expect(found).toMatchObject({ verdict: "never-held", exitCode: 1 });
    expect(found.raw?.refused).toBe(found.raw?.calls);
  });
});

test.each([
  ["a URL without a tool", ["http://127.0.0.1:1/mcp"], 64, "--tool: is missing"],
  [
    "a tool that no chain calls",
    ["silent-empty", "--tool", "Nope"],
    64,
    'no chain calls "Nope"; there is cloud.FetchResources',
  ],
  ["what an earlier step gives", ["silent-empty", "--tool", "FetchServices"], 64, "give its arguments: --args"],
  ["no server", ["http://127.0.0.1:1/mcp", "--tool", "Wait"], 75, "127.0.0.1:1"],
  ["arguments that are none", ["silent-empty", "--tool", "FetchServices", "--args", "[1]"], 64, "takes a JSON object"],
])("%s", async (_, args, code, says) => {
  await using folder = await temporaryFolder();
  const ended = await squall(["saturate", ...args], { cwd: folder.path });
  expect(ended.code, ended.stderr).toBe(code);
  expect(ended.stderr).toContain(says);
});

test("a folder of scenarios is not one scenario", async () => {
  await using folder = await temporaryFolder();
  for (const name of ["a.yaml", "b.yaml"]) {
    await writeFile(
      join(folder.path, name),
      `name: ${name[0]}\nservers: { s: { url: "http://127.0.0.1:1/mcp" } }\nagents: { g: { chain: [{ call: s.T }] } }\nphases: [{ baseline: 1s }]\n`,
    );
  }
  const ended = await squall(["saturate", "."], { cwd: folder.path });
  expect(ended.code).toBe(64);
  expect(ended.stderr).toContain("takes one scenario");
});
