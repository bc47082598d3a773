import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { readHistory } from "../../src/history/segments.ts";
import type { EventOf, EventType } from "../../src/history/events.ts";
import { guardedServer, tokenServer } from "./guarded-server.ts";
import { onlyRun, squall, temporaryFolder } from "./squall.ts";

/** Runs a scenario with this server and these agents; what it said, and its history. */
async function run(
  folder: string,
  {
    server,
    agents,
    phases = "[{ baseline: 1500ms }]",
    args = [],
  }: {
    readonly server: string;
    readonly agents: string;
    readonly phases?: string;
    readonly args?: readonly string[];
  },
) {
  const scenario = `name: identities
servers: { mine: ${server} }
agents: { a: { ${agents}, chain: [{ call: mine.Hello }] } }
phases: ${phases}
checks: [survives]
`;
  await writeFile(join(folder, "s.yaml"), scenario);
  const ended = await squall(["run", "s.yaml", "--quiet", ...args], { cwd: folder });
  const said = `${ended.stdout}${ended.stderr}`;
  const events = async <T extends EventType>(type: T): Promise<EventOf<T>[]> => {
    const found: EventOf<T>[] = [];
    for await (const event of readHistory(join(await onlyRun(folder), "history"))) {
      if (event.type === type) found.push(event as EventOf<T>);
    }
    return found;
  };
  return { ended, said, events };
}

const four = "policy: { kind: none, timeout: 5s }, arrivals: { count: 4, thinkTime: 50ms }";

describe("bearer tokens", () => {
  test.each(["lean", "sdk"])("agent n shows the n-th of a file, over the wire %s", async (wire) => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "tokens.txt"), "token-zero\ntoken-one\n\ntoken-two\ntoken-three\n");
    await using server = await guardedServer({ lets: (given = "") => /^Bearer token-\w+$/.test(given) });
    const { said } = await run(folder.path, {
      server: `{ url: "${server.url}", identity: { bearer: { file: tokens.txt } } }`,
      agents: `wire: ${wire}, ${four}`,
    });
    expect(server.calls.length, said).toBeGreaterThan(8);
    expect(server.refused).toBe(0);
    const shown = new Set(server.calls.map(({ agent, headers }) => `${agent} ${headers.authorization}`));
    expect([...shown].sort()).toEqual([
      "squall a.0 Bearer token-zero",
      "squall a.1 Bearer token-one",
      "squall a.2 Bearer token-two",
      "squall a.3 Bearer token-three",
    ]);
  });

  test("of a group come before those of its server, in turn where it says so, beside headers of its own", async () => {
    await using folder = await temporaryFolder();
    await using server = await guardedServer({ lets: (given = "") => given.startsWith("Bearer group-") });
    const own = "{ headers: { X-Team: blue }, bearer: { list: [group-one, group-two], roundRobin: true } }";
    const { said } = await run(folder.path, {
      server: `{ url: "${server.url}", direct: true, headers: { x-all: everybody }, identity: { bearer: server-own } }`,
      agents: `identity: { mine: ${own} }, ${four}`,
    });
    const shown = new Set(
      server.calls.map(({ agent, headers }) =>
        [agent, headers.authorization, headers["x-team"], headers["x-all"]].join(" "),
      ),
    );
    expect([...shown].sort(), said).toEqual([
      "squall a.0 Bearer group-one blue everybody",
      "squall a.1 Bearer group-two blue everybody",
      "squall a.2 Bearer group-one blue everybody",
      "squall a.3 Bearer group-two blue everybody",
    ]);
  });

  test("too few are told before anything starts", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "tokens.txt"), "token-zero\n");
    const { ended, said } = await run(folder.path, {
      server: '{ url: "http://127.0.0.1:1/mcp", identity: { bearer: { file: tokens.txt } } }',
      agents: four,
    });
    expect(ended.code).toBe(64);
    expect(said).toContain("servers.mine.identity.bearer");
    expect(said).toContain("expected one for each of the 4 agents of a, got 1 token");
    expect(said).toContain("roundRobin: true");
  });

  test("that no server takes are told with what may be wrong", async () => {
    await using folder = await temporaryFolder();
    await using server = await guardedServer({ lets: () => false });
    const { ended, said } = await run(folder.path, {
      server: `{ url: "${server.url}", identity: { bearer: wrong-token-of-mine } }`,
      agents: four,
    });
    expect(ended.code).toBe(75);
    expect(said).toContain("HTTP 401");
    expect(said).toContain("servers.mine.identity");
    expect(said).not.toContain("wrong-token-of-mine");
  });
});

