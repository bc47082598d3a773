/** Faults on processes, from the history to what people read of them. */
import { expect, test } from "vitest";
import type { HistoryEvent } from "../../src/history/events.ts";
import { openSpans } from "../../src/measure/spans.ts";
import { laneKey, lanesOf } from "../../src/reporters/html/lanes.ts";
import { textOf } from "../../src/reporters/markup.ts";
import { historyOf, type Timed } from "../literal-history.ts";

const second = 1000;
const fault = { type: "fault", fault: "crash.0", kind: "kill", server: "cloud", window: 0 } as const;
const target = { type: "target", target: "cloud", role: "server" } as const;

const told: readonly Timed[] = [
  [second, { ...fault, edge: "requested" }],
  [second + 20, { ...target, edge: "killed", signal: "SIGKILL" }],
  [2 * second, { ...fault, edge: "healed", form: "start-again" }],
  [3 * second, { ...target, edge: "unready", pid: 7 }],
  [4 * second, { ...target, edge: "ready", pid: 7 }],
];

const spansOf = (events: readonly HistoryEvent[]) => {
  const spans = openSpans();
  for (const event of events) spans.on(event);
  return spans.end(5_000_000);
};

test("the figures keep whose processes it broke, and what became of them", () => {
  const { faults, marks } = spansOf(historyOf(told));
  expect(faults).toEqual([
    {
      fault: "crash.0",
      kind: "kill",
      server: "cloud",
      window: 0,
      requestedUs: 1_000_000,
      healedUs: 2_000_000,
      form: "start-again",
      control: false,
    },
  ]);
  expect(marks.map(({ says }) => says)).toEqual([
    "the server cloud was killed by a fault",
    "the server cloud was started again and does not answer",
    "the server cloud is ready again",
  ]);
});

test("a replica is called by its own name, a process over stdio by its agent", () => {
  const killed = (instance: string): Timed => [second, { ...target, instance, edge: "killed", signal: "SIGKILL" }];
  const { marks } = spansOf(historyOf([killed("cloud.1"), killed("planner.0")]));
  expect(marks.map(({ says }) => says)).toEqual([
    "the server cloud.1 was killed by a fault",
    "the server cloud of planner.0 was killed by a fault",
  ]);
});

test("the report names the server, and no tap where there is none", () => {
  const { faults } = spansOf(historyOf(told));
  const key = textOf(laneKey(lanesOf({ faults, endUs: 5_000_000 })));
  expect(key).toContain("server cloud");
  expect(key).toContain("nothing showed it");
  const onLink = faults.map(({ fault, kind, window, requestedUs, control }) => {
    return { fault, kind, window, requestedUs, control, link: "cloud->cloud-api" };
  });
  expect(textOf(laneKey(lanesOf({ faults: onLink, endUs: 5_000_000 })))).toContain("nothing at the tap showed it");
});
