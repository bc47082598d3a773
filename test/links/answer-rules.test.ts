import { expect, test } from "vitest";
import { createAnswerRules } from "../../src/links/answer-rules.ts";

const get = { method: "GET", path: "/limits/7" };
const post = { method: "POST", path: "/limits" };

test("a rule without conditions takes every answer", () => {
  const rules = createAnswerRules();
  const { eater } = rules.add({ instead: "close" });
  expect([rules.take(get), rules.take(post)]).toEqual([eater, eater]);
});

test.each([
  ["method", { method: "post" }, [false, true, true, true]],
  ["path", { path: "/limits/" }, [true, false, false, false]],
  ["tool", { tool: "CreateLimitRequest" }, [false, false, true, false]],
])("a rule looks at the %s", (_what, condition, expected) => {
  const rules = createAnswerRules();
  rules.add({ instead: "close", ...condition });
  const all = [get, post, { ...post, tool: "CreateLimitRequest" }, { ...post, tool: "FetchUsageLimits" }];
  expect(all.map((asked) => rules.take(asked) !== undefined)).toEqual(expected);
});

test("a count bounds how many are taken, and what was given back does not count", () => {
  const rules = createAnswerRules();
  rules.add({ instead: "close", count: 2 });
  const taken = [rules.take(get), rules.take(get), rules.take(get)];
  expect(taken.map((eater) => eater !== undefined)).toEqual([true, true, false]);
  taken[0]?.giveBack();
  expect(rules.take(get)).toBeDefined();
  expect(rules.take(get)).toBeUndefined();
});

test("the oldest rule goes first, and the next one once that is used up or off", () => {
  const rules = createAnswerRules();
  const first = rules.add({ instead: "close", count: 1 });
  const second = rules.add({ instead: "reset" });
  expect(rules.take(get)).toBe(first.eater);
  expect(rules.take(get)).toBe(second.eater);
  second.off();
  expect(second.eater.on).toBe(false);
  expect(rules.take(get)).toBeUndefined();
});
