/** What the lists of tools cost agents, in figures and in words. */
import { expect, test } from "vitest";
import { listedSaid } from "../../src/reporters/listed-words.ts";
import { frame, historyOf, runStarted, type Timed } from "../literal-history.ts";
import { measuredOf } from "./measured.ts";

const place = { group: "planner", agent: 0, server: "cloud" } as const;
const opened = (atMs: number): Timed => [atMs, { type: "session", ...place, edge: "opened" }];
const listed = (atMs: number, count: number, bytes: number): Timed => [
  atMs,
  { type: "discovered", ...place, why: "up-front", startedUs: atMs * 1000, count, bytes, digest: "d" },
];
const failed: Timed = [
  40,
  { type: "discovered", ...place, why: "refused", startedUs: 1, count: 0, bytes: 0, digest: "", failed: "no answer" },
];

test("listings are counted by group and server, with their bytes; tokens are said to be an estimate", () => {
  const history = historyOf(
    runStarted(),
    frame(),
    opened(10),
    listed(20, 40, 8000),
    opened(30),
    listed(35, 41, 8200),
    failed,
  );
  const { figures } = measuredOf(history);
  expect(figures.listings).toEqual([
    {
      group: "planner",
      server: "cloud",
      sessions: 2,
      listings: 2,
      failed: 1,
      tools: 41,
      bytesMost: 8200,
      bytes: 16_200,
    },
  ]);
  expect(listedSaid(figures)).toEqual([
    "planner@cloud: 41 tools, 8,200 bytes, about 2,050 tokens (bytes / 4); 2 listings in 2 sessions, 8,100 bytes a session; 1 more failed",
  ]);
});

test("where no policy lists anything there is nothing to tell", () => {
  const { figures } = measuredOf(historyOf(runStarted(), frame(), opened(10)));
  expect(figures.listings).toBeUndefined();
  expect(listedSaid(figures)).toEqual([]);
});
