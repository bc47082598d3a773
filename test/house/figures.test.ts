/** Every figure that the project promises is measured, and against the bar that it promises. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { figures } from "../../scripts/bench/registry.ts";

const promised = {
  calls: "≥ 0.4 × autocannon",
  "calls-sdk": "≥ 3 × the SDK's wire",
  tap: "≥ 0.6 × a plain TCP pass-through",
  sessions: "< 1536 MB",
  truth: "≤ 1 of 1 ms + 5 %",
  "engine-ping": "≤ 1.15 × the real server's p50 of a round trip",
  "engine-bulk": "≥ 1 × the real server's MB/s",
  omission: "≥ 600 ms",
  judge: "< 90 s",
  soak: "the 95 % interval reaches down to ≤ 1 MB per million calls",
  start: "< 200 ms",
  quickstart: "< 3 s",
  install: "< 80 MB",
};

const bars = figures.flatMap(({ bars }) => Object.entries(bars));

test("each has its bar", () => {
  expect(Object.fromEntries(bars.map(([name, { says }]) => [name, says]))).toEqual(promised);
});

test("no two have the same name", () => {
  expect(new Set(bars.map(([name]) => name)).size).toBe(bars.length);
  expect(new Set(figures.map(({ name }) => name)).size).toBe(figures.length);
});

test("no bar holds for what is no number", () => {
  expect(bars.filter(([, bar]) => bar.holds(Number.NaN)).map(([name]) => name)).toEqual([]);
});

test("docs/bench.md tells how each is measured", () => {
  const text = readFileSync(new URL("../../docs/bench.md", import.meta.url), "utf8");
  expect(figures.filter(({ name }) => !text.includes(`\`${name}\``)).map(({ name }) => name)).toEqual([]);
});
