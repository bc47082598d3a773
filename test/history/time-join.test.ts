import fc from "fast-check";
import { expect, test } from "vitest";
import { joinByTime, type Call } from "../../src/history/time-join.ts";

interface Under extends Call {
  readonly name: number;
  inDoubt: boolean;
}

/** What happens next, so much later: a call begins, one of those under way ends, or a request ends that began before. */
const steps = fc.array(
  fc.record({
    afterUs: fc.nat(4),
    is: fc.constantFrom("begins", "ends", "asks"),
    server: fc.constantFrom("cloud", "shop"),
    which: fc.nat(9),
    lastedUs: fc.nat(25),
  }),
  { maxLength: 80 },
);

test("who was under way is found as if each call were looked at", () => {
  fc.assert(
    fc.property(steps, (steps) => {
      const calls = joinByTime<Under>();
      const all: Under[] = [];
      let nowUs = 0;
      for (const { afterUs, is, server, which, lastedUs } of steps) {
        nowUs += afterUs;
        const open = all.filter((call) => call.server === server && call.endedUs === Number.POSITIVE_INFINITY);
        if (is === "begins") {
          const endedUs = Number.POSITIVE_INFINITY;
          const call: Under = { name: all.length, server, startedUs: nowUs, endedUs, turn: 0, inDoubt: false };
          all.push(call);
          calls.began(call);
        } else if (is === "ends") {
          const call = open[which % Math.max(1, open.length)];
          if (call === undefined) continue;
          call.endedUs = nowUs;
          calls.ended(call);
        } else {
          const fromUs = nowUs - lastedUs;
          const under = all.filter((call) => call.server === server && call.endedUs >= fromUs);
          expect(calls.whose(server, fromUs)).toBe(under.length > 1 ? "several" : under[0]);
          if (under.length > 1) for (const call of under) call.inDoubt = true;
        }
        for (const call of all) expect(calls.isInDoubt(call), `${call.name}`).toBe(call.inDoubt);
        // Whoever is under way must still be found when all before it is forgotten.
        calls.forgetBefore(Math.min(...all.map(({ turn }) => turn), Number.POSITIVE_INFINITY));
      }
    }),
    { seed: 42, numRuns: 500 },
  );
});

test("a call whose end nobody will tell leaves all later ones in doubt", () => {
  const calls = joinByTime<Call>();
  const call = (): Call => ({ server: "cloud", startedUs: 0, endedUs: Number.POSITIVE_INFINITY, turn: 0 });
  const lost = call();
  calls.began(lost);
  calls.lost(lost);
  const later = call();
  calls.began(later);
  expect(calls.whose("cloud", 5)).toBe("several");
  expect(calls.isInDoubt(later)).toBe(true);
});
