/** Servers that know their upstream by a fixed address, behind the egress gateway: in Node, in Python, over TLS. */
import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { HistoryEvent } from "../../../src/history/events.ts";
import { readHistory } from "../../../src/history/segments.ts";
import type { Verdicts } from "../../../src/reporters/verdicts.ts";
import {
  canSeeProcesses,
  isFull,
  nothingIsLeft,
  onlyRun,
  rounds,
  squall,
  startSquall,
  temporaryFolder,
  verdictsFrom,
} from "../squall.ts";

const weatherNode = fileURLToPath(new URL("./weather.ts", import.meta.url));
const weatherPython = fileURLToPath(new URL("./weather.py", import.meta.url));
const lacksPython = spawnSync("python3", ["--version"]).status !== 0;
const lacksOpenssl = spawnSync("openssl", ["version"]).status !== 0;
const unlessAbsent = (name: string, lacks: boolean, program: string): string =>
  lacks ? `${name} (${program} is not on this machine)` : name;

interface Api extends AsyncDisposable {
  readonly port: number;
  readonly requests: string[];
}

async function weatherApi(tls?: { readonly key: Buffer; readonly cert: Buffer }): Promise<Api> {
  const requests: string[] = [];
  const answer: RequestListener = (request, response) => {
    // Squall looks once whether it is there.
    if (request.url !== "/") requests.push(`${request.headers.host} ${request.url}`);
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ days: [{ day: "Monday", sky: "clear" }] }));
  };
  const server: Server = tls === undefined ? createServer(answer) : createSecureServer(tls, answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, "close");
    },
  };
}

/** How a scenario starts it, and why it cannot be tried here. */
interface Weather {
  readonly name: string;
  readonly is: string;
  readonly env: Readonly<Record<string, string>>;
  readonly certificates: string;
  readonly lacks: boolean;
}

const node: Weather = {
  name: "Node, with fetch, which makes a tunnel for each connection",
  is: `command: ["${process.execPath}", "${weatherNode}"]\n    url: "http://127.0.0.1:\${port}/mcp"`,
  env: { PORT: "${port}" },
  certificates: "NODE_EXTRA_CA_CERTS",
  lacks: false,
};
const python: Weather = {
  name: unlessAbsent("Python, over stdio, with a connection for each call", lacksPython, "python3"),
  is: `transport: stdio\n    command: [python3, "${weatherPython}"]`,
  env: {},
  certificates: "SSL_CERT_FILE",
  lacks: lacksPython,
};

interface About {
  readonly server: Weather;
  readonly env: Readonly<Record<string, string>>;
  readonly upstream: string;
  readonly host?: string;
}

function scenario({ server, env, upstream, host = "api.weather.test:80" }: About): string {
  return `name: egress
upstreams: { weather-api: ${upstream} }
servers:
  weather:
    ${server.is}
    env: ${JSON.stringify({ ...server.env, ...env })}
    egress: { hosts: { "${host}": weather-api } }
agents:
  asker:
    policy: { kind: none, timeout: 3s }
    arrivals: { rate: 10/s, agents: 3 }
    chain: [{ call: weather.Forecast, args: { city: "c" } }]
phases: [{ baseline: 1200ms }, { fault: 1200ms, recovery: 300ms, name: outage }]
faults: [{ link: weather->weather-api, kind: egress-block, for: 1s }]
checks: [silent-empty]
`;
}

async function historyOf(folder: string): Promise<readonly HistoryEvent[]> {
  const events: HistoryEvent[] = [];
  for await (const event of readHistory(join(await onlyRun(folder), "history"))) events.push(event);
  return events;
}

async function judge(folder: string, about: About): Promise<Verdicts & { readonly all: string }> {
  await writeFile(join(folder, "s.yaml"), scenario(about));
  const { ended, ...verdicts } = await verdictsFrom(["s.yaml"], folder);
  return { ...verdicts, all: JSON.stringify(verdicts) + ended.stderr };
}

const API_URL = "http://api.weather.test";

describe.each(rounds([node, python], [node]))("in $name", (server) => {
  test.skipIf(server.lacks)("silent-empty finds the one that swallows", async () => {
    await using folder = await temporaryFolder();
    await using api = await weatherApi();
    const upstream = `{ url: "http://127.0.0.1:${api.port}" }`;
    const verdicts = await judge(folder.path, { server, env: { API_URL, MODE: "swallow" }, upstream });
    expect(verdicts, verdicts.all).toMatchObject({ verdict: "fail", exitCode: 1, gaps: [], notCovered: [] });
    const [silent] = verdicts.checks;
    expect(silent).toMatchObject({ check: "silent-empty", verdict: "fail" });
    expect(silent?.findings).toMatchObject([{ grade: "violation", blames: "server" }]);
    // Its witness holds what the link saw, joined to the call: not only that the link was down meanwhile.
    const events = (await historyOf(folder.path)).filter(({ id }) => silent?.findings[0]?.witness.events.includes(id));
    expect(events.map(({ type }) => type)).toContain("exchange");
    expect(new Set(api.requests)).toEqual(new Set(["api.weather.test /forecast?city=c"]));
  });

  test.skipIf(server.lacks)("and not the one that says so", async () => {
    await using folder = await temporaryFolder();
    await using api = await weatherApi();
    const upstream = `{ url: "http://127.0.0.1:${api.port}" }`;
    const verdicts = await judge(folder.path, { server, env: { API_URL, MODE: "honest" }, upstream });
    expect(verdicts, verdicts.all).toMatchObject({ verdict: "pass", exitCode: 0, gaps: [], notCovered: [] });
    expect(verdicts.checks[0]?.strength).toMatch(
      /^0 silently empty in \d+ calls .+ \([1-9]\d* said that they failed\)$/,
    );
  });
});

