/** Servers out of the file of an MCP client: what each spelling comes to, what scenarios add, and all that can be wrong. */
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { UserError } from "../../src/errors.ts";
import { loadScenario, type LoadedScenario } from "../../src/scenario/load.ts";
import { formatMistakes } from "../../src/scenario/mistakes.ts";
import { fixtures } from "../../src/targets/fixtures.ts";

const entryUrl = new URL("../../src/index.ts", import.meta.url);

interface Given {
  readonly config?: string;
  /** Where it is kept. */
  readonly at?: string;
  readonly servers?: string;
  readonly calls?: readonly string[];
  readonly sets?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

async function loadWith(given: Given): Promise<{ readonly home: string; readonly loaded: LoadedScenario }> {
  const { config, at = ".mcp.json", servers, calls = ["mine.Echo"], sets = [], env = {} } = given;
  const home = await realpath(await mkdtemp(join(tmpdir(), "squall-mcp-config-")));
  const chain = calls.map((call) => `{ call: ${call} }`).join(", ");
  const text = `name: s
${servers === undefined ? "" : `servers: ${servers}\n`}agents: { a: { chain: [${chain}] } }
phases: [{ baseline: 1s }]
`;
  try {
    await writeFile(join(home, "s.yaml"), text);
    await mkdir(dirname(join(home, at)), { recursive: true });
    if (config !== undefined) await writeFile(join(home, at), config);
    const loaded = await loadScenario({
      file: join(home, "s.yaml"),
      named: "s.yaml",
      sets,
      allowHosts: [],
      env,
      fixtures,
      entryUrl,
      ...(given.config === undefined && given.at === undefined
        ? {}
        : { mcpConfig: { file: join(home, at), named: at } }),
    });
    return { home, loaded };
  } finally {
    await rm(home, { recursive: true });
  }
}

async function mistakesOf(given: Given): Promise<string> {
  const error: unknown = await loadWith(given).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof UserError)) throw new Error(`expected mistakes, got ${String(error)}`);
  return formatMistakes(error.mistakes).replaceAll(/\/\S*squall-mcp-config-\w+/g, "HOME");
}

const entry = (mine: unknown): string => JSON.stringify({ mcpServers: { mine } }, undefined, 2);
const serverOf = ({ loaded }: Awaited<ReturnType<typeof loadWith>>) => loaded.scenario.servers[0];

describe("a server that chains call and the scenario does not list is taken from the file", () => {
  test("as a command over stdio, which starts where clients start it", async () => {
    const config = entry({
      command: "node",
      args: ["./server.js", "--level=${LEVEL:-info}"],
      env: { API: "${env:API}" },
    });
    const came = await loadWith({ config, env: { API: "x" } });
    expect(serverOf(came)).toMatchObject({
      name: "mine",
      transport: "stdio",
      target: { is: "command", command: ["node", "./server.js", "--level=${env.LEVEL:-info}"], cwd: came.home },
      env: { API: "${env.API}" },
    });
  });

  test.each([".vscode/mcp.json", ".cursor/mcp.json"])("in the workspace, where it is kept in %s", async (at) => {
    const came = await loadWith({ at, config: entry({ command: "node", cwd: "packages/api" }) });
    expect(serverOf(came)?.target).toMatchObject({ cwd: join(came.home, "packages/api") });
  });

  test.each([
    ["Claude Code", { type: "http", url: "http://127.0.0.1:1/mcp" }],
    ["the specification's name", { type: "streamable-http", url: "http://127.0.0.1:1/mcp" }],
    ["Cline", { type: "streamableHttp", url: "http://127.0.0.1:1/mcp", disabled: false, autoApprove: [] }],
    ["Cursor", { url: "http://127.0.0.1:1/mcp" }],
    ["Windsurf", { serverUrl: "http://127.0.0.1:1/mcp" }],
    ["Gemini CLI", { httpUrl: "http://127.0.0.1:1/mcp", url: "http://127.0.0.1:1/sse", timeout: 5000 }],
    ["HTTP+SSE", { type: "sse", url: "http://127.0.0.1:1/mcp" }],
    ["transport for type", { transport: "http", url: "http://127.0.0.1:1/mcp" }],
  ])("over HTTP, as %s writes it", async (_, mine) => {
    const headers = { Authorization: "Bearer ${TOKEN}" };
    const came = await loadWith({ config: entry({ ...mine, headers }), env: { TOKEN: "abcdefgh" } });
    expect(serverOf(came)).toMatchObject({
      transport: "http",
      target: { is: "url", url: "http://127.0.0.1:1/mcp" },
      headers: { Authorization: "Bearer ${env.TOKEN}" },
    });
  });

  test("in the revision that a transport is of which later ones have not", async () => {
    const protocolOf = async (type: string) =>
      serverOf(await loadWith({ config: entry({ type, url: "http://127.0.0.1:1/sse" }) }))?.protocol;
    expect(await Promise.all(["sse", "http"].map(protocolOf))).toEqual(["2024-11-05", "auto"]);
  });

  test("from VS Code's file, with comments and a last comma", async () => {
    const config = `{
  // "old": { "url": "http://nowhere" },
  "inputs": [], /* asked for */
  "servers": {
    "mine": { "type": "stdio", "command": "uvx", "args": ["server", "//not-a-comment", "a \\"b\\" // c"], },
  },
}`;
    expect(serverOf(await loadWith({ at: "mcp.json", config }))?.target).toMatchObject({
      command: ["uvx", "server", "//not-a-comment", 'a "b" // c'],
    });
  });

  test("with numbers in env as text, and whatever is the client's own left aside", async () => {
    const config = entry({ command: "node", env: { PORT: 3000, DEBUG: true }, alwaysAllow: ["Echo"], oauth: {} });
    expect(serverOf(await loadWith({ config }))?.env).toEqual({ PORT: "3000", DEBUG: "true" });
  });
});

