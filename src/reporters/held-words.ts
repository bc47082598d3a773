/** What agents did not send, and why: for lack of input or budget, or because their policy held it back. */
import type { Figures } from "../measure/figures.ts";
import { counted } from "../units.ts";
import { printable } from "./paint.ts";

/** One line each; none where everything was sent that its agents wanted to send. */
export function heldSaid({ tools }: Pick<Figures, "tools">): readonly string[] {
  const notRun = summed(tools.map((tool) => tool.notRun ?? {}));
  const heldBack = summed(tools.map((tool) => tool.heldBack ?? {}));
  return [
    ...(notRun.size === 0 ? [] : [`${opsOf(notRun)} never sent: ${inWords(notRun)}`]),
    ...(heldBack.size === 0 ? [] : [`${opsOf(heldBack)} not sent again: ${inWords(heldBack)}`]),
  ];
}

function summed(all: readonly Readonly<Record<string, number>>[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const [because, times] of all.flatMap((one) => Object.entries(one))) {
    sums.set(because, (sums.get(because) ?? 0) + times);
  }
  return sums;
}

function opsOf(reasons: ReadonlyMap<string, number>): string {
  const ops = [...reasons.values()].reduce((sum, times) => sum + times, 0);
  return `${counted(ops, "op")} ${ops === 1 ? "was" : "were"}`;
}

const reasonsShown = 8;

function inWords(reasons: ReadonlyMap<string, number>): string {
  const most = [...reasons].toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  const shown = most.slice(0, reasonsShown).map(([because, times]) => `${printable(because)} (${times})`);
  return [...shown, ...(most.length > reasonsShown ? [`and ${most.length - reasonsShown} more reasons`] : [])].join(
    ", ",
  );
}
