/** What --dry-run tells of a chain: turns, what runs at once, and what stands in for what. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { chainInWords } from "../../src/commands/chain-in-words.ts";
import { loadScenario } from "../../src/scenario/load.ts";
import { fixtures } from "../../src/targets/fixtures.ts";
import { temporaryFolder } from "../temporary-folder.ts";

async function groupOf(chain: string) {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "s.yaml");
  await writeFile(
    file,
    `name: chain
servers: { docs: { fixture: relay }, spare: { fixture: relay } }
agents:
  reader:
    ${chain}
phases: [{ baseline: 5s }]
`,
  );
  const entryUrl = new URL("../../src/index.ts", import.meta.url);
  const { scenario } = await loadScenario({
    file,
    named: "s.yaml",
    sets: [],
    allowHosts: [],
    env: {},
    fixtures,
    entryUrl,
  });
  return scenario.groups[0]!;
}

test.each([
  [
    "steps one after another, by their names",
    "chain: [{ call: docs.Pass, args: { walk: a, ticket: b } }, { list: docs }, { task: docs.Pass }]",
    ["docs.Pass", "docs tools/list", "docs.Pass as a task"],
  ],
  [
    "steps at once, and what stands in for one",
    `chain:
      - parallel:
          - { call: docs.Pass, otherwise: { call: spare.Pass } }
          - { read: docs, uri: "relay://rules", save: { first: "$.first" }, otherwise: { values: { first: start } } }
      - { read: docs, uri: "relay://rules", save: { first: "$.first" }, otherwise: { cached: true } }`,
    [
      "at once: docs.Pass, or else spare.Pass; docs resources/read relay://rules, or else first from the scenario",
      "docs resources/read relay://rules, or else what it gave last",
    ],
  ],
  [
    "turns that are all the same once, with the pauses between",
    `turns: 3
    pause: { least: 1s, most: 3s }
    chain: [{ call: docs.Pass }, { pause: 500ms }, { call: spare.Pass }]`,
    ["3 times, 1s to 3s between:", "docs.Pass", "then after 500ms, in another turn", "spare.Pass"],
  ],
  [
    "turns whose pauses are not said",
    "turns: 2\n    chain: [{ call: docs.Pass }]",
    ["2 times, 0ms between:", "docs.Pass"],
  ],
  [
    "a chain that is long in part",
    `chain: [${Array.from({ length: 15 }, () => "{ call: docs.Pass }").join(", ")}]`,
    [...Array.from({ length: 12 }, () => "docs.Pass"), "… 3 more"],
  ],
])("tells %s", async (_, chain, words) => {
  expect(chainInWords(await groupOf(chain))).toEqual(words);
});