describe("a server that the scenario lists", () => {
  const config = JSON.stringify({
    mcpServers: {
      mine: { command: "node", args: ["server.js", "--db", "postgres://127.0.0.1/db"], env: { A: "1", B: "2" } },
      "my server": { command: "python3", args: ["server.py"] },
    },
  });

  test("takes what it does not say itself, by its own name or by another", async () => {
    const own = await loadWith({ config, servers: "{ mine: { env: { B: three }, restart: { most: 2 } } }" });
    expect(serverOf(own)).toMatchObject({
      target: { command: ["node", "server.js", "--db", "postgres://127.0.0.1/db"] },
      env: { A: "1", B: "three" },
      restart: { most: 2 },
    });
    const other = await loadWith({ config, servers: '{ mine: { config: "my server" } }' });
    expect(serverOf(other)?.target).toMatchObject({ command: ["python3", "server.py"] });
  });

  test("may have other arguments and start elsewhere", async () => {
    const servers = '{ mine: { args: [other.js, "${env.HOME:-}"], cwd: sub } }';
    expect(serverOf(await loadWith({ config, servers }))?.target).toMatchObject({
      command: ["node", "other.js", "${env.HOME:-}"],
      cwd: "sub",
    });
  });

  test("and says what it is is not looked for there", async () => {
    const came = await loadWith({ config, servers: "{ mine: { fixture: cloud } }" });
    expect(serverOf(came)?.target).toMatchObject({ is: "fixture" });
  });

  test("can be chosen and changed by --set, and what it was by itself goes", async () => {
    const servers = '{ mine: { url: "http://127.0.0.1:1/mcp" } }';
    const came = await loadWith({ config, servers, sets: ["servers.mine.config=my server", 'servers.mine.env.A="5"'] });
    expect(serverOf(came)).toMatchObject({ target: { command: ["python3", "server.py"] }, env: { A: "5" } });
  });
});

test("only the servers that are taken are looked at, and secrets stay out of the document", async () => {
  const config = JSON.stringify({
    mcpServers: {
      broken: { command: 5 },
      mine: { command: "node", env: { API_KEY: "sk-12345678", TOKEN: "${TOKEN}" } },
    },
  });
  const { loaded } = await loadWith({ config, env: { TOKEN: "t" } });
  expect(loaded.document).toMatchObject({ servers: { mine: { env: { API_KEY: "***", TOKEN: "${env.TOKEN}" } } } });
});

