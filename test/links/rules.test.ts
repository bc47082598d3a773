import { expect, test } from "vitest";
import type { Rule } from "../../src/faults/handles.ts";
import { createRules, type Rules, type Work } from "../../src/links/rules.ts";
import { seededRandom } from "../../src/world.ts";
import { certain, losing } from "./rig.ts";

const get = { method: "GET", path: "/limits/7" };
const post = { method: "POST", path: "/limits" };
const call = { ...post, rpc: "tools/call" };
const toAnswer: Rule = { deed: { does: "answer-request", make: () => ({ holds: "nothing", body: "" }) } };

const take = (rules: Rules, asked: Parameters<Rules["take"]>[0]): Work | undefined => rules.take(asked, { held: true });

test("a rule without conditions takes every answer", () => {
  const rules = createRules();
  const { work } = rules.add(losing({ instead: "close" }), certain);
  expect([take(rules, get), take(rules, post)]).toEqual([work, work]);
});

test.each([
  ["method", { method: "post" }, [false, true, true, true, false]],
  ["path", { path: "/limits/" }, [true, false, false, false, false]],
  ["tool", { tool: "CreateLimitRequest" }, [false, false, true, false, false]],
  ["JSON-RPC method", { rpc: "tools/list" }, [true, true, false, false, true]],
  ["JSON-RPC method, of which calls are meant", {}, [true, true, true, true, false]],
])("a rule looks at the %s", (_what, condition, expected) => {
  const rules = createRules();
  rules.add(losing({ instead: "close", ...condition }), certain);
  const all = [
    get,
    post,
    { ...call, tool: "CreateLimitRequest" },
    { ...call, tool: "FetchUsageLimits" },
    { ...call, rpc: "tools/list" },
  ];
  expect(all.map((asked) => take(rules, asked) !== undefined)).toEqual(expected);
});

test("a count bounds how many are taken, and what was given back does not count", () => {
  const rules = createRules();
  rules.add(losing({ instead: "close", count: 2 }), certain);
  const taken = [take(rules, get), take(rules, get), take(rules, get)];
  expect(taken.map((work) => work !== undefined)).toEqual([true, true, false]);
  taken[0]?.giveBack();
  expect(take(rules, get)).toBeDefined();
  expect(take(rules, get)).toBeUndefined();
});

test("those before `after` are let be, and only such as the rule is for are counted", () => {
  const rules = createRules();
  rules.add(losing({ instead: "close", path: "/limits/", after: 2, count: 1 }), certain);
  const asked = [get, post, get, post, get, get];
  expect(asked.map((one) => take(rules, one) !== undefined)).toEqual([false, false, false, false, true, false]);
});

test("a probability takes its share, and the same ones each time that chance is the same", () => {
  const takenBy = (seed: number): boolean[] => {
    const rules = createRules();
    const random = seededRandom(seed);
    rules.add(losing({ instead: "close", probability: 0.3 }), () => random.next());
    return Array.from({ length: 400 }, () => take(rules, get) !== undefined);
  };
  expect(takenBy(7)).toEqual(takenBy(7));
  expect(takenBy(7)).not.toEqual(takenBy(8));
  const share = takenBy(7).filter(Boolean).length / 400;
  expect(share).toBeGreaterThan(0.2);
  expect(share).toBeLessThan(0.4);
});

test("what is not held can be answered otherwise, and no more", () => {
  const rules = createRules();
  const first = rules.add(toAnswer, certain);
  const second = rules.add(losing({ instead: "close" }), certain);
  expect(rules.take(get, { held: false })).toBe(second.work);
  expect(rules.take(get, { held: true })).toBe(first.work);
  expect(rules.holdRequests).toBe(true);
  first.off();
  first.off();
  expect(rules.holdRequests).toBe(false);
  expect(rules.any).toBe(true);
});

test("the oldest rule goes first, and the next one once that is used up or off", () => {
  const rules = createRules();
  const first = rules.add(losing({ instead: "close", count: 1 }), certain);
  const second = rules.add(losing({ instead: "reset" }), certain);
  expect(take(rules, get)).toBe(first.work);
  expect(take(rules, get)).toBe(second.work);
  second.off();
  expect(second.work.on).toBe(false);
  expect(take(rules, get)).toBeUndefined();
});
