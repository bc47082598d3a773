import { setTimeout as sleep } from "node:timers/promises";
import { type Figure } from "../figure.ts";
import { startPeer } from "../lab.ts";
import { connections, countsAt } from "../load.ts";
import { short } from "../results.ts";
import { callingScenario, play } from "../squall.ts";
import { inBlocks, slopeOf, type Point } from "../statistics.ts";
import { usageOf } from "../usage.ts";

const callsWanted = 3_000_000;
/** Caches fill and the heap finds its size; from here on nothing may grow. */
const warmUpCalls = 1_000_000;
const sampleMs = 500;
// Neighbouring samples are alike, so they are joined until what is left is independent enough for an interval.
const blocks = 20;
const blockCallsLeast = blocks * 3;
const megabyte = 1024 * 1024;
/** A night of eight hours at 2,000 calls a second would grow by less than 60 MB. */
const negligible = 1;
/** An interval wider than this could hide a leak that fills a machine in a night. */
const uncertainMost = 50;

export const soak: Figure = {
  name: "soak",
  about:
    "3 million calls in one run: how much the memory of Squall's processes grows per million calls after the first " +
    "million, by least squares over the samples; the lower end of its 95 % interval must not be above 1 MB",
  bars: {
    soak: {
      says: `the 95 % interval reaches down to ≤ ${negligible} MB per million calls`,
      unit: "MB per million calls",
      // The interval decides, and it is not the median of anything: see `wrong` below.
      holds: Number.isFinite,
    },
  },
  measure: async (lab) => {
    const { url } = await startPeer(lab, "server");
    const counts = new URL("/counts", url);
    const playing = await play(
      lab,
      callingScenario({
        url,
        arrivals: { count: connections, thinkTime: "0ms" },
        steps: 50,
        // It is stopped when it has made its calls.
        phases: [{ baseline: "1h" }],
        straight: true,
      }),
    );
    await playing.phase("baseline");
    const samples: Point[] = [];
    for (let told = 0, calls = 0; calls < callsWanted;) {
      await Promise.race([sleep(sampleMs), playing.done]);
      ({ calls } = await countsAt(counts));
      const { rssBytes } = usageOf(playing.pid);
      if (rssBytes === 0) throw new Error("squall ended before it had made its calls");
      samples.push({ x: calls / 1e6, y: rssBytes / megabyte });
      if (Math.floor((calls * 6) / callsWanted) > told) {
        told += 1;
        lab.say(`${short(calls / 1e6)} million calls, ${short(rssBytes / megabyte)} MB`);
      }
    }
    playing.kill("SIGINT");
    await playing.done;
    // What is measured is the run; judging so many events is a figure of its own.
    playing.kill("SIGKILL");
    return { soak: growthOf(samples) };
  },
};

export function growthOf(samples: readonly Point[]) {
  const after = samples.filter(({ x }) => x * 1e6 >= warmUpCalls);
  if (after.length < blockCallsLeast) return { values: [], wrong: [`${after.length} samples are too few for a slope`] };
  const { slope, low, high } = slopeOf(inBlocks(after, blocks));
  const grows = low > negligible ? [`memory grows: at least ${short(low)} MB per million calls`] : [];
  const noisy =
    high > uncertainMost ? [`memory varies too much to tell: up to ${short(high)} MB per million calls`] : [];
  return {
    values: [slope],
    wrong: [...grows, ...noisy],
    says: [
      `95 % interval ${short(low)} to ${short(high)} MB per million calls, ` +
        `from ${short(after.at(0)?.y ?? 0)} to ${short(after.at(-1)?.y ?? 0)} MB, ${after.length} samples`,
    ],
  };
}
