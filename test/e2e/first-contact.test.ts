/** Each way in which first contact fails, on a real server that fails so: what a person reads has the cause and a remedy. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import { createServer as createSecure } from "node:https";
import { createServer as createPlain, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { answering, mcpAt, speakingMcp } from "../hostile/listeners.ts";
import { answer } from "../hostile/message.ts";
import { squall, temporaryFolder } from "./squall.ts";

/** What is said of it, in order. */
interface Told {
  readonly says: RegExp;
  readonly hint: RegExp;
  readonly code?: number;
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const servers: Server[] = [];
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(async () => {
  for (const server of servers) server.close();
  await folder[Symbol.asyncDispose]();
});

async function at(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const page = "<!doctype html><title>Welcome</title><script>globalThis.owned = 1</script>";
const html = { "content-type": "text/html" };

const overHttp: Record<string, Told & { readonly answers: RequestListener; readonly path?: string }> = {
  "the wrong path of the right server": {
    answers: mcpAt("/mcp", answering(404, html, page)),
    path: "/api",
    says: /answered \S+ with HTTP 404[^]*servers\.mine\.url: nothing is at this path: a web server answers/,
    hint: /an MCP server answers at http:\/\/127\.0\.0\.1:\d+\/mcp: say url: http/,
  },
  "a server without tools": {
    answers: speakingMcp(({ method, id }) => (method === "tools/list" ? answer(id, { tools: [] }) : undefined)),
    says: /mine has no tools[^]*lists no tool at all, so Echo cannot be called/,
    hint: /inspector/,
    code: 64,
  },
};

describe.concurrent("over HTTP", () => {
  test.for(Object.entries(overHttp))("%s", async ([name, told], { expect }) => {
    const port = await at(createServer(told.answers));
    const ended = await contact(name, `{ url: "http://127.0.0.1:${port}${told.path ?? "/mcp"}" }`);
    expectTold(expect, ended, told);
    // What a person reads names the address that was given, not one of ours.
    expect(ended.stderr).toContain(`127.0.0.1:${port}`.slice(0, told.code === 64 ? 0 : undefined));
  });
});

describe.concurrent("where nobody speaks HTTP", () => {
  test("a closed port", async ({ expect }) => {
    const server = createPlain();
    const port = await at(server);
    server.close();
    const ended = await contact("closed", `{ url: "http://127.0.0.1:${port}/mcp" }`);
    expectTold(expect, ended, {
      says: /nothing listens on this port/,
      hint: new RegExp(`ss -ltnp 'sport = :${port}'`),
    });
  });

  test("TLS with a certificate of its own, and TLS spoken to without", async ({ expect }) => {
    const [key, cert] = [join(folder.path, "key.pem"), join(folder.path, "cert.pem")];
    const made = [
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-subj",
      "/CN=localhost",
      "-days",
      "2",
      "-keyout",
      key,
      "-out",
      cert,
    ];
    execFileSync("openssl", ["req", "-x509", ...made], { stdio: "ignore" });
    const port = await at(createSecure({ key: readFileSync(key), cert: readFileSync(cert) }, answering(404)));
    const secure = await contact("self-signed", `{ url: "https://127.0.0.1:${port}/mcp" }`);
    expectTold(expect, secure, { says: /certificate is signed by itself/, hint: /tls: \{ ca: file \}/ });
    const plain = await contact("plain-to-tls", `{ url: "http://127.0.0.1:${port}/mcp" }`);
    expectTold(expect, plain, {
      says: /it speaks TLS, and was spoken to without/,
      hint: new RegExp(`say https://127.0.0.1:${port}/mcp`),
    });
  });

  test("TLS to a server that has none", async ({ expect }) => {
    const port = await at(createServer(answering(404)));
    const ended = await contact("tls-to-plain", `{ url: "https://127.0.0.1:${port}/mcp" }`);
    expectTold(expect, ended, { says: /does not speak TLS/, hint: /say http:\/\// });
  });
});

const node = (script: string): string =>
  `{ transport: stdio, startTimeout: 5s, command: [node, -e, ${JSON.stringify(script)}] }`;

const commands: Record<string, Told & { readonly server: string }> = {
  "a command that is not there": {
    server: "{ transport: stdio, command: [no-such-mcp-server] }",
    says: /there is no command no-such-mcp-server on the PATH/,
    hint: /command -v no-such-mcp-server/,
  },
  "a module that is missing": {
    server: "{ transport: stdio, command: [node, no-such-file.js] }",
    says: /it misses a file or module/,
    hint: /relative paths start from the scenario's folder/,
  },
  "an end at once": {
    server: node("process.exit(0)"),
    says: /it ended at once and without an error/,
    hint: /it must wait for input/,
  },
  "a log on stdout": {
    server: node('console.log("Server ready, have fun"); process.stdin.resume()'),
    says: /prints to stdout what is no message of MCP: “Server ready, have fun”/,
    hint: /write its log to stderr/,
  },
  "an HTTP server over stdio": {
    server: node('console.error("Listening on http://localhost:3000/mcp"); process.stdin.resume()'),
    says: /seems to serve HTTP \(it names http:\/\/localhost:3000\/mcp\)/,
    hint: /give its url beside its command/,
  },
};

describe.concurrent("commands", () => {
  test.for(Object.entries(commands))("%s", async ([name, told], { expect }) => {
    expectTold(expect, await contact(name, told.server), told);
  });

  test("a port that is taken", async ({ expect }) => {
    const port = await at(createPlain((socket) => socket.destroy()));
    const script = `require("node:http").createServer().listen(${port}, "127.0.0.1")`;
    const url = "http://127.0.0.1:${port}/mcp";
    const ended = await contact("taken", `{ command: [node, -e, ${JSON.stringify(script)}], url: "${url}" }`);
    expectTold(expect, ended, { says: /the port it wants is taken/, hint: /let Squall choose a free one/ });
  });
});

async function contact(
  name: string,
  server: string,
  args: readonly string[] = [],
): Promise<Awaited<ReturnType<typeof squall>>> {
  const file = `${name.replaceAll(/\W+/g, "-")}.yaml`;
  const text = `name: contact
servers: { mine: ${server} }
agents: { a: { arrivals: { count: 1, thinkTime: 100ms }, chain: [{ call: mine.Echo }] } }
phases: [{ baseline: 500ms }]
`;
  await writeFile(join(folder.path, file), text);
  return squall(["run", file, "--quiet", ...args], { cwd: folder.path });
}

function expectTold(
  expect: (value: unknown, message?: string) => { toBe(value: unknown): void; toMatch(value: RegExp): void },
  { code, stderr }: { readonly code: number | null; readonly stderr: string },
  { says, hint, code: exits = 75 }: Told,
): void {
  expect(stderr).toMatch(says);
  expect(stderr).toMatch(hint);
  expect(code, stderr).toBe(exits);
}
