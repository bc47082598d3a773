/** What sessions hear unasked, as the history has it: never more than a person could read. */
import { expect, test } from "vitest";
import type { Unstamped } from "../../src/history/events.ts";
import { openHearings } from "../../src/run/hearing.ts";
import type { Stray } from "../../src/wire/ear.ts";

function hearing() {
  const events: Unstamped[] = [];
  const clock = { us: 0 };
  const hearings = openHearings({
    recorder: {
      record: (event) => {
        events.push(event);
        return { id: `w:${events.length}`, atUs: clock.us };
      },
      nowUs: () => clock.us,
    },
    group: "planner",
    agent: 3,
  });
  return { events, clock, hearings };
}

const place = { group: "planner", agent: 3, server: "cloud" };
const stray = (more: Partial<Stray> = {}): Stray => ({
  is: "answered",
  inOrder: true,
  ours: "0bad.planner.3.1.0.2",
  ...more,
});

test("a list that changes is told at once, and in a flood as counts, none of them lost", () => {
  const { events, clock, hearings } = hearing();
  const hears = hearings.begin("cloud");
  hears.onListChanged("tools");
  expect(events).toEqual([{ type: "list-changed", ...place, list: "tools", count: 1 }]);
  for (; clock.us < 1_000_000; clock.us += 100) hears.onListChanged("tools");
  hears.onListChanged("prompts");
  hearings.end();
  expect(events.length).toBeLessThanOrEqual(13);
  const counts = events.map((event) => (event.type === "list-changed" && event.list === "tools" ? event.count : 0));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(10_001);
  expect(hearings.changesOf("cloud", "tools")).toBe(10_001);
  expect(hearings.changesOf("cloud", "prompts")).toBe(1);
  expect(hearings.changesOf("other", "tools")).toBe(0);
});

test("a new session is counted anew, and what the one before had only counted is written down", () => {
  const { events, hearings } = hearing();
  const first = hearings.begin("cloud");
  first.onListChanged("tools");
  first.onListChanged("tools");
  hearings.begin("cloud");
  expect(hearings.changesOf("cloud", "tools")).toBe(0);
  expect(events).toMatchObject([{ count: 1 }, { count: 1 }]);
});

test("progress that nobody waits for says whose it was, once, and how often in the end", () => {
  const { events, hearings } = hearing();
  const hears = hearings.begin("cloud");
  for (let n = 0; n < 500; n += 1) hears.onStray(stray());
  expect(events).toEqual([
    { type: "stray-progress", ...place, is: "answered", op: "0bad.planner.3.1.0", attempt: 2, inOrder: true, count: 1 },
  ]);
  hearings.end();
  hearings.end();
  expect(events.slice(1)).toMatchObject([{ count: 499, op: "0bad.planner.3.1.0" }]);
});

test("a server that makes up tokens without end fills no history", () => {
  const { events, hearings } = hearing();
  const hears = hearings.begin("cloud");
  for (let n = 0; n < 20_000; n += 1) hears.onStray(stray({ is: "foreign", ours: `0bad.planner.9.${n}.0.1` }));
  hearings.end();
  expect(events.length).toBeLessThan(250);
  const counted = events.reduce((sum, event) => sum + (event.type === "stray-progress" ? event.count : 0), 0);
  expect(counted).toBe(20_000);
});
