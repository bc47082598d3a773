/** Each way in which first contact over HTTP fails, on a real server that fails so: the cause that is found, and the remedy. */
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { createServer as createPlain, type AddressInfo, type Server } from "node:net";
import { afterAll, describe, expect, test } from "vitest";
import { exitCodes, UserError } from "../../src/errors.ts";
import { explained } from "../../src/run/first-contact.ts";
import { realWorld } from "../../src/world.ts";
import { answering, json, mcpAt } from "../hostile/listeners.ts";

interface Told {
  readonly says: RegExp;
  readonly hint: RegExp;
}

const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
});

async function at(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const page = "<!doctype html><title>Welcome</title><script>globalThis.owned = 1</script>";
const html = { "content-type": "text/html" };

const olderSse: RequestListener = (request, response) => {
  const isStream = request.method === "GET" && request.url === "/sse";
  response.writeHead(isStream ? 200 : 404, { "content-type": "text/event-stream" });
  if (isStream) response.write("event: endpoint\ndata: /messages?session=1\n\n");
  else response.end();
};

const overHttp: Record<string, Told & { readonly answers: RequestListener; readonly path?: string }> = {
  "a path where nothing is": {
    answers: answering(404, { "content-type": "text/plain" }, "Cannot POST /mcp"),
    says: /^nothing is at this path$/,
    hint: /often \/mcp: curl -i http:\/\/127\.0\.0\.1:\d+\/mcp/,
  },
  "the wrong path of the right server": {
    answers: mcpAt("/mcp", answering(404, html, page)),
    path: "/api",
    says: /nothing is at this path: a web server answers/,
    hint: /an MCP server answers at http:\/\/127\.0\.0\.1:\d+\/mcp: say url: http/,
  },
  "a web page": {
    answers: answering(200, html, page),
    says: /it answers with a web page/,
    hint: /its MCP endpoint is at another path/,
  },
  "a REST API": {
    answers: answering(200, json, '{"message":"welcome to the API","version":3}'),
    says: /JSON that is no JSON-RPC, as a REST API does: “welcome to the API”/,
    hint: /give the url of its MCP endpoint/,
  },
  "a server of the older HTTP+SSE": {
    answers: olderSse,
    path: "/sse",
    says: /nothing is at this path/,
    hint: /older kind \(HTTP\+SSE, 2024-11-05\) answers at http:\/\/127\.0\.0\.1:\d+\/sse/,
  },
  "Streamable HTTP, spoken to at the path of the older kind": {
    answers: mcpAt("/mcp", answering(405)),
    path: "/sse",
    says: /nothing takes a POST at this path/,
    hint: /an MCP server answers at http:\/\/127\.0\.0\.1:\d+\/mcp/,
  },
  "a token that is wanted": {
    answers: answering(401, { "www-authenticate": 'Bearer realm="x", resource_metadata="http://x.test/"' }),
    says: /^it wants a token \(WWW-Authenticate: Bearer\)/,
    hint: /headers: \{ authorization: "Bearer \$\{env\.TOKEN\}" \}/,
  },
  "a password that is wanted": {
    answers: answering(401, { "www-authenticate": 'Basic realm="x"' }),
    says: /it wants a user and password/,
    hint: /authorization: "Basic/,
  },
  "a login that is wanted without a word": {
    answers: answering(401, json, "{}"),
    says: /it wants a login, and does not say which/,
    hint: /often headers: \{ authorization/,
  },
  "a caller that is refused": {
    answers: answering(403, json, '{"error":{"message":"host not allowed"}}'),
    says: /refuses[^]*“host not allowed”/,
    hint: /DNS rebinding/,
  },
  "a redirect": {
    answers: answering(307, { location: "https://elsewhere.test/mcp" }),
    says: /sends callers elsewhere \(HTTP 307 to https:\/\/elsewhere\.test\/mcp\), and Squall follows no redirect/,
    hint: /say url: https:\/\/elsewhere\.test\/mcp/,
  },
  "a WebSocket server": {
    answers: answering(426, { upgrade: "websocket" }, "Upgrade Required"),
    says: /another protocol \(upgrade: websocket\)/,
    hint: /its MCP endpoint/,
  },
  "a server that breaks": {
    answers: answering(500, json, '{"error":"no database"}'),
    says: /it broke inside when it was greeted \(HTTP 500\): “no database”/,
    hint: /the server's own log/,
  },
  "a gateway with nothing behind": {
    answers: answering(502, html, page),
    says: /the server behind it does not/,
    hint: /start the server behind it/,
  },
};

test.for(Object.entries(overHttp))("%s", async ([, { answers, path = "/mcp", says, hint }]) => {
  const port = await at(createServer(answers));
  const { mistakes } = await contact(`http://127.0.0.1:${port}${path}`);
  expect(mistakes).toEqual([
    { path: "servers.mine.url", says: expect.stringMatching(says), hint: expect.stringMatching(hint) },
  ]);
});

describe("where nobody speaks HTTP", () => {
  test("another service's port", async () => {
    const port = await at(createPlain((socket) => void socket.on("error", () => {}).end("SSH-2.0-OpenSSH_9.2\r\n")));
    const { mistakes } = await contact(`http://127.0.0.1:${port}/mcp`);
    expect(mistakes).toMatchObject([
      {
        says: "what listens there does not speak HTTP: “SSH-2.0-OpenSSH_9.2”",
        hint: expect.stringContaining("another"),
      },
    ]);
  });

  test("a port that takes connections and says nothing", async () => {
    const port = await at(createPlain((socket) => void socket.on("error", () => {}).resume()));
    const { mistakes } = await contact(`http://127.0.0.1:${port}/mcp`);
    expect(mistakes).toMatchObject([{ says: expect.stringContaining("takes connections and answers nothing") }]);
  });

  test("a host that is none", async () => {
    const { mistakes } = await contact("http://nowhere.invalid/mcp");
    expect(mistakes).toMatchObject([
      { says: "its host has no address", hint: expect.stringContaining("getent hosts") },
    ]);
  });
});

test("what a server answers without end is not read to its end", async () => {
  const port = await at(
    createServer((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write("x".repeat(65_536)));
      };
      response.on("drain", more);
      more();
    }),
  );
  const { mistakes } = await contact(`http://127.0.0.1:${port}/mcp`);
  expect(mistakes).toMatchObject([{ says: `it answers with text: “${"x".repeat(79)}…”` }]);
});

test("an honest server is not found at fault", async () => {
  const port = await at(createServer(mcpAt("/mcp", answering(404))));
  expect(await contact(`http://127.0.0.1:${port}/mcp`)).toMatchObject({ message: "refused", mistakes: [] });
});

test("who knew more already is left alone", async () => {
  const known = new UserError("refused", { mistakes: [{ path: "servers.mine", says: "known" }] });
  expect(await contact("http://127.0.0.1:1/mcp", known)).toBe(known);
});

/** The address that a person gave is told, whatever way was taken to it. */
function contact(
  address: string,
  refusal = new UserError("refused", { exitCode: exitCodes.unreachable }),
): Promise<UserError> {
  const url = new URL(address);
  return explained(refusal, { server: "mine", at: url, url, headers: {}, world: realWorld });
}
