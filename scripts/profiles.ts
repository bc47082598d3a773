/**
 * Plays every profile on every server of the table and writes docs/profiles.md: some minutes, four runs at a time unless
 * `--jobs N` says otherwise. With `--scenario NAME` or `--profile NAME` only what they name is played again, and all else
 * stays as the page has it. The runs go to a temporary folder that is removed.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { profileNames } from "../src/agents/profiles.ts";
import { questions, servers, type Cell, type Run } from "./profiles/cells.ts";
import { cellsIn, marks, profilesPage } from "./profiles/page.ts";
import { play } from "./profiles/play.ts";

const { values } = parseArgs({
  options: { jobs: { type: "string", default: "4" }, scenario: { type: "string" }, profile: { type: "string" } },
});
const file = new URL("../docs/profiles.md", import.meta.url);
const scenarios = [...new Set(questions.map(({ scenario }) => scenario))];
const runs: readonly Run[] = scenarios
  .flatMap((scenario) => servers.flatMap((server) => profileNames.map((profile) => ({ scenario, server, profile }))))
  .filter(isWanted);
if (runs.length === 0) throw new Error("there is no such scenario or profile in the table");
const out = await mkdtemp(join(tmpdir(), "squall-profiles-"));
const cells: Cell[] = [];
const kept =
  runs.length < scenarios.length * servers.length * profileNames.length ? cellsIn(await readFile(file, "utf8")) : [];
const seeds = new Set<number>();
const left = runs.values();

function isWanted({ scenario, profile }: Run): boolean {
  return (values.scenario ?? scenario) === scenario && (values.profile ?? profile) === profile;
}

async function work(): Promise<void> {
  for (const run of left) {
    const played = await play(run, out);
    cells.push(...played.cells);
    seeds.add(played.seed);
    const said = played.cells.map(({ column, verdict }) => `${marks[verdict]} ${column}`).join(", ");
    console.log(`${run.scenario}, ${run.server}, ${run.profile}: ${said}`);
  }
}

try {
  await Promise.all(Array.from({ length: Number(values.jobs) }, work));
  const [seed, ...more] = seeds;
  if (seed === undefined || more.length > 0) throw new Error(`expected one seed, got ${[...seeds].join(", ")}`);
  const others = kept.filter((cell) => !isWanted(cell));
  await writeFile(file, profilesPage([...others, ...cells], { seed }));
} finally {
  await rm(out, { recursive: true, force: true });
}
