/** What agents were to hear of changed lists, and could not, is not covered. */
import { expect, test } from "vitest";
import type { Declared } from "../../src/history/declared.ts";
import type { SessionEvent } from "../../src/history/events.ts";
import { declared, frame, historyOf, judged, op, runStarted, type Timed } from "../literal-history.ts";

const groups = declared.groups.map((group) => ({ ...group, listens: true as const }));

function opened(agent: number, listens?: boolean): Timed {
  const event: SessionEvent = { type: "session", group: "planner", agent, server: "cloud", edge: "opened" };
  return [1, listens === undefined ? event : { ...event, listens }];
}

async function notCoveredIn(sessions: readonly Timed[], over: Partial<Declared> = { groups }) {
  const history = historyOf([runStarted("faults", over), ...frame()], sessions, op({ atMs: 100, walk: 1 }));
  const { notCovered } = await judged(history);
  return notCovered.filter(({ check }) => check.startsWith("changed lists"));
}

test("a server that offers no way to hear of changed lists is told of, and with how many sessions", async () => {
  const check = "changed lists of cloud, as planner would hear of them";
  const no = "the server offered no stream, or took no subscription, for what belongs to no answer";
  expect(await notCoveredIn([opened(0, false)])).toEqual([{ check, because: no }]);
  expect(await notCoveredIn([opened(0, false), opened(1, true)])).toEqual([
    { check, because: `in 1 of 2 sessions ${no}` },
  ]);
  expect(await notCoveredIn([opened(0)])).toEqual([
    { check, because: "the SDK does not tell whether its sessions hear of them" },
  ]);
});

test("where they could hear, or were not to, nothing is said", async () => {
  expect(await notCoveredIn([opened(0, true)])).toEqual([]);
  expect(await notCoveredIn([opened(0)], {})).toEqual([]);
});
