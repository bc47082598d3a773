/** docs/profiles.md says what runs come to: a few cells of its table; in CI those of broken servers, by hand all of them. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { profileNames } from "../../src/agents/profiles.ts";
import { questions, servers, type Cell, type Run } from "../../scripts/profiles/cells.ts";
import { cellsIn } from "../../scripts/profiles/page.ts";
import { play } from "../../scripts/profiles/play.ts";
import { eachOf, rounds, temporaryFolder } from "./squall.ts";

const told = cellsIn(readFileSync(new URL("../../docs/profiles.md", import.meta.url), "utf8"));

const few: readonly Run[] = [
  { scenario: "lost-reply", server: "broken", profile: "reconnect-once" },
  { scenario: "lost-reply", server: "honest", profile: "reconnect-once" },
  { scenario: "flapping", server: "broken", profile: "naive-3" },
  { scenario: "restart", server: "broken", profile: "sdk-60s" },
];

const scenarios = [...new Set(questions.map(({ scenario }) => scenario))];
const on = (of: (typeof servers)[number]): readonly Run[] =>
  scenarios.flatMap((scenario) => profileNames.map((profile) => ({ scenario, server: of, profile })));

const runs = rounds(on("broken"), few, servers.flatMap(on));

describe(`${runs.length} of ${servers.flatMap(on).length} runs (SQUALL_ROUNDS=full or long for more)`, () => {
  test("come to what docs/profiles.md says of them; if not: npm run profiles", { timeout: 1_800_000 }, async () => {
    await using folder = await temporaryFolder();
    const played = await eachOf(runs, 3, async (run) => ({ run, ...(await play(run, folder.path)) }));
    // A machine that is too busy to load anything tells nothing of the server.
    const judged = played.filter(({ gaps }) => gaps.length === 0);
    for (const { run, cells } of judged) {
      expect.soft(cells.map(verdictOf)).toEqual(told.filter((cell) => isOf(run, cell)).map(verdictOf));
    }
    expect(judged.length, JSON.stringify(played.map(({ gaps }) => gaps))).toBeGreaterThan(runs.length / 2);
  });
});

function isOf(run: Run, { scenario, server, profile }: Run): boolean {
  return run.scenario === scenario && run.server === server && run.profile === profile;
}

function verdictOf({ server, profile, column, verdict }: Cell): string {
  return `${profile}, ${server}, ${column}: ${verdict}`;
}
