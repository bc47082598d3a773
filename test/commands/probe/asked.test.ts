import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { askedFor } from "../../../src/commands/probe/asked.ts";
import { UserError } from "../../../src/errors.ts";
import { temporaryFolder } from "../../temporary-folder.ts";

const none = { upstream: [], egress: [], header: [] };

test("a URL is a server that runs", async () => {
  const asked = await askedFor(["http://127.0.0.1:3001/mcp"], none, "/here");
  expect(asked).toMatchObject({ server: "server", transport: "http", isStarted: false });
  expect(asked.sections).toEqual({ servers: { server: { url: "http://127.0.0.1:3001/mcp" } } });
});

test("words are a command that speaks stdio, and starts where the person is", async () => {
  const asked = await askedFor(["node", "server.js", "--quiet"], none, "/here");
  expect(asked).toMatchObject({ transport: "stdio", isStarted: true, named: "node server.js --quiet" });
  expect(asked.sections.servers["server"]).toEqual({
    transport: "stdio",
    command: ["node", "server.js", "--quiet"],
    cwd: "/here",
  });
});

test("a URL and a command are a server that Squall starts", async () => {
  const { isStarted, transport, sections } = await askedFor(
    ["http://127.0.0.1:${port}/mcp", "node", "a.js"],
    none,
    "/h",
  );
  expect({ isStarted, transport }).toEqual({ isStarted: true, transport: "http" });
  expect(sections.servers["server"]).toEqual({
    url: "http://127.0.0.1:${port}/mcp",
    command: ["node", "a.js"],
    cwd: "/h",
  });
});

test("upstreams are named for their variables and hosts, each name once", async () => {
  const asked = await askedFor(
    ["node", "a.js"],
    {
      ...none,
      upstream: ["BILLING_API_URL=http://127.0.0.1:9000", "DATABASE_URL=postgres://u@127.0.0.1:5432/db"],
      egress: ["api.example.com:443", "billing-api:80"],
    },
    "/here",
  );
  expect(asked.sections.servers["server"]).toMatchObject({
    upstreams: { BILLING_API_URL: "billing-api", DATABASE_URL: "database" },
    egress: { hosts: { "api.example.com:443": "api-example-com", "billing-api:80": "billing-api-2" } },
  });
  expect(asked.sections.upstreams).toEqual({
    "billing-api": { url: "http://127.0.0.1:9000" },
    database: { url: "postgres://u@127.0.0.1:5432/db", protocol: "tcp" },
    "api-example-com": { url: "tcp://api.example.com:443", protocol: "tcp" },
    "billing-api-2": { url: "http://billing-api:80" },
  });
  expect(asked.upstreams.map(({ isHttp }) => isHttp)).toEqual([true, false, false, true]);
});

describe("what cannot be is told, with what to do", () => {
  test.each<readonly [readonly string[], Partial<typeof none & { mcpConfig: string }>, string]>([
    [[], {}, "squall probe -- node server.js"],
    [["localhost:3001/mcp"], {}, "squall probe http://localhost:3001/mcp"],
    [["node server.js"], {}, "squall probe -- node server.js"],
    [["mine.yaml"], {}, "squall run mine.yaml"],
    [["http://127.0.0.1:1/mcp"], { upstream: ["A=http://127.0.0.1:9"] }, "let Squall start it"],
    [["node", "a.js"], { upstream: ["http://127.0.0.1:9"] }, "expected VARIABLE=url"],
    [["node", "a.js"], { egress: ["example.com"] }, "expected a host and its port"],
    [["node", "a.js"], { header: ["x: y"] }, "there are no headers over stdio"],
    [["http://127.0.0.1:1/mcp"], { header: ["nothing"] }, "expected a name and a value"],
    [["http://127.0.0.1:1/mcp"], { header: ["authorization: Bearer abc"] }, "name a variable"],
  ] as never)("%s %s", async (words, options, says) => {
    const error = await askedFor(words, { ...none, ...options }, "/here").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect(JSON.stringify(error instanceof UserError && [error.message, error.mistakes])).toContain(says);
  });
});

test("all that is wrong is told at once, and no secret of it", async () => {
  const options = { ...none, upstream: ["x"], egress: ["y"], header: ["authorization: Bearer hunter2hunter2"] };
  const error = await askedFor(["http://127.0.0.1:1/mcp"], options, "/here").catch((thrown: unknown) => thrown);
  if (!(error instanceof UserError)) throw new Error("expected a UserError");
  expect(error.mistakes.map(({ path }) => path)).toEqual(["--header", "--upstream", "--egress"]);
  expect(JSON.stringify(error.mistakes)).not.toContain("hunter2");
});

test("an argument that sounds secret is not told", async () => {
  const { named } = await askedFor(["node", "a.js", "--token=hunter2hunter2"], none, "/here");
  expect(named).not.toContain("hunter2");
});

describe("a server of a client's file", () => {
  const config = {
    mcpServers: { files: { command: "node", args: ["f.js"] }, "web search": { url: "http://127.0.0.1:1/mcp" } },
  };

  test("is taken by its name, and its secrets stay there", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, ".mcp.json"), JSON.stringify(config));
    const files = await askedFor(["files"], { ...none, mcpConfig: ".mcp.json" }, folder.path);
    expect(files).toMatchObject({
      server: "files",
      transport: "stdio",
      isStarted: true,
      sections: { servers: { files: {} } },
    });
    const web = await askedFor(["web search"], { ...none, mcpConfig: ".mcp.json" }, folder.path);
    expect(web).toMatchObject({ server: "server", transport: "http", isStarted: false });
    expect(web.sections.servers).toEqual({ server: { config: "web search" } });
  });

  test("needs a name where there are several", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, ".mcp.json"), JSON.stringify(config));
    const asked = (words: string[]) => askedFor(words, { ...none, mcpConfig: ".mcp.json" }, folder.path);
    await expect(asked([])).rejects.toMatchObject({ mistakes: [{ says: "it has 2 servers, and none is named" }] });
    await expect(asked(["fils"])).rejects.toMatchObject({ mistakes: [{ hint: 'did you mean "files"?' }] });
  });
});
