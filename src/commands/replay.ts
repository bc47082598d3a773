/** The command line that repeats a run; where it held secrets, whoever repeats it must give them again. */
import { createMasks } from "../masks.ts";
import { secretsIn } from "../scenario/secrets.ts";
import { formatDuration } from "../units.ts";
import type { World } from "../world.ts";
import type { RunOptions } from "./run-options.ts";
import type { Loaded } from "./loading.ts";

export function replayOf(
  { source, scenario }: Loaded,
  { set, duration, agents, faults, allowHost, mcpConfig, failOn, workers, engine }: RunOptions,
  { env }: Pick<World, "env">,
): string {
  const masked = createMasks(secretsIn(scenario, env)).mask;
  const parts = ["squall run", quoted(source.named), `--seed ${scenario.seed}`];
  for (const change of set) parts.push(`--set ${quoted(masked(change))}`);
  if (duration !== undefined) parts.push(`--duration ${formatDuration(duration, 15)}`);
  for (const { group, count } of agents) parts.push(`--agents ${group === undefined ? "" : `${group}=`}${count}`);
  for (const host of allowHost) parts.push(`--allow-host ${quoted(host)}`);
  if (mcpConfig !== undefined) parts.push(`--mcp-config ${quoted(mcpConfig)}`);
  if (engine.kind === "remote") parts.push(`--engine ${quoted(engine.url)}`);
  else if (engine.kind !== "embedded") parts.push(`--engine ${engine.kind}`);
  if (!faults) parts.push("--no-faults");
  if (workers !== undefined) parts.push(`--workers ${workers}`);
  if (failOn !== "violation") parts.push(`--fail-on ${failOn}`);
  return parts.join(" ");
}

/** As a shell takes it, quoted only where it must be. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
