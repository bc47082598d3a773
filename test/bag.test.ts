import { execFile } from "node:child_process";
import { promisify } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Bag, type Place } from "../src/bag.ts";

const deed = fc.oneof(
  { weight: 5, arbitrary: fc.record({ does: fc.constant("add" as const), item: fc.nat(3) }) },
  { weight: 5, arbitrary: fc.record({ does: fc.constant("delete" as const), nth: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("empty" as const) }) },
);

const sorted = (items: readonly number[]): number[] => items.toSorted((a, b) => a - b);

test("it holds what was added and not deleted, whatever the order, and a place given up twice is given up once", () => {
  fc.assert(
    fc.property(fc.array(deed, { maxLength: 60 }), (deeds) => {
      const bag = new Bag<number>();
      const given: Place<number>[] = [];
      const held = new Set<Place<number>>();
      const items = (): number[] => sorted([...held].map(({ item }) => item));
      for (const step of deeds) {
        if (step.does === "add") {
          const place = bag.add(step.item);
          given.push(place);
          held.add(place);
        } else if (step.does === "delete") {
          const place = given[step.nth % Math.max(1, given.length)];
          if (place === undefined) continue;
          bag.delete(place);
          held.delete(place);
        } else {
          expect(sorted(bag.empty())).toEqual(items());
          held.clear();
        }
        expect(bag.size).toBe(held.size);
        expect(sorted([...bag])).toEqual(items());
      }
    }),
  );
});

test("who walks through it sees all that were in it, though they leave meanwhile", () => {
  const bag = new Bag<string>();
  const places = ["a", "b", "c"].map((item) => bag.add(item));
  const seen: string[] = [];
  for (const item of bag) {
    for (const place of places) bag.delete(place);
    bag.add("late");
    seen.push(item);
  }
  expect(seen).toEqual(["a", "b", "c"]);
});

// The heap of a test's own process is everybody's.
const churning = `
import { Bag } from ${JSON.stringify(new URL("../src/bag.ts", import.meta.url).href)};
import { getHeapSpaceStatistics } from "node:v8";
const kinds = {
  bag: () => { const bag = new Bag(); return [(item) => bag.add(item), (place) => bag.delete(place)]; },
  set: () => { const set = new Set(); return [(item) => (set.add(item), item), (item) => set.delete(item)]; },
};
const [add, remove] = kinds[process.argv[1]]();
const oldBytes = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === "old_space").space_used_size;
const underWay = [];
const churn = (times) => {
  let most = 0;
  for (let time = 0; time < times; time += 1) {
    underWay.push(add({ number: time, body: new Array(20).fill(time) }));
    if (underWay.length > 50) remove(underWay.shift());
    if (time % 1000 === 0) most = Math.max(most, oldBytes());
  }
  return most;
};
churn(50_000);
gc();
const before = oldBytes();
process.stdout.write(String((churn(300_000) - before) / 1e6));
`;

async function grownMb(kind: "bag" | "set"): Promise<number> {
  const args = ["--expose-gc", "--input-type=module", "--eval", churning, kind];
  return Number((await promisify(execFile)(process.execPath, args)).stdout);
}

test("what comes and goes is not kept from being collected young, as a Set keeps it", { timeout: 60_000 }, async () => {
  expect(await grownMb("bag")).toBeLessThan(4);
  expect(await grownMb("set")).toBeGreaterThan(8);
});
