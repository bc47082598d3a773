/** What a tap takes for latency. */
import { expect, test } from "vitest";
import { latency } from "../../src/faults/latency.ts";

const { showsIn } = latency.prepare({ delay: "120ms", jitter: "20ms" });

test.each([
  ["an answer that waited the shortest delay", 100, 1, true],
  ["one that was noted a little late", 96, 1, true],
  ["one that waited less", 80, 1, false],
  ["one that is hardly longer than usual", 130, 90, false],
])("%s", (_, waitedMs, usualMs, shows) => {
  expect(showsIn({ is: "answered", waitedMs, usualMs })).toBe(shows);
});
