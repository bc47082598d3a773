import { setTimeout as sleep } from "node:timers/promises";
import { atLeast, type Figure } from "../figure.ts";
import { startPeer, type Lab, type Running } from "../lab.ts";
import { startAutocannon } from "../load.ts";
import { short } from "../results.ts";
import { callingScenario, play, troubleOf } from "../squall.ts";
import { median } from "../statistics.ts";

const stoppedMs = 1000;
const runningMs = 2000;
const cycles = 4;
const seconds = (cycles * (stoppedMs + runningMs)) / 1000;
// Far below what Squall can do, else its own queue would pass for the server's stall.
const perSecond = 200;
/** What the stall alone can cost, with room for the queue behind it. */
const plausibleMostMs = 2 * stoppedMs;
// Few connections make few calls late, which is how a closed loop omits; with ten of them 1 % would be late.
const autocannonConnections = 2;

export const omission: Figure = {
  name: "omission",
  about:
    "a server that stands still (SIGSTOP) for 1 s in every 3 s, at 200 calls a second: the p99 that Squall tells, from " +
    "when each call was to begin; autocannon's for contrast, from when it came to send each (its two connections wait, " +
    "and what they do not send meanwhile is not counted)",
  bars: { omission: atLeast(600, "ms") },
  measure: async (lab) => {
    const rounds = lab.rounds ?? 3;
    const squall: number[] = [];
    const wrong: string[] = [];
    const autocannon: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      await lab.quiet();
      const { p99Ms, trouble } = await squallAtRate(lab);
      squall.push(p99Ms);
      wrong.push(...trouble);
      autocannon.push(await autocannonP99Ms(lab));
      const last = (of: readonly number[]): string => short(of.at(-1) ?? Number.NaN);
      lab.say(`round ${round + 1} of ${rounds}: p99 squall ${last(squall)} ms, autocannon ${last(autocannon)} ms`);
    }
    return { omission: { values: squall, wrong, says: [`autocannon tells a p99 of ${short(median(autocannon))} ms`] } };
  },
};

async function squallAtRate(lab: Lab): Promise<{ readonly p99Ms: number; readonly trouble: readonly string[] }> {
  const server = await startPeer(lab, "server");
  const playing = await play(
    lab,
    callingScenario({
      url: server.url,
      arrivals: { rate: `${perSecond}/s`, agents: perSecond },
      steps: 1,
      phases: [{ baseline: `${seconds}s` }],
      straight: true,
    }),
  );
  await playing.phase("baseline");
  await stumble(server);
  const judged = await playing.judged;
  server.kill("SIGTERM");
  const p99Us = judged.figures.tools.find(({ phase }) => phase === "baseline")?.response.p99Us;
  if (p99Us === undefined) throw new Error("squall saw too few calls to tell a p99");
  const p99Ms = p99Us / 1000;
  const more = p99Ms > plausibleMostMs ? [`a p99 of ${short(p99Ms)} ms is more than the stall: Squall was behind`] : [];
  return { p99Ms, trouble: [...troubleOf(judged), ...more] };
}

async function autocannonP99Ms(lab: Lab): Promise<number> {
  const server = await startPeer(lab, "server");
  const { shot } = await startAutocannon(lab, server.url, {
    connections: autocannonConnections,
    seconds,
    rate: perSecond,
  });
  await stumble(server);
  const { p99Ms } = await shot;
  server.kill("SIGTERM");
  return p99Ms;
}

async function stumble(server: Running): Promise<void> {
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    await sleep(runningMs / 2);
    server.kill("SIGSTOP");
    await sleep(stoppedMs);
    server.kill("SIGCONT");
    await sleep(runningMs / 2);
  }
}
