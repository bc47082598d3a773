import { setTimeout as sleep } from "node:timers/promises";
import { below, type Figure } from "../figure.ts";
import { startPeer } from "../lab.ts";
import { countsAt } from "../load.ts";
import { callingScenario, hasDirect, play, troubleOf } from "../squall.ts";
import { descriptorsMax, usageOf } from "../usage.ts";

const sessionsWanted = 10_000;
const heldMs = 60_000;
const megabyte = 1024 * 1024;
// What a process has open beside its sessions: files, pipes, the sockets of its engine.
const descriptorsBeside = 500;
// Through a tap each session has a socket of its own, two of the tap's and two of the proxy's.
const descriptorsEach = hasDirect ? 1 : 5;

export const sessions: Figure = {
  name: "sessions",
  about:
    "10,000 sessions with 10 s of think time on a direct link, without a GET stream, held for 60 s: the most memory " +
    "that Squall's processes had, from the first session to the verdict, with every call answered and no gap in the evidence",
  bars: { sessions: below(1536, "MB") },
  measure: async (lab) => {
    const needed = sessionsWanted * descriptorsEach + descriptorsBeside;
    if (descriptorsMax() < needed) {
      const how = hasDirect ? `raise it (ulimit -n ${needed})` : "this Squall has no direct link";
      throw new Error(`not measurable: ${needed} descriptors are needed, the limit is ${descriptorsMax()}; ${how}`);
    }
    const { url } = await startPeer(lab, "server");
    const counts = new URL("/counts", url);
    await lab.quiet();
    const playing = await play(
      lab,
      callingScenario({
        url,
        arrivals: { count: sessionsWanted, thinkTime: "10s" },
        steps: 1,
        phases: [{ baseline: `${heldMs / 1000}s` }],
        straight: true,
      }),
    );
    let peakBytes = 0;
    const watching = setInterval(() => {
      peakBytes = Math.max(peakBytes, usageOf(playing.pid).peakBytes);
    }, 250);
    try {
      lab.say("opening 10,000 sessions");
      await playing.phase("baseline");
      lab.say(`open; holding them for ${heldMs / 1000} s`);
      const fewest = await fewestDuring(counts, heldMs);
      lab.say("judging");
      const judged = await playing.judged;
      const tooFew = fewest < sessionsWanted ? [`only ${fewest} sessions were held`] : [];
      return {
        sessions: {
          values: [peakBytes / megabyte],
          wrong: [...troubleOf(judged), ...tooFew],
          says: [`${fewest} sessions were held for ${heldMs / 1000} s`],
        },
      };
    } finally {
      clearInterval(watching);
    }
  },
};

/** The fewest sessions that had a connection at any look during this time. */
async function fewestDuring(counts: URL, forMs: number): Promise<number> {
  const untilMs = performance.now() + forMs - 2000;
  // Every agent has to have called once before its connection must be there.
  let fewest = Number.POSITIVE_INFINITY;
  while (performance.now() < untilMs) {
    await sleep(1000);
    const { sessions, connections } = await countsAt(counts);
    fewest = Math.min(fewest, sessions, connections);
  }
  return fewest;
}
