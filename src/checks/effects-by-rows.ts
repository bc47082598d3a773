/** Effects that are rows which name their ops: in a fixture's ledger, or read back from where a server leaves them. */
import type { Declared, DeclaredEffect } from "../history/declared.ts";
import { counted } from "../units.ts";
import type { Counted, EffectCount } from "./duplicate-effects.ts";
import { effectFindings } from "./effect-findings.ts";
import { tally, type Tally } from "./effect-tallies.ts";
import { openWrites } from "./writes.ts";

/** What a ledger came to: how many rows it showed last, or why it cannot be trusted. */
type Came = { readonly is: "quiet"; readonly rows: number } | { readonly is: "doubtful"; readonly doubt: string };

export function countRows(
  effects: readonly DeclaredEffect[],
  { control }: { readonly declared: Declared; readonly control: boolean },
): EffectCount {
  const byName = new Map(effects.map((effect) => [effect.effect, effect]));
  const expectOf = (effect: string): number => byName.get(effect)?.expect ?? 1;
  const writes = openWrites((effect) => {
    const read = byName.get(effect)?.read;
    return { expect: expectOf(effect), mayGo: read !== undefined && read.forgets !== true };
  });
  const ledgers = new Map<string, Came>();
  const cameOf = (effect: string): Came =>
    ledgers.get(byName.get(effect)?.ledger ?? "") ?? { is: "doubtful", doubt: "it was never read" };

  /** What is wrong with all that is read back is wrong with the reading. */
  const isBelieved = ({ kind, baselineSeen, baselineRight }: Tally): boolean =>
    byName.get(kind.effect)?.read === undefined || baselineSeen === 0 || baselineRight > 0;

  /** A row may still come while the ledger changes: only a quiet one tells that an effect is lost. */
  const tellsLost = (of: Tally): boolean => {
    const read = byName.get(of.kind.effect)?.read;
    const came = cameOf(of.kind.effect);
    return (
      came.is === "quiet" &&
      of.baselineSeen > 0 &&
      read?.forgets !== true &&
      partSeen(of, read, came.rows) === undefined
    );
  };

  return {
    onWrite: (write) => writes.add(write),
    on: (record) => {
      if (record.type === "effect" && byName.has(record.effect)) writes.addRow(record.effect, record.op);
      else if (record.type === "effect-gone" && byName.has(record.effect)) writes.removeRow(record.effect, record.op);
      else if (record.type === "ledger-read") {
        const { ledger, quiet, failed, rows } = record;
        const doubt = failed ?? "it was still changing when the run ended";
        ledgers.set(ledger, quiet && failed === undefined ? { is: "quiet", rows } : { is: "doubtful", doubt });
      }
    },
    end: (told): Counted => {
      const tallies = tally(writes, expectOf);
      const { all, exposed } = writes.count();
      const looked = control ? all : exposed;
      const readBy = (effect: string): string | undefined => byName.get(effect)?.read?.by;
      const believed = tallies.filter(isBelieved);
      const findings = effectFindings({ tallies: believed, expectOf, readBy, tellsLost }, told);
      const odd = tallies.find((of) => !isBelieved(of));
      const doubt = odd === undefined ? undefined : oddSays(odd, byName.get(odd.kind.effect));
      const other = doubtOf({ tallies, effects: byName, cameOf, looked, strangers: writes.strangers() });
      return {
        looked,
        findings,
        doubt: doubt ?? other,
        strength: strengthOf(tallies, { looked, control, effects: byName }),
      };
    },
    isCertain: () => writes.isCertain(),
  };
}

function oddSays({ kind, baselineOk }: Tally, effect: DeclaredEffect | undefined): string {
  const { ledger = kind.effect, expect = 1 } = effect ?? {};
  return `the ledger ${ledger} shows none of ${counted(baselineOk, "op")} of ${kind.tool} in the baseline just ${expect === 1 ? "once" : `${expect} times`}: what is read, or expect, does not fit`;
}

const pageSizes = [10, 25];

/**
 * Why a read-back shows a part of its rows only, though it says nothing of it. Where the oldest go as new ones come it
 * is a window; where nothing new came at all from some op on, and there are as many rows as pages have, it is a page.
 */
function partSeen(of: Tally, read: DeclaredEffect["read"], rows: number): string | undefined {
  if (read === undefined) return undefined;
  if (of.lastGoneTurn > 0 && of.lastGoneTurn < of.firstKeptTurn) {
    return "its oldest rows go as new ones come, so what is missing may have been there; say keeps: false, or read all of them";
  }
  const isWhole = read.by === "sql" || read.by === "redis";
  const fillsPages = rows > 0 && pageSizes.some((size) => rows % size === 0);
  if (!isWhole && fillsPages && Number.isFinite(of.firstUnseenTurn) && of.firstUnseenTurn > of.lastSeenTurn) {
    return `it shows ${rows} rows and none of what came after them, so it may be the first page of more`;
  }
  return undefined;
}

function doubtOf(about: {
  readonly tallies: readonly Tally[];
  readonly effects: ReadonlyMap<string, DeclaredEffect>;
  readonly cameOf: (effect: string) => Came;
  readonly looked: number;
  readonly strangers: number;
}): string | undefined {
  const { tallies, effects, cameOf, looked, strangers } = about;
  if (tallies.length === 0) return "no write was called";
  for (const { effect, ledger } of effects.values()) {
    const came = cameOf(effect);
    if (came.is === "doubtful") return `the ledger ${ledger} cannot be trusted: ${came.doubt}`;
  }
  if (looked === 0) return "no write that was sent met a fault or was tried again";
  const unproven = tallies.filter(({ baselineSeen }) => baselineSeen === 0);
  const [first] = unproven;
  if (first !== undefined) {
    const { tool } = first.kind;
    const done = unproven.reduce((sum, { kind, baselineOk }) => (kind.tool === tool ? sum + baselineOk : sum), 0);
    if (done === 0) return `no ${tool} succeeded in the baseline, so its ledger is unproven`;
    return `the ledger shows none of the ${done} ${tool} ops that succeeded in the baseline`;
  }
  for (const of of tallies) {
    const { effect } = of.kind;
    const came = cameOf(effect);
    const part = came.is === "quiet" ? partSeen(of, effects.get(effect)?.read, came.rows) : undefined;
    if (part !== undefined) return `the ledger ${effects.get(effect)?.ledger ?? effect} shows a part only: ${part}`;
  }
  return strangers > 0 ? `the ledger holds ${strangers} rows that belong to no op of this run` : undefined;
}

function strengthOf(
  tallies: readonly Tally[],
  about: { readonly looked: number; readonly control: boolean; readonly effects: ReadonlyMap<string, DeclaredEffect> },
): string {
  const { looked, control, effects } = about;
  const recovered = tallies.reduce((sum, of) => sum + of.recovered, 0);
  const aside = recovered > 0 ? `; ${recovered} of unknown fate turned out done` : "";
  const forgets = [...effects.values()].filter(({ read }) => read?.forgets === true).map(({ effect }) => effect);
  const blind = forgets.length === 0 ? "" : `; what is lost of ${forgets.join(", ")} cannot be told, as rows go again`;
  return `0 duplicated, lost or orphaned in ${counted(looked, control ? "write" : "exposed write")}${aside}${blind}`;
}
