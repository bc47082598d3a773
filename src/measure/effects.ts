/** Ops against the world: how many ops of each outcome had how many effects. */
import type { Declared } from "../history/declared.ts";
import type { Effect, LedgerRead } from "../history/events.ts";
import type { OpOutcome } from "../history/outcomes.ts";
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
  // A row may come before its op is done with, so both wait for each other until the end.
  const tallies = effects.map(({ effect, ledger }) => ({
    effect,
    ledger,
    outcomes: new Map<string, OpOutcome>(),
    rows: new Map<string, number>(),
  }));
  const quiet = new Map<string, boolean>();

  return {
    onOp: ({ op, started, outcome }) => {
      tallies.find(({ effect }) => effect === started.effect)?.outcomes.set(op, outcome);
    },
    onEffect: ({ effect, op }) => {
      const rows = tallies.find((tally) => tally.effect === effect)?.rows;
      if (op !== undefined) rows?.set(op, (rows.get(op) ?? 0) + 1);
    },
    onLedger: ({ ledger, quiet: is, failed }) => {
      quiet.set(ledger, is && failed === undefined);
    },
    end: () =>
      tallies.map(({ effect, ledger, outcomes: came, rows }) => {
        const counts = new Map<string, number>();
        for (const [op, outcome] of came) {
          const key = `${outcome} ${many[Math.min(2, rows.get(op) ?? 0)] ?? "more"}`;
          counts.set(key, (counts.get(key) ?? 0) + 1);
        }
        return {
          effect,
          ledger,
          quiet: quiet.get(ledger) ?? false,
          counts: outcomes.flatMap((outcome) =>
            many.flatMap((effects) => {
              const ops = counts.get(`${outcome} ${effects}`);
              return ops === undefined ? [] : [{ outcome, effects, ops }];
            }),
          ),
        };
      }),
  };
}
