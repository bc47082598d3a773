/** A canary in every place where a secret may stand, servers that repeat all they know, and a look at all that is left. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readHistory } from "../../src/history/segments.ts";
import { guardedServer, tokenServer } from "./guarded-server.ts";
import { squall, temporaryFolder } from "./squall.ts";

const canary = (place: string): string => `c4nary-${place}-Zx81+/w`;
const places = [
  "header",
  "identity-header",
  "listed",
  "filed",
  "client-secret",
  "granted",
  "server-login",
  "upstream-login",
  "variable",
  "own-variable",
  "option",
  "argument",
  "agent-variable",
] as const;
const canaries: Record<(typeof places)[number], string> = {
  ...(Object.fromEntries(places.map((place) => [place, canary(place)])) as Record<(typeof places)[number], string>),
  variable: `${canary("variable")} "quoted" zwölf`,
};

/** What hostile servers make of it. */
function formsOf(text: string): string[] {
  const bytes = Buffer.from(text);
  return [
    text,
    JSON.stringify(text),
    encodeURIComponent(text),
    bytes.toString("base64"),
    bytes.toString("base64url"),
    Buffer.from(`user:${text}`).toString("base64"),
  ];
}

const unseen = places.flatMap((place) => {
  const secret = canaries[place];
  return formsOf(secret)
    .slice(0, 5)
    .map((form) => ({ place, form: form.replace(/^"|"$|=+$/g, "") }));
});

function leaksIn(text: string): string[] {
  return unseen.filter(({ form }) => text.includes(form)).map(({ place, form }) => `${place}: ${form}`);
}

test("a leak would be seen", () => {
  expect(leaksIn(`x ${JSON.stringify(`Bearer ${canaries.variable}`)}`)).toHaveLength(1);
  expect(leaksIn(JSON.stringify(formsOf(canaries.granted)))).toHaveLength(5);
});

/** Everything that was shown to it, as text, as keys, in errors and in what is no answer at all. */
function telltale() {
  let turn = 0;
  return (request: IncomingMessage, body: string): unknown => {
    const heard = [...Object.values(request.headers).map(String), body].flatMap((value) => [
      value,
      ...value.split(" "),
    ]);
    const told = [...places.map((place) => canaries[place]), ...heard].flatMap(formsOf);
    turn += 1;
    const text = [{ type: "text", text: told.join(" ") }];
    switch (turn % 3) {
      case 0:
        return { content: text, structuredContent: Object.fromEntries(told.map((key) => [key, 1])) };
      case 1:
        return { content: text, isError: true };
      default:
        return { content: [{ type: "text", text: `${"x".repeat(150)}${told.join(" ")}` }], isError: true };
    }
  };
}

const pipedServer = `
import { createInterface } from "node:readline";
const forms = (text) => [text, JSON.stringify(text), encodeURIComponent(text), Buffer.from(text).toString("base64")];
const told = () => [...Object.values(process.env), ...process.argv].flatMap(forms).join(" ");
const say = (answer) => console.log(JSON.stringify({ jsonrpc: "2.0", ...answer }));
// In pieces, so that no write holds a whole secret.
let rest = Buffer.from(told() + "\\n");
const spill = () => {
  if (rest.length === 0) return;
  process.stderr.write(rest.subarray(0, 7));
  rest = rest.subarray(7);
  setImmediate(spill);
};
spill();
createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  const result = method === "initialize"
    ? { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "s", version: "1" } }
    : method === "tools/list" ? { tools: [{ name: "Hello", inputSchema: { type: "object" } }] } : undefined;
  if (result !== undefined) say({ id, result });
  else say({ id, error: { code: -32000, message: told() } });
});
`;

async function everythingIn(folder: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const names = await readdir(folder, { recursive: true });
  for (const name of names) {
    const text = await readFile(join(folder, name), "latin1").catch(() => "");
    found.set(name, Buffer.from(text, "latin1").toString());
    if (!name.endsWith("history")) continue;
    const events: unknown[] = [];
    for await (const event of readHistory(join(folder, name))) events.push(event);
    found.set(`${name} (read)`, JSON.stringify(events));
  }
  return found;
}