describe("what is wrong is told where it stands", () => {
  test("in the file", async () => {
    const config = `{
  "mcpServers": {
    "a": { "command": "node", "args": ["\${workspaceFolder}/a.js", "\${input:key}", "\${UNSET}"], "envFile": ".env" },
    "b": { "type": "ws", "url": "ws://127.0.0.1:1" },
    "c": { "command": "node", "url": "http://127.0.0.1:1" },
    "d": { "type": "http", "command": "node" },
    "e": { "args": "server.js", "command": 5 },
    "f": { "url": "http://example.com/mcp", "headers": { "X": "\${A-B}", "Y": "$\${HOME}" } },
    "g": {},
    "h h": { "command": "node" }
  }
}`;
    const calls = ["a", "b", "c", "d", "e", "f", "g", "h h"].map((name) => `${name}.Echo`);
    expect(await mistakesOf({ config, calls, env: { HOME: "/" } })).toMatchInlineSnapshot(`
      "  s.yaml:2:158  agents.a.chain[7].call: "h h" cannot be the name of a server here: letters, digits, "-" and "_" can
            give it another: servers: { mine: { config: "h h" } }
        .mcp.json:3:40  mcpServers.a.args[0]: \${workspaceFolder} is known to an editor only
            write the path; a relative one is seen from HOME
        .mcp.json:3:67  mcpServers.a.args[1]: \${input:key} is what an editor asks a person or itself for
            put the value into a variable and name it here: \${VAR}
        .mcp.json:3:83  mcpServers.a.args[2]: the variable UNSET is not set
            set it, or give a default: \${UNSET:-value}
        .mcp.json:3:96  mcpServers.a.envFile: is not read: put its variables into env, or into the environment that Squall runs in
        .mcp.json:4:20  mcpServers.b.type: expected one of stdio, http, streamable-http, sse, got "ws"
        .mcp.json:5:10  mcpServers.c: has a command and a url
            say which of them counts: "type": "stdio" or "http"
        .mcp.json:6:10  mcpServers.d: speaks http and has no url
        .mcp.json:7:20  mcpServers.e.args: expected a list, got "server.js"
        .mcp.json:7:44  mcpServers.e.command: expected a text, got 5
        .mcp.json:8:19  mcpServers.f.url: example.com is not on this machine: only loopback may be loaded and broken
            if it is yours to break: --allow-host example.com
        .mcp.json:8:63  mcpServers.f.headers.X: \${A-B} is neither \${VAR} nor \${VAR:-default}
        .mcp.json:8:78  mcpServers.f.headers.Y: a $ right before \${HOME} cannot be kept
        .mcp.json:9:10  mcpServers.g: has neither a command nor a url
      "
    `);
  });

  test("in the scenario", async () => {
    const config = JSON.stringify({
      mcpServers: { stdio: { command: "node" }, http: { url: "http://127.0.0.1:1/mcp" } },
    });
    const servers = `
  a: { config: stdoi }
  b: { config: stdio, fixture: cloud }
  c: { config: stdio, transport: http, args: server.js }
  d: { config: http, args: [x], env: { A: b } }
  e: { config: 5 }
  f: { restart: { most: 2 } }
  g: { fixture: cloud, args: [x] }
  http: { headers: { authorization: "Bearer \${env.UNSET}" } }`;
    const calls = ["a.Echo", "htpp.Echo"];
    expect(await mistakesOf({ config, servers, calls })).toMatchInlineSnapshot(`
      "  s.yaml:3:16  servers.a.config: there is no server "stdoi" in .mcp.json
            did you mean "stdio"?
        s.yaml:4:8  servers.b.config: is taken from .mcp.json and has a fixture at once
            keep either
        s.yaml:5:34  servers.c.transport: the file says stdio
            take it away
        s.yaml:5:46  servers.c.args: expected a list of texts
        s.yaml:6:22  servers.d.args: are of no use: it has a url and no command
        s.yaml:6:33  servers.d.env: is of no use: Squall does not start what runs already
        s.yaml:7:16  servers.e.config: expected a text, got 5
        s.yaml:8:6  servers.f: expected a fixture, a command with its url, or the url of what runs already; the client's file has no server of this name
        s.yaml:9:24  servers.g.args: are for a server from the file of an MCP client; elsewhere arguments stand in command
        s.yaml:10:37  servers.http.headers.authorization: the variable UNSET is not set
            set it, or give a default: \${env.UNSET:-value}
        s.yaml:11:50  agents.a.chain[1].call: there is no server "htpp"
            did you mean "http"?
      "
    `);
  });

  test("without a file", async () => {
    const servers = "{ mine: { config: other }, bare: { env: { A: b } } }";
    expect(await mistakesOf({ servers })).toMatchInlineSnapshot(`
      "  s.yaml:2:28  servers.mine.config: is taken from the file of an MCP client, and there is none
            name it: --mcp-config .mcp.json
        s.yaml:2:43  servers.bare: expected a fixture, a command with its url, or the url of what runs already
            or take it from the file of an MCP client: --mcp-config .mcp.json
      "
    `);
  });

  test.each([
    ["no file", undefined],
    ["no JSON", '{ "mcpServers": { '],
    ["no servers", '{ "mcp_servers": {} }'],
    ["nothing", ""],
  ])("of a file that is %s", async (_, config) => {
    const said = await mistakesOf({ at: "clients.json", ...(config === undefined ? {} : { config }) });
    expect(said).toMatchSnapshot();
  });
});
