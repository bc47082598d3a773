/** Who asks for progress, how long that may keep it waiting, and who listens; the mistakes are in bad/progress.txt. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Declared } from "../../src/history/declared.ts";
import { planScenario } from "../../src/plan/plan.ts";
import { loadScenario } from "../../src/scenario/load.ts";
import { fixtures } from "../../src/targets/fixtures.ts";

async function declaredOf(group: object): Promise<Declared> {
  const home = await mkdtemp(join(tmpdir(), "squall-progress-"));
  const servers = { relay: { fixture: "relay" } };
  const text = JSON.stringify({ name: "s", servers, agents: { a: group }, phases: [{ baseline: "1s" }] });
  try {
    await writeFile(join(home, "s.yaml"), text);
    const entryUrl = new URL("../../src/index.ts", import.meta.url);
    const asked = { named: "s.yaml", sets: [], allowHosts: [], env: {}, fixtures, entryUrl };
    const { scenario } = await loadScenario({ file: join(home, "s.yaml"), ...asked });
    return planScenario(scenario, "faults").declared;
  } finally {
    await rm(home, { recursive: true });
  }
}

const haul = { call: "relay.Haul" };
const told = ({ steps }: Declared): unknown[] => steps.map(({ progress, timeoutMs }) => [progress === true, timeoutMs]);

test("nobody asks unless told to; a group or a step may say so, and the step's word counts", async () => {
  const policy = { kind: "none", timeout: "2s" };
  expect(told(await declaredOf({ policy, chain: [haul, { ...haul, progress: true }] }))).toEqual([
    [false, 2000],
    [true, 2000],
  ]);
  expect(told(await declaredOf({ policy, progress: true, chain: [haul, { ...haul, progress: false }] }))).toEqual([
    [true, 2000],
    [false, 2000],
  ]);
});

test.each([
  { kind: "none", timeout: "2s", resetOnProgress: "30s" },
  { kind: "retry", timeout: "2s", resetOnProgress: "30s" },
  { profile: "careful", timeout: "2s", resetOnProgress: "30s" },
])("where progress begins the patience anew, all ask, and its maximum is what a step may take: %o", async (policy) => {
  const chain = [haul, { ...haul, timeout: "5s" }, { ...haul, progress: false }];
  expect(told(await declaredOf({ policy, chain }))).toEqual([
    [true, 30_000],
    [true, 30_000],
    [false, 2000],
  ]);
});

test("who listens is declared, so that what could not be heard can be told", async () => {
  expect((await declaredOf({ listens: true, chain: [haul] })).groups).toMatchObject([{ group: "a", listens: true }]);
  expect((await declaredOf({ chain: [haul] })).groups[0]).not.toHaveProperty("listens");
});
