/**
 * What a check is: a pure fold over a history. `start` gives the state, `on` takes each record, `end` judges.
 * `plant` puts the check's own defect into a history; a pass counts only if the planted history fails.
 */
import type { Declared, Mode } from "../history/declared.ts";
import type { HistoryEvent } from "../history/events.ts";
import type { HistoryRecord } from "../history/records.ts";
import { nothingTold, type Told } from "../history/told.ts";

export type Grade = "violation" | "weakness" | "info";
export type Blamed = "server" | "agents" | "upstream" | "harness";

export interface Finding {
  readonly grade: Grade;
  readonly blames: Blamed;
  readonly says: string;
  readonly why: string;
  readonly fix: string;
  readonly witness: {
    /** At most ten. */
    readonly events: readonly string[];
    readonly ops: readonly string[];
  };
}

export type Verdict = "pass" | "fail" | "unknown";

/** What one fold came to, before the evidence of the whole run is weighed. */
export interface Judgement {
  readonly verdict: Verdict;
  /** Why it is unknown. */
  readonly because?: string;
  /** How many things it judged. */
  readonly looked: number;
  /** What a pass is worth: "0 duplicates in 143 exposed writes". */
  readonly strength?: string;
  readonly findings: readonly Finding[];
}

export interface Premises {
  readonly declared: Declared;
  readonly mode: Mode;
}

export interface CheckDescription<Name extends string = string> {
  readonly name: Name;
  readonly about: string;
  /** An invariant holds in every phase; a contrast compares with this run's baseline. */
  readonly nature: "invariant" | "contrast";
  /** It judges whatever is run, so that it alone makes no test of a run for which others were wanted. */
  readonly isBystander?: true;
}

interface CheckParts<Name extends string, State> extends CheckDescription<Name> {
  /** Why the check does not apply to this plan; decided before the run, never from data. */
  readonly notApplicable: (declared: Declared) => string | undefined;
  readonly start: (premises: Premises) => State;
  readonly on: (record: HistoryRecord, state: State) => void;
  /**
   * Judges, and is asked twice: what a second reading told of the ops in question is there only then, for words and
   * witnesses. State keeps what verdicts need, so that it stays small; the verdict is the same both times.
   */
  readonly end: (state: State, told: Told) => Judgement;
  /** The ops in question beside those that findings name: of these only their effects are told. */
  readonly asks?: (state: State) => readonly string[];
  /** Whether a violation is found already, whatever may come; where that cannot be told early, absent. */
  readonly isCertain?: (state: State) => boolean;
  /** A mapper that plants this check's own defect where the history first offers a place for it. */
  readonly plant: (premises: Premises) => Plant;
}

/** What stands in place of an event; undefined where it stays as it is, which is nearly always. */
export type Plant = (event: HistoryEvent) => readonly HistoryEvent[] | undefined;

export interface Fold {
  readonly on: (record: HistoryRecord) => void;
  readonly end: (told?: Told) => Judgement;
  readonly asks?: () => readonly string[];
  readonly isCertain?: () => boolean;
}

/** A check with its state closed in, so that checks of every state fit one registry. */
export interface Check<Name extends string = string> extends CheckDescription<Name> {
  readonly notApplicable: (declared: Declared) => string | undefined;
  readonly fold: (premises: Premises) => Fold;
  readonly plant: (premises: Premises) => Plant;
}

export function defineCheck<const Name extends string, State>(parts: CheckParts<Name, State>): Check<Name> {
  const { name, about, nature, isBystander, notApplicable, plant } = parts;
  const fold = (premises: Premises): Fold => {
    const state = parts.start(premises);
    return {
      on: (record) => parts.on(record, state),
      end: (told = nothingTold) => parts.end(state, told),
      asks: () => parts.asks?.(state) ?? [],
      isCertain: () => parts.isCertain?.(state) ?? false,
    };
  };
  return { name, about, nature, ...(isBystander === true ? { isBystander } : {}), notApplicable, plant, fold };
}

export const witnessesMax = 10;

/** Violations fail a check; lesser findings are warnings beside a pass. */
export function verdictOf(findings: readonly Finding[]): "pass" | "fail" {
  return findings.some(({ grade }) => grade === "violation") ? "fail" : "pass";
}
