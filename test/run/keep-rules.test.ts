import { expect, test } from "vitest";
import type { Stop } from "../../src/measure/stop-rules.ts";
import { keepRules } from "../../src/run/keep-rules.ts";
import { fakeWorld } from "../fake-world.ts";

const stop: Stop = { reason: "stopped", says: "the run was stopped at 3s: it had to be" };

/** Rules that are asked by a fake clock, and answer at their third time. */
function kept(answer: () => Stop | undefined) {
  const world = fakeWorld();
  const over = new AbortController();
  const asked: number[] = [];
  const rules = {
    observePhase: () => {},
    observeBegun: () => {},
    observe: () => {},
    check: (nowUs: number): Stop | undefined => {
      asked.push(nowUs / 1e6);
      return asked.length < 3 ? undefined : answer();
    },
  };
  return { world, over, asked, ...keepRules({ rules, world, nowUs: world.nowUs, until: over.signal }) };
}

test("they are asked once a second until the run shall end, and then it is known why", async () => {
  const { world, asked, broken, stop: why, done } = kept(() => stop);
  await world.advance(2900);
  expect([asked, broken.aborted, why()]).toEqual([[1, 2], false, undefined]);
  await world.advance(5000);
  expect([asked, broken.aborted, why()]).toEqual([[1, 2, 3], true, stop]);
  await expect(done).resolves.toBeUndefined();
});

test("nobody asks a run that is over", async () => {
  const { world, over, asked, broken, done } = kept(() => stop);
  await world.advance(2500);
  over.abort();
  await world.advance(5000);
  expect([asked, broken.aborted]).toEqual([[1, 2], false]);
  await expect(done).resolves.toBeUndefined();
});

test("a rule that fails is heard", async () => {
  const { world, done } = kept(() => {
    throw new Error("a defect of ours");
  });
  const heard = expect(done).rejects.toThrow("a defect of ours");
  await world.advance(5000);
  await heard;
});
