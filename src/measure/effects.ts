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
  readonly onEffect: (effect: Effect) => void;
  readonly onLedger: (read: LedgerRead) => void;
  readonly end: () => readonly EffectFigures[];
}

const outcomes: readonly OpOutcome[] = ["ok", "failed", "unknown", "not-run"];
const many = ["0", "1", "more"] as const;

export function openEffects({ effects }: Declared): Effects {
  const tallies = effects.map(({ effect, ledger }) => ({ effect, ledger, ...openTally() }));
  const quiet = new Map<string, boolean>();

  return {
    onOp: ({ op, started, outcome }) => {
      if (started.effect === undefined) return;
      tallies.find(({ effect }) => effect === started.effect)?.came(op, outcome);
    },
    onEffect: ({ effect, op }) => {
      if (op !== undefined) tallies.find((tally) => tally.effect === effect)?.row(op);
    },
    onLedger: ({ ledger, quiet: is, failed }) => {
      quiet.set(ledger, is && failed === undefined);
    },
    end: () =>
      tallies.map(({ effect, ledger, counts }) => {
        return { effect, ledger, quiet: quiet.get(ledger) ?? false, counts: counts() };
      }),
  };
}

/** A row may come before its op is done with, so both wait for each other until the end; in a byte each. */
function openTally() {
  const ops = openOpTable();
  const outcomeOf = openColumn("byte");
  const rowsOf = openColumn("byte");
  return {
    came: (op: string, outcome: OpOutcome): void => outcomeOf.set(ops.numberOf(op), 1 + outcomes.indexOf(outcome)),
    row: (op: string): void => {
      const number = ops.numberOf(op);
      rowsOf.set(number, Math.min(many.length - 1, rowsOf.get(number) + 1));
    },
    counts: (): EffectFigures["counts"] => {
      const counts = Array.from({ length: outcomes.length * many.length }, () => 0);
      for (let number = 0; number < ops.size(); number += 1) {
        const came = outcomeOf.get(number);
        if (came === 0) continue;
        const at = (came - 1) * many.length + rowsOf.get(number);
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
