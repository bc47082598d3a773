import { existsSync } from "node:fs";
import { z } from "zod";
import { below, type Figure } from "../figure.ts";
import { short } from "../results.ts";

// 10 million events may take so many times what 1 million take.
const linearityMost = 12;
const maxRssMost = 512;

const millions = new URL("../judge.ts", import.meta.url);
const judging = z.object({
  judgeMillions: z.custom<() => Promise<unknown>>((value) => typeof value === "function"),
});
const judgedSchema = z.object({ seconds: z.number(), maxRssMB: z.number(), linearity: z.number() });

export const judge: Figure = {
  name: "judge",
  about:
    "10 million events judged by all checks, in a process of its own: seconds, with less than 512 MB, and ten times " +
    `the events in at most ${linearityMost} times the time`,
  bars: { judge: below(90, "s") },
  measure: async (lab) => {
    if (!existsSync(millions)) throw new Error("not measurable: scripts/bench/judge.ts is not there");
    const { judgeMillions } = judging.parse(await import(millions.href));
    lab.say("judging 10 million events");
    const { seconds, maxRssMB, linearity } = judgedSchema.parse(await judgeMillions());
    return {
      judge: {
        values: [seconds],
        wrong: [
          ...(maxRssMB < maxRssMost ? [] : [`it took ${short(maxRssMB)} MB, of less than ${maxRssMost}`]),
          ...(linearity <= linearityMost ? [] : [`ten times the events took ${short(linearity)} times as long`]),
        ],
        says: [`${short(maxRssMB)} MB; ten times the events took ${short(linearity)} times as long`],
      },
    };
  },
};
