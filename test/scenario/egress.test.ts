/** What a scenario's egress gateways come to; its mistakes are told in bad/egress.txt. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { planScenario } from "../../src/plan/plan.ts";
import { egressVariables } from "../../src/scenario/egress.ts";
import { loadScenario } from "../../src/scenario/load.ts";
import type { Scenario } from "../../src/scenario/resolve.ts";
import { fixtures } from "../../src/targets/fixtures.ts";

async function scenarioWith(egress: string, allowHosts: readonly string[] = []): Promise<Scenario> {
  const home = await mkdtemp(join(tmpdir(), "squall-egress-"));
  const file = join(home, "s.yaml");
  const text = `name: s
upstreams: { api: { fixture: cloud-api }, secure: { url: "tcp://127.0.0.1:8443", protocol: tcp }, billing: { fixture: cloud-api } }
servers: { cloud: { fixture: cloud, upstreams: { CLOUD_API_URL: billing }, egress: ${egress} } }
agents: { a: { chain: [{ call: cloud.FetchResources }] } }
phases: [{ baseline: 1s }, { fault: 1s, recovery: 1s }]
faults: [{ link: cloud->api, kind: egress-block }]
`;
  try {
    await writeFile(file, text);
    const entryUrl = new URL("../../src/index.ts", import.meta.url);
    return (await loadScenario({ file, named: "s.yaml", sets: [], allowHosts, env: {}, fixtures, entryUrl })).scenario;
  } finally {
    await rm(home, { recursive: true });
  }
}

test("several hosts may lead over one link, which is declared once and can be broken", async () => {
  const hosts = `{ "API.test:80": api, "api.test.:8080": api, "[::1]:443": secure }`;
  const scenario = await scenarioWith(`{ hosts: ${hosts}, unexpected: allow }`, ["Telemetry.test"]);
  expect(scenario.servers[0]?.egress).toEqual({
    hosts: [
      { destination: "api.test:80", upstream: "api", link: "cloud->api" },
      { destination: "api.test:8080", upstream: "api", link: "cloud->api" },
      { destination: "[::1]:443", upstream: "secure", link: "cloud->secure" },
    ],
    unexpected: "allow",
    allowHosts: ["Telemetry.test"],
  });
  const { declared, faults } = planScenario(scenario, "faults");
  expect(declared.links.map(({ link, protocol }) => `${link} ${protocol}`)).toEqual([
    "a@cloud mcp",
    "cloud->billing http",
    "cloud->api http",
    "cloud->secure tcp",
  ]);
  expect(faults.map(({ link }) => link)).toEqual(["cloud->api"]);
  expect(declared.servers[0]?.egress).toEqual([
    { link: "cloud->api", hosts: ["api.test:80", "api.test:8080"] },
    { link: "cloud->secure", hosts: ["[::1]:443"] },
  ]);
});

test("servers are told of their proxy in every spelling, but not for what is on this machine", () => {
  const proxy = "http://127.0.0.1:4711";
  const here = "localhost,127.0.0.1,::1";
  expect(egressVariables(proxy, [])).toEqual({
    HTTP_PROXY: proxy,
    http_proxy: proxy,
    HTTPS_PROXY: proxy,
    https_proxy: proxy,
    NO_PROXY: here,
    no_proxy: here,
    NODE_USE_ENV_PROXY: "1",
  });
  const mapped = [{ destination: "localhost:9000", upstream: "api", link: "cloud->api" }];
  expect(egressVariables(proxy, mapped)).toMatchObject({ NO_PROXY: "127.0.0.1,::1", no_proxy: "127.0.0.1,::1" });
});