test("no secret is left in any file of a run nor in anything that it says", async () => {
  await using folder = await temporaryFolder();
  await using tokens = await tokenServer({ lastsS: 1, token: () => canaries.granted });
  const open = { lets: () => true, answer: telltale(), headers: () => ({ "x-told": canaries.granted }) };
  await using granted = await guardedServer({ ...open, lets: tokens.lets });
  await using listed = await guardedServer(open);
  await using filed = await guardedServer(open);
  await using basic = await guardedServer(open);
  await writeFile(join(folder.path, "tokens.txt"), `${canaries.filed}\n`);
  await writeFile(join(folder.path, "piped.mjs"), pipedServer);
  const login = basic.url.replace("http://", `http://user:${encodeURIComponent(canaries["server-login"])}@`);
  const scenario = `name: canaries
upstreams:
  db: { protocol: tcp, url: "${basic.url.replace("http:", "tcp:")}" }
servers:
  granted:
    url: "${granted.url}"
    headers: { x-key: "${canaries.header}" }
    identity:
      headers: { x-own: "\${env.IDENTITY_HEADER}" }
      oauth: { tokenUrl: "${tokens.url}", clientId: me, clientSecret: "${canaries["client-secret"]}", refreshBefore: 0s }
  listed: { url: "${listed.url}", identity: { bearer: { list: ["${canaries.listed}"] } } }
  filed: { url: "${filed.url}", identity: { bearer: { file: tokens.txt } } }
  basic: { url: "${login}" }
  piped:
    transport: stdio
    command: [node, piped.mjs, --api-key, "${canaries.option}", "--db=postgres://me:${canaries["upstream-login"]}@localhost/x"]
    protocol: "2025-11-25"
    env: { API_SECRET: '${canaries.variable}' }
    identity: { env: { AGENT_NAME: "${canaries["agent-variable"]}" } }
    upstreams: { DB: db }
agents:
  web:
    policy: { kind: retry, attempts: 2, delay: 50ms, timeout: 5s }
    arrivals: { count: 1, thinkTime: 20ms }
    chain:
      - { call: granted.Hello, args: { apiToken: "${canaries.argument}" } }
      - { call: listed.Hello }
      - { call: filed.Hello }
      - { call: basic.Hello }
  sdk:
    wire: sdk
    policy: { kind: none, timeout: 5s }
    chain: [{ call: granted.Hello }]
  pipes:
    policy: { kind: none, timeout: 5s }
    chain: [{ call: piped.Hello }]
phases: [{ baseline: 2500ms }]
`;
  await writeFile(join(folder.path, "s.yaml"), scenario);
  const env = { MY_OWN_TOKEN: canaries["own-variable"], IDENTITY_HEADER: canaries["identity-header"] };
  const args = ["run", "s.yaml", "--set", `servers.granted.headers.x-other=${canaries.header}`];
  const ended = await squall(args, { cwd: folder.path, env });
  const [run = ""] = await readdir(join(folder.path, "reports"));
  const files = await everythingIn(join(folder.path, "reports", run));
  // It did begin, and each server was asked and has told.
  const told = files.get("history (read)") ?? "";
  expect(told.match(/"type":"attempt"/g)?.length, ended.stdout + ended.stderr).toBeGreaterThan(20);
  expect(told).toContain("***");
  expect(files.get("targets/piped.log")).toContain("***");
  expect(told).toContain('"type":"token"');
  const leaks = [...files, ["stdout", ended.stdout] as const, ["stderr", ended.stderr] as const].flatMap(
    ([name, text]) => leaksIn(text).map((leak) => `${name} has ${leak}`),
  );
  expect(leaks).toEqual([]);

  const json = await squall(["run", "s.yaml", "--json"], { cwd: folder.path, env });
  expect(leaksIn(json.stdout + json.stderr)).toEqual([]);
  const again = await squall(["check", join("reports", run)], { cwd: folder.path, env });
  expect(leaksIn(again.stdout + again.stderr)).toEqual([]);
});

test("nor in what is said of a scenario that is wrong, or of a server that does not start", async () => {
  await using folder = await temporaryFolder();
  await writeFile(
    join(folder.path, "dies.mjs"),
    "console.error(process.argv.join(' '), process.env.API_SECRET); process.exit(3);",
  );
  const agents = "agents: { a: { chain: [{ call: mine.Hello }] } }\nphases: [{ baseline: 1s }]\n";
  const servers = [
    `{ url: "postgres://me:${canaries["server-login"]}@127.0.0.1/x" }`,
    `{ url: "http://me:${canaries["server-login"]}@127.0.0.1:1/mcp", headers: { x: "\${env.NOT_SET}" } }`,
    `{ url: "http://me:${canaries["server-login"]}@127.0.0.1:1/mcp" }`,
    `{ transport: stdio, command: [node, dies.mjs, --token, "${canaries.option}"], env: { API_SECRET: '${canaries.variable}' } }`,
    `{ url: "http://127.0.0.1:1/mcp", identity: { oauth: { tokenUrl: "no ${canaries["client-secret"]}", clientId: a, clientSecret: "${canaries["client-secret"]}" } } }`,
  ];
  for (const server of servers) {
    await writeFile(join(folder.path, "s.yaml"), `name: wrong\nservers: { mine: ${server} }\n${agents}`);
    for (const more of [[], ["--json"]]) {
      const { code, stdout, stderr } = await squall(["run", "s.yaml", ...more], { cwd: folder.path });
      expect(code, stdout + stderr).toBeGreaterThan(60);
      expect(leaksIn(stdout + stderr)).toEqual([]);
    }
  }
});
