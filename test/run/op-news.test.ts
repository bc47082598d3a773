import fc from "fast-check";
import { expect, test } from "vitest";
import { outcomeClasses, type OpOutcome, type OutcomeClass } from "../../src/history/outcomes.ts";
import { collectNews, newsTeller, type OpEnd, type OpPlace, type OpWatch } from "../../src/run/op-news.ts";

const steps = [
  { group: "planner", step: 0 },
  { group: "planner", step: 1 },
  { group: "buyer", step: 0 },
].map((at) => ({ ...at, server: "cloud", tool: "Fetch", timeoutMs: 100 }));
const phases = ["warm-up", "baseline", "fault"].map((phase) => ({ phase, role: "baseline" as const }));
const declared = { steps, phases };

type Happened =
  | { readonly is: "begun"; readonly place: OpPlace; readonly atUs: number }
  | { readonly is: "attempted"; readonly class: OutcomeClass }
  | { readonly is: "ended"; readonly place: OpPlace; readonly end: OpEnd };

const place = fc
  .record({ of: fc.constantFrom(...steps), phase: fc.constantFrom(...phases) })
  .map(({ of: { group, step }, phase: { phase } }): OpPlace => ({ group, step, phase }));
const end = fc.record({
  outcome: fc.constantFrom<OpOutcome>("ok", "failed", "unknown", "not-run"),
  atUs: fc.nat(),
  tookUs: fc.nat(),
});
const happened: fc.Arbitrary<Happened> = fc.oneof(
  fc.record({ is: fc.constant("begun" as const), place, atUs: fc.nat() }),
  fc.record({
    is: fc.constant("attempted" as const),
    class: fc.constantFrom(...(Object.keys(outcomeClasses) as OutcomeClass[])),
  }),
  fc.record({ is: fc.constant("ended" as const), place, end }),
);

function tell(watch: OpWatch, what: Happened): void {
  if (what.is === "begun") watch.begun(what.place, what.atUs);
  else if (what.is === "attempted") watch.attempted(what.class);
  else watch.ended(what.place, what.end);
}

function listener(): OpWatch & { readonly heard: Happened[] } {
  const heard: Happened[] = [];
  return {
    heard,
    begun: (at, atUs) => heard.push({ is: "begun", place: at, atUs }),
    attempted: (is) => heard.push({ is: "attempted", class: is }),
    ended: (at, how) => heard.push({ is: "ended", place: at, end: how }),
  };
}

const sorted = (all: readonly Happened[]): string[] => all.map((one) => JSON.stringify(one)).sort();

test("what is told in batches over another thread is what happened, and ends keep their order", () => {
  fc.assert(
    fc.property(fc.array(fc.array(happened, { maxLength: 12 }), { maxLength: 5 }), (batches) => {
      const news = collectNews(declared);
      const heard = listener();
      const retell = newsTeller(declared, heard);
      for (const batch of batches) {
        for (const one of batch) tell(news, one);
        const told = news.take();
        if (told !== undefined) retell(structuredClone(told));
      }
      const all = batches.flat();
      expect(sorted(heard.heard)).toEqual(sorted(all));
      const ends = (from: readonly Happened[]) => from.filter(({ is }) => is === "ended");
      expect(ends(heard.heard)).toEqual(ends(all));
      expect(news.take()).toBeUndefined();
    }),
  );
});

test("an op of no planned place is a defect of ours and says so", () => {
  expect(() => collectNews(declared).begun({ group: "nobody", step: 0, phase: "fault" }, 0)).toThrow(
    "nobody has no op in fault",
  );
});
