/** Who makes the load, and how fast: each counted at the server in the middle of its own traffic, one after another. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { startPeer, type Lab } from "./lab.ts";
import { short } from "./results.ts";
import { callingScenario, play, troubleAtFullSpeed } from "./squall.ts";
import { median } from "./statistics.ts";
import { usageOf, watchStrangers } from "./usage.ts";

export interface Loading {
  readonly pid: number;
  /** Resolves once the load is over, to what was wrong with it. */
  readonly over: Promise<readonly string[]>;
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
  /** The share of the machine's processors that went to processes which are none of ours. */
  readonly strangersShare: number;
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
      await lab.quiet();
      const loading = await contestant.start(lab, loadSeconds);
      const ended = loading.over.then((): never => {
        throw new Error(`${contestant.name} was over before it was measured`);
      });
      ended.catch(() => undefined);
      const rate = await Promise.race([rateIn(loading.pid, counts), ended]);
      const wrong = await loading.over;
      if (wrong.length > 0) throw new Error(`${contestant.name}: ${wrong.join("; ")}`);
      rates.get(contestant.name)?.push(rate);
      lab.say(`round ${round + 1} of ${rounds}: ${contestant.name} ${saidRates([rate])}`);
    }
  }
  return rates;
}

export function rotated<T>(items: readonly T[], by: number): T[] {
  const from = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(from), ...items.slice(0, from)];
}

/** What strangers on the machine take is told too: beside a full machine not even a ratio is worth much. */
export function saidRates(rates: readonly Rate[]): string {
  const of = (key: keyof Rate): number => median(rates.map((rate) => rate[key]));
  return (
    `${short(of("perSecond"))} calls/s, ${short(of("cpuUsPerCall"))} µs of client CPU per call ` +
    `(strangers took ${Math.round(of("strangersShare") * 100)} % of the machine)`
  );
}

/** Round by round: only what was measured one right after the other is compared. */
export function ratios(ours: readonly Rate[], theirs: readonly Rate[]): number[] {
  return ours.map(({ perSecond }, round) => perSecond / (theirs[round]?.perSecond ?? Number.NaN));
}

/** From a moment at which calls begin; they must go on for `loadSeconds`. */
export async function rateIn(pid: number, counts: URL): Promise<Rate> {
  await sleep(warmUpMs);
  const before = await momentAt(pid, counts);
  const strangersShare = watchStrangers();
  await sleep(windowMs);
  const after = await momentAt(pid, counts);
  const calls = after.calls - before.calls;
  const tookUs = after.atUs - before.atUs;
  return {
    perSecond: calls / (tookUs / 1e6),
    cpuUsPerCall: (after.cpuUs - before.cpuUs) / calls,
    strangersShare: strangersShare() ?? Number.NaN,
  };
}

async function momentAt(pid: number, counts: URL) {
  const { calls, atUs } = await countsAt(counts);
  return { calls, atUs, cpuUs: usageOf(pid).cpuUs };
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
      return { pid: playing.pid, over: playing.judged.then(troubleAtFullSpeed) };
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
      return { pid, over: shot.then(({ failed }) => (failed > 0 ? [`${failed} requests failed`] : [])) };
    },
  };
}
