import { join } from "node:path";
import { atLeast, type Figure } from "../figure.ts";
import { startPeer } from "../lab.ts";
import { autocannonAt, compete, ratios, saidRates, squallAt } from "../load.ts";
import { hasDirect } from "../squall.ts";

const alone = { tap: "autocannon through tap and proxy", plain: "autocannon through a plain pass-through" };
const whole = { tap: "squall through tap and proxy", plain: "squall through a plain pass-through" };

export const tap: Figure = {
  name: "tap",
  about:
    "tools/call per second with 100 connections on a bare server through tap and embedded proxy, all that they see " +
    "recorded on disk, against a plain TCP pass-through in a process of its own; the caller is Squall for both " +
    "(a Squall without direct links has no plain way: then it is autocannon), and autocannon is told beside it",
  bars: { tap: atLeast(0.6, "× a plain TCP pass-through") },
  measure: async (lab) => {
    const { url } = await startPeer(lab, "server");
    const upstream = { UPSTREAM_PORT: url.port };
    const through = await startPeer(lab, "tap", { ...upstream, HISTORY: join(lab.folder, "tap-history") });
    const plain = await startPeer(lab, "pass-through", upstream);
    const rates = await compete(lab, {
      counts: new URL("/counts", url),
      rounds: lab.rounds ?? 5,
      contestants: [
        autocannonAt(through.url, alone.tap),
        autocannonAt(plain.url, alone.plain),
        squallAt(url, { name: whole.tap, straight: false }),
        ...(hasDirect ? [squallAt(plain.url, { name: whole.plain })] : []),
      ],
    });
    const of = (name: string) => rates.get(name) ?? [];
    const judged = hasDirect ? whole : alone;
    return {
      tap: {
        values: ratios(of(judged.tap), of(judged.plain)),
        says: [...rates].map(([name, seen]) => `${name}: ${saidRates(seen)}`),
      },
    };
  },
};
