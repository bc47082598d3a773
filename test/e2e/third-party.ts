/** Running the scenarios in `scenarios/third-party` as a stranger would, where what they need is on this machine. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Verdicts } from "../../src/reporters/verdicts.ts";
import type { Service } from "../lab/services.ts";
import { isFull, temporaryFolder, verdictsFrom } from "./squall.ts";

const thirdParty = fileURLToPath(new URL("../../scenarios/third-party/", import.meta.url));

export interface Shown {
  /** The scenario's file, without its ending. */
  readonly scenario: string;
  readonly service?: Service;
  /** The programs of others that it starts. */
  readonly servers: readonly string[];
  /** What the run with its faults is expected to find, by check; nothing where absent. */
  readonly finds?: Readonly<Record<string, RegExp>>;
  /** In place of nothing but --no-faults. */
  readonly controlArgs?: readonly string[];
}

// A run of these takes a minute on a machine that has nothing else to do.
const timeout = 300_000;

/** With its faults it finds what is told here and nothing else; without them nothing. */
export function shows({ scenario, service, servers, finds = {}, controlArgs = [] }: Shown): void {
  const lacks = [
    ...(service?.absent === true ? [service.name] : []),
    ...servers.flatMap(lackOf),
    // Together they take minutes.
    ...(isFull ? [] : ["left to CI: SQUALL_ROUNDS=full"]),
  ];
  const name = lacks.length === 0 ? scenario : `${scenario} (${lacks.join("; ")})`;
  const file = join(thirdParty, `${scenario}.yaml`);

  describe.skipIf(lacks.length > 0)(name, () => {
    test("finds what is to be found, and only that", { timeout }, async () => {
      await using folder = await temporaryFolder();
      const { ended, ...verdicts } = await verdictsFrom([file], folder.path);
      const failed = failedOf(verdicts);
      expect(Object.keys(failed), ended.stderr + JSON.stringify(verdicts)).toEqual(Object.keys(finds));
      for (const [check, says] of Object.entries(finds)) expect(failed[check]).toMatch(says);
      expect(ended.code, ended.stderr).toBe(Object.keys(finds).length > 0 ? 1 : 0);
    });

    test("finds nothing in a control run", { timeout }, async () => {
      await using folder = await temporaryFolder();
      const args = [file, "--no-faults", "--duration", "15s", ...controlArgs];
      const { ended, ...verdicts } = await verdictsFrom(args, folder.path);
      expect(ended.code, ended.stderr + JSON.stringify(verdicts)).toBe(0);
      expect(verdicts).toMatchObject({ mode: "control", verdict: "pass", gaps: [] });
      const grades = verdicts.checks.flatMap(({ findings }) => findings.map(({ grade }) => grade));
      expect(grades.filter((grade) => grade !== "info")).toEqual([]);
    });
  });
}

/** What the findings of each failed check say. */
function failedOf({ checks }: Verdicts): Record<string, string> {
  const failed = checks.filter(({ verdict }) => verdict === "fail");
  return Object.fromEntries(failed.map(({ check, findings }) => [check, findings.map(({ says }) => says).join("\n")]));
}

function lackOf(server: string): string[] {
  const { status, stderr } = spawnSync("sh", [join(thirdParty, "servers/start.sh"), "has", server], {
    encoding: "utf8",
  });
  return status === 0 ? [] : [stderr.trim()];
}