describe("OAuth client credentials", () => {
  const oauth = (more: string): string =>
    `identity: { oauth: { clientId: squall, clientSecret: s3cret-of-squall, ${more} } }`;

  test.each(["lean", "sdk"])("are renewed before they end, by one request at a time (%s)", async (wire) => {
    await using folder = await temporaryFolder();
    await using tokens = await tokenServer({ lastsS: 2 });
    await using server = await guardedServer({ lets: tokens.lets });
    const { said, events } = await run(folder.path, {
      server: `{ url: "${server.url}", ${oauth(`tokenUrl: "${tokens.url}", scope: "tools read", refreshBefore: 1s`)} }`,
      agents: `wire: ${wire}, policy: { kind: none, timeout: 5s }, arrivals: { count: 20, thinkTime: 50ms }`,
      phases: "[{ baseline: 5s }]",
    });
    const granted = await events("token");
    expect(granted.length, said).toBeGreaterThan(2);
    expect(granted[0]).toMatchObject({ identity: "mine", why: "start", edge: "granted", number: 1, lastsMs: 2000 });
    // One more may have been asked for when the run was over.
    expect(tokens.grants.length - granted.length).toBeLessThanOrEqual(1);
    expect(new Set(granted.map(({ number }) => number)).size).toBe(granted.length);
    expect(tokens.grants[0]?.authorization).toBe(`Basic ${Buffer.from("squall:s3cret-of-squall").toString("base64")}`);
    expect(Object.fromEntries(tokens.grants[0]?.form ?? [])).toEqual({
      grant_type: "client_credentials",
      scope: "tools read",
      resource: server.url,
    });
    const shown = new Set(server.calls.map(({ headers }) => headers.authorization));
    expect(shown.size).toBeGreaterThan(2);
  });

  test("are renewed once refused: one request for twenty agents, and each call is tried again", async () => {
    await using folder = await temporaryFolder();
    await using tokens = await tokenServer({ lastsS: 2 });
    await using server = await guardedServer({ lets: tokens.lets });
    const { said, events } = await run(folder.path, {
      server: `{ url: "${server.url}", ${oauth(`tokenUrl: "${tokens.url}", refreshBefore: 0s, auth: body`)} }`,
      agents: "policy: { kind: none, timeout: 5s }, arrivals: { count: 20, thinkTime: 50ms }",
      phases: "[{ baseline: 6s }]",
      args: ["--workers", "2"],
    });
    const granted = await events("token");
    expect(granted.map(({ why, edge }) => `${why} ${edge}`).slice(0, 2), said).toEqual([
      "start granted",
      "refusal granted",
    ]);
    // Each lives for two seconds, so of six not many more than three can have been needed, whatever the agents' number.
    expect(tokens.grants.length).toBeLessThan(6);
    expect(tokens.grants[0]?.form.get("client_secret")).toBe("s3cret-of-squall");
    const attempts = await events("attempt");
    const refused = attempts.filter(({ status }) => status === 401);
    expect(refused.length).toBeGreaterThan(0);
    for (const { op } of refused) {
      expect(attempts.filter((attempt) => attempt.op === op).map(({ outcome }) => outcome)).toEqual(["failed", "ok"]);
    }
  });

  test("are found by the server's own metadata", async () => {
    await using folder = await temporaryFolder();
    await using tokens = await tokenServer({ lastsS: 60 });
    const metadata = tokens.url.replace("/token", "/.well-known/oauth-protected-resource");
    await using server = await guardedServer({
      lets: tokens.lets,
      challenge: `Bearer resource_metadata="${metadata}"`,
    });
    const { said } = await run(folder.path, {
      server: `{ url: "${server.url}", ${oauth("scope: tools")} }`,
      agents: four,
    });
    expect(server.calls.length, said).toBeGreaterThan(8);
    expect(tokens.grants).toHaveLength(1);
  });

  test("that are not to be had in mid-run are held against nobody", async () => {
    await using folder = await temporaryFolder();
    await using tokens = await tokenServer({ lastsS: 2 });
    await using server = await guardedServer({ lets: tokens.lets });
    // The first is granted, and no other.
    const granting = { status: 503, error: "temporarily_unavailable" };
    const refusing = (async () => {
      while (tokens.grants.length === 0) await sleep(10);
      tokens.refuse = granting;
    })();
    const { ended, said, events } = await run(folder.path, {
      server: `{ url: "${server.url}", ${oauth(`tokenUrl: "${tokens.url}"`)} }`,
      agents: four,
      phases: "[{ baseline: 5s }]",
    });
    await refusing;
    expect(ended.code, said).toBe(2);
    expect(said).toMatch(/mine had no valid token from \S+ s to \S+ s: \S+ refused a token with HTTP 503/);
    const failed = (await events("token")).filter(({ edge }) => edge === "failed");
    expect(failed.length).toBeGreaterThan(0);
    // Four agents that are refused many times a second ask no more than once a second.
    expect(tokens.grants.length).toBeLessThan(15);
  });

  test("that are refused at the start keep the run from beginning, without the secret", async () => {
    await using folder = await temporaryFolder();
    await using tokens = await tokenServer();
    tokens.refuse = { status: 401, error: "invalid_client" };
    await using server = await guardedServer({ lets: tokens.lets });
    const { ended, said } = await run(folder.path, {
      server: `{ url: "${server.url}", ${oauth(`tokenUrl: "${tokens.url}"`)} }`,
      agents: four,
    });
    expect(ended.code).toBe(75);
    expect(said).toContain(
      `the agents are granted no token: ${tokens.url} refused a token with HTTP 401 (invalid_client)`,
    );
    expect(said).not.toContain("s3cret-of-squall");
  });
});

