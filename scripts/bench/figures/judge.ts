import { below, type Figure } from "../figure.ts";
import { judgeMillions } from "../judge.ts";
import { short } from "../results.ts";

// 10 million events may take so many times what 1 million take.
const linearityMost = 12;
const maxRssMost = 512;

export const judge: Figure = {
  name: "judge",
  about:
    "10 million events judged by all checks, in a process of its own: seconds of judging, with less than 512 MB, and ten times " +
    `the events in at most ${linearityMost} times the time`,
  bars: { judge: below(90, "s") },
  measure: async (lab) => {
    lab.say("judging 10 million events");
    const { seconds, maxRssMB, linearity } = await judgeMillions();
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
