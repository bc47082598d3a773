/** The breaker against its machine as a person would draw it, under any sequence of outcomes and times. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { composePolicy, type WrittenParts } from "../../src/agents/composition.ts";
import type { OutcomeClass } from "../../src/history/outcomes.ts";
import { seededRandom } from "../../src/world.ts";
import { openGuards } from "./simulated.ts";
import { seen } from "./seen.ts";

const random = seededRandom(42, "breaker");
const openGuard = (breaker: NonNullable<WrittenParts["breaker"]>) => openGuards(composePolicy({ breaker }));

/** Asks, and tells at once what came of it; `-` where it was held back. */
function calls(breaker: NonNullable<WrittenParts["breaker"]>, of: string, everyMs = 1): string {
  const guards = openGuard(breaker);
  return Array.from(of)
    .map((letter, index) => {
      const settle = guards.ask({ nowMs: index * everyMs, isFirst: true, random });
      settle?.(index * everyMs, seen(letter === "F" ? "timeout" : "ok"));
      return settle === undefined ? "-" : letter;
    })
    .join("");
}

describe("what opens it", () => {
  test("failures in a row, which a success breaks", () => {
    expect(calls({ failures: 3 }, "FFFSS")).toBe("FFF--");
    expect(calls({ failures: 3 }, "FFSFFSFFFS")).toBe("FFSFFSFFF-");
  });

  test("all failures, as in the article that everybody copies", () => {
    expect(calls({ failures: 3, counts: "cumulative" }, "FFSFSS")).toBe("FFSF--");
  });

  test("a share of a window, of enough attempts", () => {
    const breaker = { counts: "rate", rate: "50%", atLeast: 4, window: "1s" } as const;
    expect(calls(breaker, "FFFSS")).toBe("FFFS-");
    expect(calls(breaker, "SSSFFFS")).toBe("SSSFFF-");
    // What is older than the window counts no more.
    expect(calls(breaker, "FFFSSSSS", 900)).toBe("FFFSSSSS");
  });

  test("answers that are slow, where it says so, and errors that are the caller's own never", () => {
    const guards = openGuard({ failures: 1, slow: "100ms" });
    guards.ask({ nowMs: 0, isFirst: true, random })?.(0, seen("tool-error", { tookMs: 5 }));
    guards.ask({ nowMs: 0, isFirst: true, random })?.(0, seen("http-refusal", { status: 404 }));
    const last = guards.ask({ nowMs: 0, isFirst: true, random });
    expect(last).toBeDefined();
    last?.(0, seen("ok", { tookMs: 101 }));
    expect(guards.ask({ nowMs: 0, isFirst: true, random })).toBeUndefined();
  });
});

test("where it gates repeats, first attempts go on and decide when it closes", () => {
  const guards = openGuard({ failures: 1, gates: "repeats", openFor: "1s" });
  const ask = (nowMs: number, isFirst: boolean) => guards.ask({ nowMs, isFirst, random });
  ask(0, true)?.(0, seen("timeout"));
  expect(ask(1, false)).toBeUndefined();
  const uncounted = ask(2, true);
  expect(uncounted).toBeDefined();
  uncounted?.(2, seen("timeout"));
  expect(ask(1001, false)).toBeUndefined();
  ask(1001, true)?.(1002, seen("ok"));
  expect(ask(1003, false)).toBeDefined();
});

describe("under any sequence of outcomes and times", () => {
  const classes: readonly OutcomeClass[] = ["ok", "timeout", "reset", "tool-error", "outrun"];
  const happening = fc.record({
    afterMs: fc.integer({ min: 0, max: 700 }),
    asks: fc.boolean(),
    which: fc.nat(),
    class: fc.constantFrom(...classes),
  });

  test("it follows its machine", () => {
    const settings = fc.record({ failures: fc.integer({ min: 1, max: 4 }), probes: fc.integer({ min: 1, max: 3 }) });
    fc.assert(
      fc.property(settings, fc.array(happening, { maxLength: 300 }), ({ failures, probes }, happenings) => {
        const guards = openGuard({ failures, probes, openFor: "1s" });
        const machine = drawn({ failures, probes, openMs: 1000 });
        const underWay: { settle: (nowMs: number, is: OutcomeClass) => void; tell: (is: OutcomeClass) => void }[] = [];
        let nowMs = 0;
        for (const { afterMs, asks, which, class: is } of happenings) {
          nowMs += afterMs;
          if (asks) {
            const settle = guards.ask({ nowMs, isFirst: true, random });
            const tell = machine.ask(nowMs);
            expect(settle !== undefined).toBe(tell !== undefined);
            if (settle === undefined || tell === undefined) continue;
            const at = (): number => nowMs;
            underWay.push({ settle: (ms, of) => settle(ms, seen(of)), tell: (of) => tell(of, at()) });
          } else if (underWay.length > 0) {
            const [ends] = underWay.splice(which % underWay.length, 1);
            ends?.settle(nowMs, is);
            ends?.tell(is);
          }
        }
      }),
      { seed: 42, numRuns: 500 },
    );
  });
});

/** Closed, open, half open, with what each attempt was let through in kept beside it. */
function drawn(of: { readonly failures: number; readonly probes: number; readonly openMs: number }) {
  let is: "closed" | "open" | "half-open" = "closed";
  let turn = 0;
  let inRow = 0;
  let untilMs = 0;
  let out = 0;
  let good = 0;
  const turnTo = (next: typeof is): void => {
    is = next;
    turn += 1;
    inRow = 0;
    out = 0;
    good = 0;
  };
  const open = (nowMs: number): void => {
    turnTo("open");
    untilMs = nowMs + of.openMs;
  };
  return {
    ask: (nowMs: number): ((came: OutcomeClass, atMs: number) => void) | undefined => {
      if (is === "open" && nowMs >= untilMs) turnTo("half-open");
      if (is === "open" || (is === "half-open" && out + good >= of.probes)) return undefined;
      if (is === "half-open") out += 1;
      const mine = turn;
      return (came, atMs) => {
        if (mine !== turn) return;
        const failed = came === "timeout" || came === "reset";
        if (is === "half-open") out -= 1;
        if (came === "outrun") return;
        if (is === "half-open" && failed) open(atMs);
        else if (is === "half-open") {
          good += 1;
          if (good === of.probes) turnTo("closed");
        } else {
          inRow = failed ? inRow + 1 : 0;
          if (inRow === of.failures) open(atMs);
        }
      };
    },
  };
}
