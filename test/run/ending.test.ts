/** What an error means for the end of a run. */
import { expect, test } from "vitest";
import { exitCodes, UnhealedError, UserError } from "../../src/errors.ts";
import { endedBy } from "../../src/run/ending.ts";

const signal = undefined;
const lostEngine = new UserError("the engine is lost", { exitCode: exitCodes.inconclusive });

test.each([
  ["a defect of ours", new Error("oh"), { signal, lostEngine: undefined }, "broken", true],
  ["our own engine's end", new Error("oh"), { signal, lostEngine: new Error("its thread died") }, "broken", true],
  [
    "a target that is not there",
    new UserError("no", { exitCode: 75 }),
    { signal, lostEngine: undefined },
    "unreachable",
    true,
  ],
  ["whatever fails once an engine of others is lost", new Error("oh"), { signal, lostEngine }, "engine-lost", false],
  ["a signal, whatever fails with it", new Error("oh"), { signal: "interrupted", lostEngine }, "interrupted", false],
  ["a fault that is still on, whatever else", new UnhealedError("still on"), { signal, lostEngine }, "broken", true],
] as const)("%s", (_, error, how, reason, isThrown) => {
  expect(endedBy(error, how)).toMatchObject({ ended: { type: "run-ended", reason }, isThrown });
});
