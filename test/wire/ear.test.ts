/** Whose progress it is: of tokens that are open, answered, given up, forgotten, another agent's and nobody's. */
import { expect, test } from "vitest";
import { Ear, endsCall, type Stray } from "../../src/wire/ear.ts";

const own = (n: number): string => `0badcafe.planner.0.${n}.0.1`;
const told = (progressToken: unknown, progress: unknown = 1) => ({
  method: "notifications/progress",
  params: { progressToken, progress },
});

function listening() {
  const strays: Stray[] = [];
  const ear = new Ear({ onListChanged: () => undefined, onStray: (stray) => strays.push(stray) });
  const heard: [string, number, boolean][] = [];
  const begin = (token: string): void =>
    ear.begin(token, { ours: token, onProgress: (value, inOrder) => heard.push([token, value, inOrder]) });
  return { ear, begin, heard, strays };
}

test("on the stream of its own answer, and in a pipe, all is in order", () => {
  const { ear, begin, heard } = listening();
  begin(own(1));
  ear.hear(told(own(1), 1), { is: "answer", token: own(1) });
  ear.hear(told(own(1), 2), { is: "answer", token: own(2) });
  ear.hear(told(own(1), 3), { is: "aside" });
  ear.hear(told(own(1), 4), { is: "pipe" });
  expect(heard.map(([, value, inOrder]) => [value, inOrder])).toEqual([
    [1, true],
    [2, false],
    [3, false],
    [4, true],
  ]);
});

test("a call that was given up is answered once its answer comes late", () => {
  const { ear, begin, strays } = listening();
  begin(own(1));
  ear.end(own(1), "left");
  ear.hear(told(own(1)), { is: "pipe" });
  ear.end(own(1), "answered");
  ear.hear(told(own(1)), { is: "pipe" });
  ear.end(own(1), "left");
  ear.hear(told(own(1)), { is: "pipe" });
  expect(strays.map(({ is }) => is)).toEqual(["left", "answered", "answered"]);
});

test("what it does not remember it holds against nobody", () => {
  const { ear, begin, strays } = listening();
  for (let n = 0; n < 5000; n += 1) {
    begin(own(n));
    ear.end(own(n), "answered");
  }
  ear.hear(told(own(0)), { is: "pipe" });
  ear.hear(told(77), { is: "pipe" });
  ear.hear(told(own(4999)), { is: "pipe" });
  expect(strays.map(({ is }) => is)).toEqual(["left", "left", "answered"]);
});

test("a token is another agent's only where it is of the same run", () => {
  const { ear, begin, strays } = listening();
  begin(own(1));
  ear.hear(told("0badcafe.planner.1.1.0.1"), { is: "pipe" });
  ear.hear(told("0badcafe.planner.0.9.0.1"), { is: "pipe" });
  ear.hear(told("deadbeef.planner.1.1.0.1"), { is: "pipe" });
  ear.hear(told("mine"), { is: "pipe" });
  ear.hear(told(own(1), Number.NaN), { is: "pipe" });
  expect(strays.map(({ is }) => is)).toEqual(["foreign", "left", "unknown", "unknown", "malformed"]);
});

test("the token of a call lives on in the task that it has become", () => {
  expect(endsCall({ result: { content: [] } })).toBe(true);
  expect(endsCall({ error: { code: 1, message: "no" } })).toBe(true);
  expect(endsCall({ result: { task: { taskId: "1" } } })).toBe(false);
  expect(endsCall({ result: { resultType: "task", taskId: "1" } })).toBe(false);
});
