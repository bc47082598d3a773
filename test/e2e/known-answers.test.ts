/** Answers that are known from theory or from what others have published: they come out, and a wrong policy does not pass. */
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isFull, rounds } from "../rounds.ts";
import { squall, temporaryFolder } from "./squall.ts";

const root = join(import.meta.dirname, "../..");
const folder = join(root, "scenarios/known-answers");
const known = (name: string): string => join(folder, `${name}.yaml`);

/** Inconclusive is no answer: on a machine that is too busy to tell, it is asked again. */
async function exitOf(file: string, ...sets: readonly string[]): Promise<number | null> {
  await using home = await temporaryFolder();
  const changes = sets.flatMap((set) => ["--set", set]);
  const run = async (left: number): Promise<number | null> => {
    const { code } = await squall(["run", file, "--quiet", ...changes], { cwd: home.path });
    return code === 2 && left > 1 ? run(left - 1) : code;
  };
  const code = await run(3);
  return code;
}

const minutes = 60_000;

describe("in short", () => {
  test("a breaker opens when it should", { timeout: 3 * minutes }, async () => {
    expect(await exitOf(known("breaker-counts"))).toBe(0);
  });

  const layers = `name: layers
upstreams: { cloud-api: { fixture: cloud-api } }
servers:
  cloud: { fixture: cloud, defects: [eager-retry], upstreams: { CLOUD_API_URL: cloud-api } }
  broker: { fixture: broker, env: { ATTEMPTS: "4" }, upstreams: { SERVER_URL: cloud } }
agents:
  usual:
    arrivals: { count: 1, for: 800ms, thinkTime: 50ms }
    chain: [{ call: broker.Relay, args: { tool: FetchResources } }]
  caller:
    policy: { timeout: 30s, retry: { attempts: 4, retryOn: [tool-error] } }
    arrivals: { count: 1, iterations: 1, start: 1500ms }
    chain: [{ call: broker.Relay, args: { tool: FetchResources } }]
phases:
  - baseline: 1s
  - { fault: 6s, name: down }
faults: [{ link: cloud->cloud-api, kind: http-status, status: 503 }]
checks: [duplicate-effects]
thresholds:
  - requests(broker->cloud, down) = 16
  - requests(cloud->cloud-api, down) = 64
`;

  test("three layers of four tries make one call into 64", { timeout: 3 * minutes }, async () => {
    await using home = await temporaryFolder();
    const file = join(home.path, "layers.yaml");
    await writeFile(file, layers);
    expect(await exitOf(file)).toBe(0);
  });
});

const names = readdirSync(folder).map((file) => file.replace(/\.yaml$/, ""));

describe.runIf(isFull)("as published", () => {
  test.each(names.filter((name) => name !== "breaker-counts"))("%s", { timeout: 8 * minutes }, async (name) => {
    expect(await exitOf(known(name))).toBe(0);
  });
});

describe.runIf(isFull)("what is wrong in a policy is found", () => {
  const bugs = [
    [
      "breaker-counts",
      "counts all failures, as in popular articles",
      "agents.in-a-row.policy.breaker.counts=cumulative",
    ],
    ["retry-strategies", "has a bucket that is never empty", "agents.bucket-half.policy.retryTokens.capacity=100000"],
    ["jitter", "leaves jitter out", "agents.full.policy.retry.jitter=none"],
    ["half-open", "lets everybody through when the window is over", "agents.one-probe.policy.breaker.probes=100"],
  ] as const;
  const longer = [
    ["metastable", "ignores its budget", "agents.within-budget.policy.retryTokens.capacity=100000"],
    ["amplification", "tries less often than it says", 'servers.broker.env.ATTEMPTS="3"'],
  ] as const;
  test.each(rounds<readonly (readonly [string, string, string])[]>(bugs, [], [...bugs, ...longer]))(
    "%s, where it %s",
    { timeout: 8 * minutes },
    async (name, _, set) => {
      expect(await exitOf(known(name), set)).toBe(1);
    },
  );
});

test("docs/known-answers.md has every answer, as it is expected", () => {
  const page = readFileSync(join(root, "docs/known-answers.md"), "utf8");
  for (const name of names) {
    expect(page).toContain(`\n## ${name}\n`);
    const [, thresholds = ""] = readFileSync(known(name), "utf8").split("\nthresholds:\n");
    const expected = [...thresholds.matchAll(/^ {2}- (.* = .*)$/gm)].map(([, text = ""]) => text);
    for (const text of expected) expect(page).toContain(`✓ ${text}  `);
  }
});
