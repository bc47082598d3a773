/** Ops against the world: how many ops of each outcome had how many effects. */
import { openColumn } from "../history/column.ts";
import type { Declared } from "../history/declared.ts";
import type { Effect, EffectGone, LedgerRead } from "../history/effect-events.ts";
import type { OpOutcome } from "../history/outcomes.ts";
import { openOpTable } from "../history/op-table.ts";
import type { OpRecord } from "../history/records.ts";
import type { EffectFigures } from "./figures.ts";

export interface Effects {
  readonly onOp: (op: OpRecord) => void;
  readonly onEffect: (effect: Effect | EffectGone) => void;
  readonly onLedger: (read: LedgerRead) => void;
  readonly end: () => readonly EffectFigures[];
}

const outcomes: readonly OpOutcome[] = ["ok", "failed", "unknown", "not-run"];
const many = ["0", "1", "more"] as const;

export function openEffects({ effects }: Declared): Effects {
  // Of a total nobody knows whose effects it counts, and requests are no effects.
  const tallies = effects
    .filter(({ read, requests }) => read?.isTotal !== true && requests === undefined)
    .map(({ effect, ledger, expect = 1 }) => ({ effect, ledger, ...openTally(expect) }));
  const quiet = new Map<string, boolean>();
  const forgetful = new Set(effects.flatMap(({ effect, read }) => (read?.forgets === true ? [effect] : [])));

  return {
    onOp: ({ op, started, outcome }) => {
      if (started.effect === undefined) return;
      tallies.find(({ effect }) => effect === started.effect)?.came(op, outcome);
    },
    onEffect: ({ type, effect, op }) => {
      if (op !== undefined) tallies.find((tally) => tally.effect === effect)?.row(op, type === "effect" ? 1 : -1);
    },
    onLedger: ({ ledger, quiet: is, failed }) => {
      quiet.set(ledger, is && failed === undefined);
    },
    end: () =>
      tallies.map(({ effect, ledger, counts }) => {
        // Where rows go again, one that is missing says as little as in a ledger that still changes.
        const isQuiet = (quiet.get(ledger) ?? false) && !forgetful.has(effect);
        return { effect, ledger, quiet: isQuiet, counts: counts() };
      }),
  };
}

/** A row may come before its op is done with, so both wait for each other until the end. */
function openTally(expect: number) {
  const ops = openOpTable();
  const outcomeOf = openColumn("byte");
  const rowsOf = openColumn("word");
  return {
    came: (op: string, outcome: OpOutcome): void => outcomeOf.set(ops.numberOf(op), 1 + outcomes.indexOf(outcome)),
    row: (op: string, more: 1 | -1): void => {
      const number = ops.numberOf(op);
      rowsOf.set(number, Math.max(0, rowsOf.get(number) + more));
    },
    counts: (): EffectFigures["counts"] => {
      const counts = Array.from({ length: outcomes.length * many.length }, () => 0);
      for (let number = 0; number < ops.size(); number += 1) {
        const came = outcomeOf.get(number);
        if (came === 0) continue;
        const at = (came - 1) * many.length + manyOf(rowsOf.get(number), expect, outcomes[came - 1]);
        counts[at] = (counts[at] ?? 0) + 1;
      }
      return outcomes.flatMap((outcome, came) =>
        many.flatMap((effects, rows) => {
          const ops = counts[came * many.length + rows] ?? 0;
          return ops === 0 ? [] : [{ outcome, effects, ops }];
        }),
      );
    },
  };
}

/** Of an op that succeeded fewer than are meant are as bad as none; of any other some are as good as one. */
function manyOf(rows: number, expect: number, outcome: OpOutcome | undefined): number {
  if (rows > expect) return many.indexOf("more");
  return rows === 0 || (outcome === "ok" && rows < expect) ? many.indexOf("0") : many.indexOf("1");
}