test("over stdio each agent's process has variables of its own", async () => {
  await using folder = await temporaryFolder();
  const program = join(folder.path, "server.mjs");
  await writeFile(
    program,
    `import { createInterface } from "node:readline";
import { appendFileSync } from "node:fs";
const say = (id, result) => console.log(JSON.stringify({ jsonrpc: "2.0", id, result }));
createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  if (method === "initialize") {
    appendFileSync("seen.txt", params.clientInfo.name + " " + process.env.API_TOKEN + "\\n");
    say(id, { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "s", version: "1" } });
  } else if (method === "tools/list") say(id, { tools: [{ name: "Hello", inputSchema: { type: "object" } }] });
  else say(id, { content: [{ type: "text", text: "hello" }] });
});
`,
  );
  const { said } = await run(folder.path, {
    server: `{ transport: stdio, command: [node, server.mjs], protocol: "2025-11-25", identity: { env: { API_TOKEN: { list: [one-token, two-token] } } } }`,
    agents: "policy: { kind: none, timeout: 5s }, arrivals: { count: 2, thinkTime: 50ms }",
  });
  const seen = (await readFile(join(folder.path, "seen.txt"), "utf8")).split("\n");
  expect(seen, said).toContain("squall a.0 one-token");
  expect(seen).toContain("squall a.1 two-token");
});