const bypassing = unlessAbsent("a server that ignores the gateway", lacksPython, "python3");
describe.skipIf(lacksPython)(bypassing, () => {
  test("is not covered, whatever it answers, and passes nothing", async () => {
    await using folder = await temporaryFolder();
    await using api = await weatherApi();
    const url = `http://127.0.0.1:${api.port}`;
    const env = { API_URL: url, MODE: "bypass" };
    const verdicts = await judge(folder.path, { server: python, env, upstream: `{ url: "${url}" }` });
    expect(api.requests.length).toBeGreaterThan(0);
    expect(verdicts, verdicts.all).toMatchObject({
      verdict: "unknown",
      exitCode: 2,
      notCovered: [{ check: "the egress of weather", because: expect.stringContaining("never used its gateway in ") }],
    });
    expect(verdicts.checks.map(({ verdict }) => verdict)).toEqual(["unknown"]);
    expect(verdicts.gaps.map(({ gap }) => gap)).toEqual(["fault-not-observed", "egress-not-seen"]);
  });
});

test("unexpected destinations are refused and listed; what asked for them works on", async () => {
  await using folder = await temporaryFolder();
  await using api = await weatherApi();
  const upstream = `{ url: "http://127.0.0.1:${api.port}" }`;
  const env = { API_URL, TELEMETRY: "https://telemetry.example.test/v1" };
  const verdicts = await judge(folder.path, { server: node, env, upstream });
  expect(verdicts, verdicts.all).toMatchObject({
    verdict: "pass",
    egress: {
      unexpected: [{ server: "weather", destination: "telemetry.example.test:443", passed: false }],
      unexpectedMore: 0,
    },
  });
  expect(verdicts.egress?.unexpected[0]?.requests).toBeGreaterThan(10);
  const html = await readFile(join(await onlyRun(folder.path), "report.html"), "utf8");
  expect(html).toContain("weather asked for telemetry.example.test:443");
});

test("a server that cannot start without what was refused: the error tells what that was", async () => {
  await using folder = await temporaryFolder();
  const fetches = `fetch("https://registry.example.test/").catch(() => process.exit(1))`;
  const text = `name: s
servers: { weather: { transport: stdio, command: ["${process.execPath}", -e, '${fetches}'], egress: {} } }
agents: { a: { chain: [{ call: weather.Forecast }] } }
phases: [{ baseline: 1s }]
`;
  await writeFile(join(folder.path, "s.yaml"), text);
  const { code, stderr } = await squall(["run", "s.yaml"], { cwd: folder.path });
  expect(code).toBe(75);
  expect(stderr).toContain(
    "the egress gateway of weather refused registry.example.test:443: if it needs that, --allow-host registry.example.test",
  );
});

const overTls = isFull
  ? unlessAbsent("over TLS, which passes unread", lacksOpenssl, "openssl")
  : "over TLS (left to CI: SQUALL_ROUNDS=full)";
describe.skipIf(lacksOpenssl || !isFull)(overTls, () => {
  describe.each([node, python])("in $name", (server) => {
    test.skipIf(server.lacks)("silent-empty tells who swallows", async () => {
      await using folder = await temporaryFolder();
      const [keyFile, certFile] = [join(folder.path, "key.pem"), join(folder.path, "cert.pem")];
      const what =
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=weather -addext subjectAltName=DNS:api.weather.test";
      execFileSync("openssl", [...what.split(" "), "-keyout", keyFile, "-out", certFile], { stdio: "ignore" });
      await using api = await weatherApi({ key: await readFile(keyFile), cert: await readFile(certFile) });
      const secure = {
        server,
        upstream: `{ url: "https://127.0.0.1:${api.port}" }`,
        host: "api.weather.test:443",
      };
      for (const [mode, verdict] of [
        ["swallow", "fail"],
        ["honest", "pass"],
      ] as const) {
        const env = { API_URL: "https://api.weather.test", MODE: mode, [server.certificates]: certFile };
        const verdicts = await judge(folder.path, { ...secure, env });
        const unread = [
          { check: "the requests on weather->weather-api", because: expect.stringContaining("speaks tcp") },
        ];
        expect(verdicts, verdicts.all).toMatchObject({ verdict, gaps: [], notCovered: unread });
        expect(verdicts.checks[0], verdicts.all).toMatchObject({ check: "silent-empty", verdict });
      }
      expect(new Set(api.requests)).toEqual(new Set(["api.weather.test /forecast?city=c"]));
    });
  });
});

test.runIf(canSeeProcesses)("a run that is killed leaves no server and no gateway", async () => {
  await using folder = await temporaryFolder();
  await using api = await weatherApi();
  const upstream = `{ url: "http://127.0.0.1:${api.port}" }`;
  await writeFile(join(folder.path, "s.yaml"), scenario({ server: node, env: { API_URL }, upstream }));
  const running = startSquall(["run", "s.yaml"], { cwd: folder.path });
  while (api.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
  running.child.kill("SIGKILL");
  await running.ended;
  await nothingIsLeft(running);
});
