/** Who makes the load, and how fast: each counted at the server in the middle of its own traffic, one after another. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { startPeer, type Lab } from "./lab.ts";
import { callingScenario, play, troubleOf } from "./squall.ts";
import { usageOf } from "./usage.ts";

export interface Loading {
  readonly pid: number;
  /** Resolves once the load is over; rejects where it was not what it should have been. */
  readonly over: Promise<void>;
}

export interface Contestant {
  readonly name: string;
  /** Resolves when its calls begin; they go on for so many seconds. */
  start(lab: Lab, seconds: number): Promise<Loading>;
}

export interface Rate {
  readonly perSecond: number;
  /** Of the contestant's own processes, threads included; not of the server. */
  readonly cpuUsPerCall: number;
}

export interface Contest {
  readonly counts: URL;
  readonly contestants: readonly Contestant[];
  readonly rounds: number;
}

const warmUpMs = 3000;
const windowMs = 6000;
// The window must end before the load does.
const slackMs = 1500;
export const loadSeconds = (warmUpMs + windowMs + slackMs) / 1000;

/** Round by round, each time in another order: what the machine does meanwhile hits all of them alike. */
export async function compete(lab: Lab, { counts, contestants, rounds }: Contest): Promise<Map<string, Rate[]>> {
  const rates = new Map<string, Rate[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const contestant of rotated(contestants, round)) {
      const loading = await contestant.start(lab, loadSeconds);
      const ended = loading.over.then(() => {
        throw new Error(`${contestant.name} was over before it was measured`);
      });
      ended.catch(() => undefined);
      const rate = await Promise.race([rateIn(loading.pid, counts), ended]);
      await loading.over;
      rates.get(contestant.name)?.push(rate);
      lab.say(`round ${round + 1} of ${rounds}: ${contestant.name} ${saidRate(rate)}`);
    }
  }
  return rates;
}

export function rotated<T>(items: readonly T[], by: number): T[] {
  const from = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(from), ...items.slice(0, from)];
}

export function saidRate({ perSecond, cpuUsPerCall }: Rate): string {
  return `${Math.round(perSecond)} calls/s, ${cpuUsPerCall.toFixed(1)} µs of CPU per call`;
}

/** From a moment at which calls begin; they must go on for `loadSeconds`. */
export async function rateIn(pid: number, counts: URL): Promise<Rate> {
  await sleep(warmUpMs);
  const before = { ...(await countsAt(counts)), ...usageOf(pid) };
  await sleep(windowMs);
  const after = { ...(await countsAt(counts)), ...usageOf(pid) };
  const calls = after.calls - before.calls;
  return {
    perSecond: calls / ((after.atUs - before.atUs) / 1e6),
    cpuUsPerCall: (after.cpuUs - before.cpuUs) / calls,
  };
}

const countsSchema = z.object({ atUs: z.number(), calls: z.int(), sessions: z.int(), connections: z.int() });

export async function countsAt(counts: URL): Promise<z.output<typeof countsSchema>> {
  const response = await fetch(counts);
  return countsSchema.parse(await response.json());
}

export const connections = 100;

export function squallAt(
  url: URL,
  {
    name,
    wire = "lean",
    straight = true,
  }: { readonly name: string; readonly wire?: "lean" | "sdk"; readonly straight?: boolean },
): Contestant {
  return {
    name,
    start: async (lab, seconds) => {
      const playing = await play(
        lab,
        callingScenario({
          url,
          wire,
          arrivals: { count: connections, thinkTime: "0ms" },
          steps: 50,
          phases: [{ baseline: `${seconds}s` }],
          straight,
        }),
      );
      await playing.phase("baseline");
      const over = playing.judged.then((judged) => {
        const [trouble] = troubleOf(judged);
        if (trouble !== undefined) throw new Error(`${name}: ${trouble}`);
      });
      over.catch(() => undefined);
      return { pid: playing.pid, over };
    },
  };
}

const shotSchema = z.object({
  requests: z.int(),
  failed: z.int(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  maxMs: z.number(),
});

export type Shot = z.output<typeof shotSchema>;

export async function startAutocannon(
  lab: Lab,
  url: URL,
  {
    connections,
    seconds,
    rate = 0,
  }: { readonly connections: number; readonly seconds: number; readonly rate?: number },
): Promise<{ readonly pid: number; readonly shot: Promise<Shot> }> {
  const running = await startPeer(lab, "autocannon", {
    URL: url.href,
    CONNECTIONS: String(connections),
    SECONDS: String(Math.ceil(seconds)),
    RATE: String(rate),
  });
  const shot = running.ended.then(({ code, stdout, stderr }) => {
    const last = stdout.trim().split("\n").at(-1) ?? "";
    if (code !== 0) throw new Error(`autocannon ended with ${code}: ${stderr.trim()}`);
    return shotSchema.parse(JSON.parse(last));
  });
  shot.catch(() => undefined);
  return { pid: running.pid, shot };
}

export function autocannonAt(url: URL, name: string): Contestant {
  return {
    name,
    start: async (lab, seconds) => {
      const { pid, shot } = await startAutocannon(lab, url, { connections, seconds });
      const over = shot.then(({ failed }) => {
        if (failed > 0) throw new Error(`${name}: ${failed} of its requests failed`);
      });
      over.catch(() => undefined);
      return { pid, over };
    },
  };
}
