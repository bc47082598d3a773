import { atLeast, type Figure } from "../figure.ts";
import { startPeer } from "../lab.ts";
import { autocannonAt, compete, ratios, saidRates, squallAt, type Rate } from "../load.ts";
import { hasDirect } from "../squall.ts";

export const calls: Figure = {
  name: "calls",
  about:
    "tools/call per second with 100 connections in a closed loop on a bare server: lean wire, every op recorded on " +
    "disk, 50 calls a walk (between two walks an agent rests 1 ms), against autocannon posting the same bytes and " +
    "against the same scenario over the SDK's wire",
  bars: {
    calls: atLeast(0.4, "× autocannon"),
    "calls-sdk": atLeast(3, "× the SDK's wire"),
  },
  measure: async (lab) => {
    const { url } = await startPeer(lab, "server");
    const rates = await compete(lab, {
      counts: new URL("/counts", url),
      rounds: lab.rounds ?? 5,
      contestants: [
        autocannonAt(url, "autocannon"),
        squallAt(url, { name: "lean" }),
        squallAt(url, { name: "sdk", wire: "sdk" }),
      ],
    });
    const of = (name: string): readonly Rate[] => rates.get(name) ?? [];
    const through = hasDirect ? [] : ["through tap and proxy: this Squall has no direct link"];
    const says = [...["autocannon", "lean", "sdk"].map((name) => `${name}: ${saidRates(of(name))}`), ...through];
    return {
      calls: { values: ratios(of("lean"), of("autocannon")), says },
      "calls-sdk": { values: ratios(of("lean"), of("sdk")) },
    };
  },
};
