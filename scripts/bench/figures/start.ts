import { join } from "node:path";
import { z } from "zod";
import { below, type Figure } from "../figure.ts";
import { cli, type Lab } from "../lab.ts";
import { short } from "../results.ts";
import { median } from "../statistics.ts";

const startsTried = 10;

export const start: Figure = {
  name: "start",
  about:
    "from the shell to the version (a bare Node that does nothing is told beside it), and what quickstart takes beyond " +
    "the phases of its plan: loading, starting servers, waiting for late effects, judging, pages",
  bars: { start: below(200, "ms"), "start-quickstart": below(3, "s") },
  measure: async (lab) => {
    const version: number[] = [];
    const bare: number[] = [];
    for (let time = 0; time < startsTried; time += 1) {
      bare.push(await tookMs(lab, ["-e", "0"]));
      version.push(await tookMs(lab, [cli, "--version"]));
    }
    lab.say(`--version ${short(median(version))} ms, a bare Node ${short(median(bare))} ms`);

    const plan = await output(lab, [cli, "run", "quickstart", "--dry-run", "--json"]);
    const { durationMs } = planSchema.parse(JSON.parse(plan));
    const rounds = lab.rounds ?? 3;
    const beyond: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const ms = await tookMs(lab, [cli, "run", "quickstart", "--quiet", "--out", join(lab.folder, "quickstart")], 1);
      beyond.push((ms - durationMs) / 1000);
      lab.say(
        `round ${round + 1} of ${rounds}: quickstart took ${short((ms - durationMs) / 1000)} s beyond its phases`,
      );
    }
    return {
      start: { values: version, says: [`a bare Node: ${short(median(bare))} ms`] },
      "start-quickstart": { values: beyond, says: [`its phases take ${durationMs / 1000} s`] },
    };
  },
};

const planSchema = z.object({ durationMs: z.number() });

async function tookMs(lab: Lab, args: readonly string[], exitsWith = 0): Promise<number> {
  const fromMs = performance.now();
  const { code, stderr } = await lab.start(args).ended;
  const ms = performance.now() - fromMs;
  if (code !== exitsWith) throw new Error(`${args.join(" ")} ended with ${code}, expected ${exitsWith}: ${stderr}`);
  return ms;
}

async function output(lab: Lab, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await lab.start(args).ended;
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}: ${stderr}`);
  return stdout;
}
