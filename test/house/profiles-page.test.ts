/** docs/profiles.md as it was written; whether it is true, test/e2e/profiles.test.ts asks. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { cellsOf, questions, servers, type Cell } from "../../scripts/profiles/cells.ts";
import { cellsIn, profilesPage } from "../../scripts/profiles/page.ts";
import { profileNames } from "../../src/agents/profiles.ts";

const page = readFileSync(new URL("../../docs/profiles.md", import.meta.url), "utf8");

test("docs/profiles.md has a verdict for every profile, server and question; if not: npm run profiles", () => {
  const told = cellsIn(page);
  const wanted = servers.flatMap((server) =>
    profileNames.flatMap((profile) => questions.map(({ column }) => `${server}, ${profile}, ${column}`)),
  );
  expect(told.map(({ server, profile, column }) => `${server}, ${profile}, ${column}`)).toEqual(wanted);
  expect(profilesPage(told, { seed: 42 })).toBe(page);
});

test("a reason why is kept with the cells that it is for", () => {
  const cells = cellsIn(page).map((cell, n): Cell => {
    const { because: _, ...plain } = cell;
    return n % 3 === 0
      ? { ...plain, verdict: "unknown", because: `only ${n % 2} (of 3), it seems` }
      : { ...plain, verdict: "pass" };
  });
  const read = cellsIn(profilesPage(cells, { seed: 1 }));
  expect(read.filter(({ because }) => because !== undefined)).toEqual(
    cells.filter(({ because }) => because !== undefined),
  );
});

test("a run that does not answer its questions is no row", () => {
  const run = { scenario: "lost-reply", server: "honest", profile: "careful" } as const;
  expect(() => cellsOf(run, { checks: [], thresholds: [], gaps: [] })).toThrow(/nothing that answers/);
});
