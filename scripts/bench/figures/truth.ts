import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { atMost, type Figure } from "../figure.ts";
import { startPeer, type Lab } from "../lab.ts";
import { connections, loadSeconds, rateIn } from "../load.ts";
import { short } from "../results.ts";
import { callingScenario, play, troubleOf } from "../squall.ts";
import { median } from "../statistics.ts";

const delaysMs = [1, 10, 100] as const;
const percentiles = ["p50Us", "p99Us"] as const;
// In the rush of the beginning connections are opened that are not wanted again. When they are four seconds old they
// are dropped, and code that meets this for the first time is compiled once more.
const warmUpS = 8;
const measuredS = 10;
const shareOfCapacity = 0.3;

export const truth: Figure = {
  name: "truth",
  about:
    "the service time that Squall tells against the server's own record of the same calls, at 30 % of what the same " +
    "agents get from this server in a closed loop, with delays of 1, 10 and 100 ms: how much of the allowed " +
    "difference (1 ms + 5 % of the server's record) the worst p50 or p99 uses",
  bars: { truth: atMost(1, "of 1 ms + 5 %") },
  measure: async (lab) => {
    const rounds = lab.rounds ?? 3;
    const wrong: string[] = [];
    const seen = new Map<string, { readonly share: number; readonly says: string }[]>();
    for (let round = 0; round < rounds; round += 1) {
      for (const delayMs of delaysMs) {
        const compared = await compare(lab, delayMs);
        wrong.push(...compared.trouble);
        for (const percentile of percentiles) {
          const [ours, theirs] = [compared.ours[percentile], compared.theirs[percentile]];
          const share = Math.abs(ours - theirs) / (1000 + 0.05 * theirs);
          const name = `${delayMs} ms at ${Math.round(compared.perSecond)}/s, ${percentile.slice(0, 3)}`;
          const says = `${name}: ${short(ours / 1000)} ms, the server's own ${short(theirs / 1000)} ms`;
          lab.say(`round ${round + 1} of ${rounds}: ${says}`);
          const key = `${delayMs} ${percentile}`;
          seen.set(key, [...(seen.get(key) ?? []), { share, says }]);
        }
      }
    }
    const worst = [...seen.values()].toSorted((a, b) => medianShare(b) - medianShare(a))[0] ?? [];
    return {
      truth: {
        values: worst.map(({ share }) => share),
        wrong: [...new Set(wrong)],
        says: [...seen.values()].map((each) => `${each.at(-1)?.says} (uses ${short(medianShare(each))})`),
      },
    };
  },
};

function medianShare(seen: readonly { readonly share: number }[]): number {
  return median(seen.map(({ share }) => share));
}

const timesSchema = z.object({ samples: z.int(), p50Us: z.number(), p99Us: z.number() });

async function compare(lab: Lab, delayMs: number) {
  const server = await startPeer(lab, "timed-server", { DELAY_MS: String(delayMs) });
  // Each call a walk of its own, in both: that is dearer than many calls in one.
  const called = { url: server.url, steps: 1, straight: true };

  await lab.quiet();
  const closed = await play(
    lab,
    callingScenario({
      ...called,
      arrivals: { count: connections, thinkTime: "0ms" },
      phases: [{ baseline: `${loadSeconds}s` }],
    }),
  );
  await closed.phase("baseline");
  const { perSecond: capacity } = await rateIn(closed.pid, new URL("/counts", server.url));
  await closed.judged;
  const perSecond = Math.max(1, Math.round(capacity * shareOfCapacity));

  await lab.quiet();
  const open = await play(
    lab,
    callingScenario({
      ...called,
      arrivals: { rate: `${perSecond}/s`, agents: connections },
      phases: [{ "warm-up": `${warmUpS}s` }, { baseline: `${measuredS}s` }],
    }),
  );
  await open.phase("baseline");
  const begun = await fetch(new URL("/begin", server.url));
  if (!begun.ok) throw new Error(`the timed server answered ${begun.status} in place of a new record`);
  await sleep(measuredS * 1000);
  const theirs = timesSchema.parse(await (await fetch(new URL("/times", server.url))).json());
  const judged = await open.judged;
  server.kill("SIGTERM");
  const ours = judged.figures.tools.find(({ phase }) => phase === "baseline")?.service;
  if (ours?.p50Us === undefined || ours.p99Us === undefined) throw new Error("squall saw too few calls to tell a p99");
  return { ours: { p50Us: ours.p50Us, p99Us: ours.p99Us }, theirs, perSecond, trouble: troubleOf(judged) };
}
