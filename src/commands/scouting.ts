/**
 * A visit to a server before there is a scenario, in the run's own machinery with a scout in place of agents: links,
 * gateways, logins and limits are those of a run. Comes in: the server as a scenario has it, and what to do there.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { exitCodes, UserError } from "../errors.ts";
import { runScenario } from "../run/run.ts";
import { scoutWith, type Scouting } from "../run/scout.ts";
import type { Io } from "./io.ts";
import { loadAll } from "./loading.ts";
import type { Asked } from "./probe/asked.ts";
import { planOf } from "./run-options.ts";
import type { Stopping } from "./stopping.ts";

export interface VisitOptions {
  readonly asked: Pick<Asked, "sections" | "server">;
  readonly allowHost: readonly string[];
  readonly mcpConfig?: string;
  /** For one answer. */
  readonly patienceMs: number;
  /** Made for the visit's own files, and gone after it. */
  readonly folder: string;
  readonly replay: string;
  readonly io: Io;
  readonly signals: Stopping;
}

export async function visitServer<Found>(
  options: VisitOptions,
  visit: (scouting: Scouting) => Promise<Found>,
): Promise<Found> {
  const { asked, folder, patienceMs, replay, io, signals } = options;
  const file = join(folder, "look.yaml");
  await mkdir(folder, { recursive: true });
  await writeFile(file, stringify(lookScenario(asked)));
  try {
    const [loaded] = await loadAll([file], { ...options, set: [], tag: [], agents: [] }, io);
    if (loaded === undefined) throw new Error("there is nothing to look at");
    let came: { readonly found: Found } | undefined;
    let wrong: unknown;
    await runScenario({
      scenario: loaded.scenario,
      plan: planOf(loaded.scenario, { faults: true }),
      document: loaded.document,
      replay,
      failOn: "violation",
      home: dirname(file),
      out: folder,
      world: io.world,
      stopping: signals.stopping,
      hurrying: signals.hurrying,
      onProgress: () => {},
      openLoad: scoutWith(
        async (scouting) => {
          came = { found: await visit(scouting) };
        },
        {
          patienceMs,
          world: io.world,
          onFailed: (error) => {
            wrong = error;
          },
        },
      ),
    });
    if (wrong !== undefined) throw wrong;
    if (came === undefined) throw interrupted(signals);
    return came.found;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function interrupted({ stopping }: Stopping): UserError {
  const exitCode = stopping.reason === "SIGTERM" ? exitCodes.terminated : exitCodes.interrupted;
  return new UserError("it was interrupted before the server was known", { exitCode });
}

function lookScenario({ sections, server }: VisitOptions["asked"]): unknown {
  return {
    name: "squall-look",
    ...sections,
    agents: { scout: { chain: [{ list: server }] } },
    phases: [{ baseline: "1ms" }],
    checks: ["survives"],
  };
}
