import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, test } from "vitest";
import { askForToken, discoverTokenEndpoint, GrantError } from "../../src/wire/oauth.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

type Answer = (request: IncomingMessage, response: ServerResponse, base: string) => void;

/** Answers by path; what it was sent is kept. */
async function serve(answers: Readonly<Record<string, Answer>>) {
  const heard: string[] = [];
  const onRequest = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    heard.push(`${request.method} ${request.url} ${request.headers.authorization ?? ""} ${body}`.trim());
    const answer = answers[request.url ?? ""];
    if (answer === undefined) response.writeHead(404).end();
    else answer(request, response, base);
  };
  const server = createServer((request, response) => void onRequest(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const base = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  return { base, heard };
}

const json =
  (value: object | ((base: string) => object), status = 200): Answer =>
  (_, response, base) =>
    void response
      .writeHead(status, { "content-type": "application/json" })
      .end(JSON.stringify(typeof value === "function" ? value(base) : value));

const asking = { trust: { insecure: false }, timeoutMs: 5000 };
const client = { clientId: "squall", clientSecret: "s3cret & more", resource: "http://127.0.0.1/mcp" };

describe("a token is asked for", () => {
  test("with id and secret as a form has them, in the header", async () => {
    const { base, heard } = await serve({ "/token": json({ access_token: "abc.def", expires_in: "60" }) });
    const grant = await askForToken({ url: new URL(`${base}/token`) }, client, asking);
    expect(grant).toEqual({ token: "abc.def", lastsMs: 60_000 });
    const login = Buffer.from("squall:s3cret+%26+more").toString("base64");
    const form = "grant_type=client_credentials&resource=http%3A%2F%2F127.0.0.1%2Fmcp";
    expect(heard).toEqual([`POST /token Basic ${login} ${form}`]);
  });

  test.each([
    [
      "a refusal",
      json({ error: "invalid_scope", error_description: "no tools" }, 400),
      "refused a token with HTTP 400 (invalid_scope: no tools)",
    ],
    [
      "an error that is called fine",
      json({ error: "invalid_client" }),
      "refused a token with HTTP 200 (invalid_client)",
    ],
    ["a page", (_: IncomingMessage, response: ServerResponse) => void response.end("<html>"), "with no access_token"],
    ["a token that would break a header in two", json({ access_token: "a\r\nx: y" }), "with no access_token"],
    [
      "a redirect",
      (_: IncomingMessage, response: ServerResponse) => void response.writeHead(302, { location: "/" }).end(),
      "refused a token with HTTP 302",
    ],
    [
      "no answer",
      (_: IncomingMessage, response: ServerResponse) => void response.destroy(),
      "could not be asked: ECONNRESET",
    ],
  ] as const)("%s is no token, and is told without what was sent", async (_, answer, says) => {
    const { base } = await serve({ "/token": answer });
    const thrown = await askForToken({ url: new URL(`${base}/token`) }, client, asking).catch(
      (error: unknown) => error,
    );
    expect(thrown).toBeInstanceOf(GrantError);
    expect(String(thrown)).toContain(says);
    expect(String(thrown)).not.toContain("s3cret");
  });
});

describe("where tokens are to be had is found by the server's metadata", () => {
  const metadata = (endpoint: (base: string) => string, methods: readonly string[] = []) => ({
    "/.well-known/oauth-protected-resource/mcp": json((base: string) => ({
      resource: `${base}/mcp`,
      authorization_servers: [base],
    })),
    "/.well-known/oauth-authorization-server": json((base: string) => ({
      issuer: base,
      authorization_endpoint: `${base}/authorize`,
      token_endpoint: endpoint(base),
      response_types_supported: ["code"],
      token_endpoint_auth_methods_supported: methods,
    })),
  });
  const discover = (base: string, allowHosts: readonly string[] = []) =>
    discoverTokenEndpoint(new URL(`${base}/mcp`), { ...asking, allowHosts });

  test("also without a word in its refusal; and how it wants the secret", async () => {
    const { base } = await serve(metadata((own) => `${own}/token`, ["client_secret_post"]));
    expect(await discover(base)).toEqual({ url: new URL(`${base}/token`), auth: "body" });
  });

  test("but nothing goes to a host that nobody has named", async () => {
    const { base } = await serve(metadata(() => "https://tokens.elsewhere.test/token"));
    await expect(discover(base)).rejects.toThrow(
      /tokens\.elsewhere\.test\/token, and nothing was sent there: .*--allow-host/,
    );
    const allowed = await discover(base, ["tokens.elsewhere.test"]);
    expect(allowed.url.href).toBe("https://tokens.elsewhere.test/token");
  });

  test("nor over plain HTTP to another machine", async () => {
    const { base } = await serve(metadata(() => "http://tokens.elsewhere.test/token"));
    await expect(discover(base, ["tokens.elsewhere.test"])).rejects.toThrow("goes over https only");
  });

  test("where there is none a person is told what to do", async () => {
    const { base } = await serve({});
    await expect(discover(base)).rejects.toThrow(
      /tells nothing of its authorization server.*name its token endpoint as tokenUrl/,
    );
  });
});
