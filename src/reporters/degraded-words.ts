/** How much of the work went on with something else than it had asked for. */
import type { Figures } from "../measure/figures.ts";

/** Nothing where all steps gave what they were asked for, or nothing stood in for them. */
export function degradedSaid({ tools }: Pick<Figures, "tools">): string {
  const degraded = tools.reduce((sum, tool) => sum + (tool.degraded ?? 0), 0);
  if (degraded === 0) return "";
  const standIns = tools.flatMap(({ insteadOf, ops }) => (insteadOf === undefined ? [] : [ops.ok]));
  const ok = standIns.reduce((sum, some) => sum + some, 0);
  const through = standIns.length === 0 ? "" : `; steps that stood in were ok ${ok} times`;
  return `${degraded} ops were not ok and their agents went on with something else${through}`;
}
