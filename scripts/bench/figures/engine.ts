import { delimiter, join } from "node:path";
import { access, constants } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { openToxiproxy } from "../../../src/engines/toxiproxy.ts";
import { freePort } from "../../../src/targets/free-port.ts";
import { realWorld as world } from "../../../src/world.ts";
import { atLeast, atMost, type Figure } from "../figure.ts";
import { startPeer, type Lab } from "../lab.ts";
import { rotated, startAutocannon } from "../load.ts";
import { short } from "../results.ts";
import { median, medianInterval } from "../statistics.ts";
import { usageOf } from "../usage.ts";

const connectionCounts = [1, 10, 100] as const;
const httpSeconds = 3;
const kinds = ["embedded", "real", "direct"] as const;
type Kind = (typeof kinds)[number];

export const engine: Figure = {
  name: "engine",
  about:
    "a proxy without toxics on the embedded engine against one on a real toxiproxy-server (SQUALL_TOXIPROXY, or on the " +
    "PATH) and no proxy at all: round trips of 300 bytes, streams of 100 MB, HTTP posts of autocannon, and the " +
    "proxy's CPU per post",
  bars: {
    "engine-ping": atMost(1.15, "× the real server's p50 of a round trip"),
    "engine-bulk": atLeast(1, "× the real server's MB/s"),
  },
  measure: async (lab) => {
    const ways = await openWays(lab);
    const rounds = lab.rounds ?? 7;
    const seen = new Map<Kind, Seen[]>(kinds.map((kind) => [kind, []]));
    for (let round = 0; round < rounds; round += 1) {
      const inOrder = rotated(ways, round);
      await lab.quiet();
      const echoed = await measureEchoes(lab, inOrder);
      for (const [index, way] of inOrder.entries()) {
        const echo = echoed[index];
        if (echo === undefined) throw new Error(`nothing was measured of ${way.kind}`);
        const measured = { ...echo, posts: await measurePosts(lab, way) };
        seen.get(way.kind)?.push(measured);
        lab.say(`round ${round + 1} of ${rounds}: ${way.kind} ${saidOf([measured])}`);
      }
    }
    const of = (kind: Kind): readonly Seen[] => seen.get(kind) ?? [];
    const ratios = (value: (one: Seen) => number): number[] =>
      of("embedded").map((one, round) => value(one) / valueAt(of("real")[round], value));
    const pings = ratios(({ p50Us }) => p50Us);
    return {
      "engine-ping": {
        values: pings,
        says: [saidInterval(pings), ...kinds.map((kind) => `${kind}: ${saidOf(of(kind))}`)],
      },
      "engine-bulk": { values: ratios(({ megabytesPerSecond }) => megabytesPerSecond) },
    };
  },
};

interface Way {
  readonly kind: Kind;
  readonly tcpPort: string;
  readonly http: URL;
  /** Of the proxies; none where there are none. */
  readonly pids: readonly number[];
}

const echoedSchema = z.object({ p50Us: z.number(), p99Us: z.number(), megabytesPerSecond: z.number() });

type Echoed = z.output<typeof echoedSchema>;

interface Seen extends Echoed {
  readonly posts: readonly { readonly perSecond: number; readonly proxyUsPerPost: number }[];
}

async function openWays(lab: Lab): Promise<readonly Way[]> {
  const file = await realServer();
  const [echo, server] = [await startPeer(lab, "echo"), await startPeer(lab, "server")];
  const [tcp, http] = [
    await startPeer(lab, "embedded", { UPSTREAM_PORT: echo.url.port }),
    await startPeer(lab, "embedded", { UPSTREAM_PORT: server.url.port }),
  ];
  const port = String(await freePort());
  const real = lab.start(["-host", "127.0.0.1", "-port", port], { program: file, env: { LOG_LEVEL: "fatal" } });
  const toxiproxy = openToxiproxy({ url: `http://127.0.0.1:${port}`, world });
  await answering(() => toxiproxy.version());
  const openReal = async (name: string, upstream: URL): Promise<string> =>
    String((await toxiproxy.openProxy(name, { host: "127.0.0.1", port: Number(upstream.port) })).address.port);
  const realHttp = new URL(server.url);
  realHttp.port = await openReal("http", server.url);
  return [
    { kind: "embedded", tcpPort: tcp.url.port, http: http.url, pids: [http.pid] },
    { kind: "real", tcpPort: await openReal("tcp", echo.url), http: realHttp, pids: [real.pid] },
    { kind: "direct", tcpPort: echo.url.port, http: server.url, pids: [] },
  ];
}

async function measureEchoes(lab: Lab, ways: readonly Way[]): Promise<readonly Echoed[]> {
  const client = await startPeer(lab, "echo-client", { PORTS: ways.map(({ tcpPort }) => tcpPort).join(",") });
  const { code, stdout, stderr } = await client.ended;
  if (code !== 0) throw new Error(`the echoes' client ended with ${code}: ${stderr.trim()}`);
  return z.array(echoedSchema).parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
}

async function measurePosts(lab: Lab, { http, pids }: Way): Promise<Seen["posts"]> {
  const posts: Seen["posts"][number][] = [];
  for (const connections of connectionCounts) {
    const cpuUs = (): number => pids.reduce((sum, pid) => sum + usageOf(pid).cpuUs, 0);
    const beforeUs = cpuUs();
    const { shot } = await startAutocannon(lab, http, { connections, seconds: httpSeconds });
    const { requests, failed } = await shot;
    if (failed > 0) throw new Error(`${failed} posts failed over ${connections} connections`);
    posts.push({ perSecond: requests / httpSeconds, proxyUsPerPost: (cpuUs() - beforeUs) / requests });
  }
  return posts;
}

async function realServer(): Promise<string> {
  const named = process.env["SQUALL_TOXIPROXY"];
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const files = named === undefined ? folders.map((folder) => join(folder, "toxiproxy-server")) : [named];
  for (const file of files) {
    const runs = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return file;
  }
  throw new Error("no real toxiproxy-server to compare with: name its file in SQUALL_TOXIPROXY");
}

async function answering(ask: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await ask();
      return;
    } catch (error) {
      if (tries === 50) throw error;
      await sleep(100);
    }
  }
}

function valueAt(one: Seen | undefined, value: (one: Seen) => number): number {
  return one === undefined ? Number.NaN : value(one);
}

function saidOf(seen: readonly Seen[]): string {
  const of = (value: (one: Seen) => number): string => short(median(seen.map(value)));
  const posts = connectionCounts.map((connections, index) => {
    const at = (key: "perSecond" | "proxyUsPerPost"): string => of((one) => one.posts[index]?.[key] ?? Number.NaN);
    return `${connections} connections ${at("perSecond")} posts/s (${at("proxyUsPerPost")} µs of the proxy's CPU each)`;
  });
  const trips = `round trip p50 ${of(({ p50Us }) => p50Us)} µs, p99 ${of(({ p99Us }) => p99Us)} µs`;
  return [trips, `${of(({ megabytesPerSecond }) => megabytesPerSecond)} MB/s`, ...posts].join("; ");
}

function saidInterval(values: readonly number[]): string {
  const interval = medianInterval(values);
  if (interval === undefined) return "too few rounds for a 95 % interval: it takes 6";
  return `95 % interval of the median: ${short(interval.low)} – ${short(interval.high)}`;
}
