/** Changed lists among the moments of a run. */
import { expect, test } from "vitest";
import type { ListChanged } from "../../src/history/list-changes.ts";
import { declared, frame, historyOf, judged, op, runStarted, type Timed } from "../literal-history.ts";

const changed = (atMs: number, agent: number, list: ListChanged["list"], count = 1): Timed => [
  atMs,
  { type: "list-changed", group: "planner", agent, server: "cloud", list, count },
];

test("what several agents hear at once is one moment, what comes later another", async () => {
  const history = historyOf([runStarted("faults", declared), ...frame()], op({ atMs: 100, walk: 1 }), [
    changed(500, 0, "tools"),
    changed(501, 1, "tools"),
    changed(502, 0, "prompts", 3),
    changed(2600, 0, "tools"),
  ]);
  const { figures } = await judged(history);
  expect(figures.marks.map(({ says }) => says)).toEqual([
    "cloud told 2 agents that its tools have changed",
    "cloud told 1 agent that its prompts have changed, 3 times",
    "cloud told 1 agent that its tools have changed",
  ]);
});
