/** The command line that measures the same again. */
import { quoted } from "../replay.ts";
import type { SaturateOptions } from "./saturate.ts";

export function replayOf(
  named: string,
  {
    tool,
    args,
    step,
    connections,
    tries,
    from,
    to,
    threshold,
    set,
    seed,
    workers,
    allowHost,
    mcpConfig,
  }: SaturateOptions,
): string {
  const parts = [`squall saturate ${quoted(named)}`];
  if (tool !== undefined) parts.push(`--tool ${quoted(tool)} --connections ${connections}`);
  if (args !== undefined) parts.push(`--args ${quoted(JSON.stringify(args))}`);
  parts.push(`--step ${step}s --tries ${tries}`);
  if (from !== undefined) parts.push(`--from ${from}/s`);
  if (to !== undefined) parts.push(`--to ${to}/s`);
  for (const expression of threshold) parts.push(`--threshold ${quoted(expression)}`);
  for (const change of set) parts.push(`--set ${quoted(change)}`);
  for (const host of allowHost) parts.push(`--allow-host ${quoted(host)}`);
  if (mcpConfig !== undefined) parts.push(`--mcp-config ${quoted(mcpConfig)}`);
  if (seed !== undefined) parts.push(`--seed ${seed}`);
  if (workers !== undefined) parts.push(`--workers ${workers}`);
  return parts.join(" ");
}
