/** What servers are told of links and files; the mistakes are in bad/told.txt and bad/targets.txt. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { portOf } from "../../src/history/well-known-ports.ts";
import { planScenario } from "../../src/plan/plan.ts";
import { loadScenario, type LoadedScenario } from "../../src/scenario/load.ts";
import { renderText } from "../../src/scenario/template.ts";
import { fixtures } from "../../src/targets/fixtures.ts";

async function loadWith(
  targets: string,
  { faults = "[]", env = {}, file = "" }: { faults?: string; env?: Record<string, string>; file?: string } = {},
): Promise<LoadedScenario> {
  const home = await mkdtemp(join(tmpdir(), "squall-told-"));
  const text = `name: s
${targets}
agents: { a: { chain: [{ call: mine.Echo }] } }
phases: [{ baseline: 1s }, { fault: 1s, recovery: 1s }]
faults: ${faults}
`;
  try {
    await writeFile(join(home, "s.yaml"), text);
    await writeFile(join(home, "config.toml"), file);
    const entryUrl = new URL("../../src/index.ts", import.meta.url);
    return await loadScenario({
      file: join(home, "s.yaml"),
      named: "s.yaml",
      sets: [],
      allowHosts: ["db.example.com"],
      env,
      fixtures,
      entryUrl,
    });
  } finally {
    await rm(home, { recursive: true });
  }
}

const mine = (more: string): string => `servers: { mine: { transport: stdio, command: [node], ${more} } }`;

describe("an upstream speaks what its address says", () => {
  test.each([
    ["http://127.0.0.1:9000", "http"],
    ["https://127.0.0.1:9443", "tcp"],
    ["postgres://u:p@127.0.0.1/db", "tcp"],
    ["redis://127.0.0.1", "tcp"],
    ["smtp://127.0.0.1", "tcp"],
    ["grpc://127.0.0.1:50051", "tcp"],
    ["tcp://127.0.0.1:1", "tcp"],
    ["${env.DATABASE_URL}", "tcp"],
    ["${env.NOT_SET:-http://127.0.0.1:1}", "http"],
  ])("%s: %s", async (url, protocol) => {
    const { scenario } = await loadWith(`upstreams: { up: { url: "${url}" } }\n${mine("upstreams: { UP: up }")}`, {
      env: { DATABASE_URL: "mysql://root@db.example.com/app" },
    });
    expect(scenario.upstreams[0]?.protocol).toBe(protocol);
    expect(scenario.links.find(({ link }) => link === "mine->up")?.protocol).toBe(protocol);
  });

  test("unless it says so itself, or is a fixture", async () => {
    const upstreams = 'upstreams: { raw: { url: "http://127.0.0.1:1", protocol: tcp }, api: { fixture: cloud-api } }';
    const { scenario } = await loadWith(`${upstreams}\n${mine("upstreams: { A: raw, B: api }")}`);
    expect(scenario.upstreams.map(({ protocol }) => protocol)).toEqual(["tcp", "http"]);
  });
});

test("a port is the one that is written, else the one that the scheme is known for", () => {
  const cases = {
    "postgresql+psycopg://h/x": 5432,
    "mysql://h:7/x": 7,
    "mongodb+srv://h/x": undefined,
    "odd://h": undefined,
  };
  for (const [url, port] of Object.entries(cases)) expect(portOf(new URL(url)), url).toBe(port);
});

describe("a text that tells a link", () => {
  const upstreams = 'upstreams: { db: { url: "postgres://127.0.0.1/app" }, cache: { url: "redis://127.0.0.1" } }';

  test("in an argument, a variable or a file makes the link, which can be broken", async () => {
    const more = 'env: { DB: "${links.db.url}", C: "${files.conf}" }, files: { conf: "port = ${links.cache.port}" }';
    const { scenario } = await loadWith(`${upstreams}\n${mine(more)}`, {
      faults: "[{ link: mine->db, kind: egress-block }, { link: mine->cache, kind: latency, delay: 1s }]",
    });
    expect(planScenario(scenario, "faults").declared.links).toMatchObject([
      { link: "a@mine", protocol: "stdio" },
      { link: "mine->db", plane: "server-upstream", protocol: "tcp" },
      { link: "mine->cache", plane: "server-upstream", protocol: "tcp" },
    ]);
  });

  test("that a variable leads over already tells the same one", async () => {
    const more = 'upstreams: { DB: db }, env: { HOST: "${links.db.host}" }';
    const { scenario } = await loadWith(`${upstreams}\n${mine(more)}`);
    expect(scenario.links.map(({ link }) => link)).toEqual(["a@mine", "mine->db"]);
  });

  test("may stand in a file of its own, and neither is seen in the document", async () => {
    const more = 'command: [node, "${files.config.toml}"], files: { config.toml: { template: config.toml } }';
    const { scenario, document } = await loadWith(`${upstreams}\nservers: { mine: { transport: stdio, ${more} } }`, {
      file: 'url = "${links.db.url}"\nshell = "$${HOME}"\n',
    });
    expect(scenario.servers[0]?.files).toEqual([
      { file: "config.toml", text: 'url = "${links.db.url}"\nshell = "$${HOME}"\n' },
    ]);
    expect(document).toMatchObject({ servers: { mine: { files: { "config.toml": "***" } } } });
  });
});

describe("an address told", () => {
  const told = (url: string) => ({ links: new Map([["db", new URL(url)]]), files: new Map([["a.b", "/tmp/a.b"]]) });

  test.each([
    ["${links.db.url}", "postgres://u:p%40@127.0.0.1:5433/app?sslmode=disable"],
    ["${links.db.host}:${links.db.port}", "127.0.0.1:5433"],
    ["host=${links.db.host} port=${links.db.port} ${port}", "host=127.0.0.1 port=5433 ${port}"],
    ["${files.a.b} $${links.db.url}", "/tmp/a.b ${links.db.url}"],
    ["${env.X:-y}", "y"],
  ])("as %s", (text, shown) => {
    expect(renderText(text, {}, told("postgres://u:p%40@127.0.0.1:5433/app?sslmode=disable"))).toBe(shown);
  });

  test("has no slash where there is no path", () => {
    expect(renderText("${links.db.url}", {}, told("http://127.0.0.1:1"))).toBe("http://127.0.0.1:1");
    expect(renderText("${links.db.url}", {}, told("tcp://127.0.0.1:1"))).toBe("tcp://127.0.0.1:1");
  });

  test("leaves every other text as it is", () => {
    const plain = fc.string().filter((text) => !text.includes("${"));
    fc.assert(
      fc.property(plain, plain, (before, after) => {
        const text = `${before}\${links.db.port}${after}`;
        fc.pre(!before.endsWith("$"));
        expect(renderText(text, {}, told("tcp://127.0.0.1:77"))).toBe(`${before}77${after}`);
      }),
    );
  });
});
