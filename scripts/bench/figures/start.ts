import { join } from "node:path";
import { z } from "zod";
import { below, type Figure } from "../figure.ts";
import { cli, type Lab } from "../lab.ts";
import { short } from "../results.ts";
import { median } from "../statistics.ts";

export const start: Figure = {
  name: "start",
  about: "from the command line to the version, ten times, in turn with a bare Node that does nothing",
  bars: { start: below(200, "ms") },
  measure: async (lab) => {
    const version: number[] = [];
    const bare: number[] = [];
    for (let round = 0; round < (lab.rounds ?? 10); round += 1) {
      await lab.quiet();
      bare.push(await tookMs(lab, ["-e", "0"], [0]));
      version.push(await tookMs(lab, [cli, "--version"], [0]));
    }
    return { start: { values: version, says: [`a bare Node: ${short(median(bare))} ms`] } };
  },
};

export const quickstart: Figure = {
  name: "quickstart",
  about:
    "what quickstart takes beyond the phases of its plan: loading, starting servers, waiting for late effects, " +
    "closing, judging, pages",
  bars: { quickstart: below(3, "s") },
  measure: async (lab) => {
    const asked = await lab.start([cli, "run", "quickstart", "--dry-run", "--json"]).ended;
    const { durationMs } = planSchema.parse(JSON.parse(asked.stdout));
    const rounds = lab.rounds ?? 3;
    const beyond: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      await lab.quiet();
      // Its server has defects, and that is what it says.
      const ms = await tookMs(lab, [cli, "run", "quickstart", "--quiet", "--out", join(lab.folder, "reports")], [1, 2]);
      const seconds = (ms - durationMs) / 1000;
      beyond.push(seconds);
      lab.say(`round ${round + 1} of ${rounds}: ${short(seconds)} s beyond its phases`);
    }
    return { quickstart: { values: beyond, says: [`its phases take ${durationMs / 1000} s`] } };
  },
};

const planSchema = z.object({ durationMs: z.number() });

async function tookMs(lab: Lab, args: readonly string[], codes: readonly number[]): Promise<number> {
  const fromMs = performance.now();
  const { code, stderr } = await lab.start(args).ended;
  const ms = performance.now() - fromMs;
  if (code === null || !codes.includes(code)) {
    throw new Error(`${args.join(" ")} ended with ${code}, expected ${codes.join(" or ")}: ${stderr.trim()}`);
  }
  return ms;
}
