/**
 * The second reading of a history. Each check that passed is tried: it gets the history once more, with its own defect
 * in it. And what findings want to tell of single ops is looked up.
 */
import { assembleRecords } from "../history/records.ts";
import { tellOf, type Told } from "../history/told.ts";
import { guarded } from "./guarded.ts";
import type { HistoryEvent } from "../history/events.ts";
import type { Check, Fold, Premises } from "./check.ts";

/** One at a time, or many: each wait costs as much as an event. */
export type ReadEvents = () => AsyncIterable<HistoryEvent | readonly HistoryEvent[]>;

export async function each(read: ReadEvents, take: (event: HistoryEvent) => void): Promise<void> {
  for await (const some of read()) {
    if ("type" in some) take(some);
    else for (const event of some) take(event);
  }
}

export interface SecondReading {
  /** The checks that do not see their own defect when it is put into this very history. */
  readonly blind: ReadonlySet<string>;
  readonly told: Told;
}

/** What only the verdicts tell to look for, in one more pass over the history. */
export async function readAgain(
  read: ReadEvents,
  on: {
    readonly passed: readonly Check[];
    readonly witnesses: readonly string[];
    readonly asked: readonly string[];
    readonly premises: Premises;
  },
): Promise<SecondReading> {
  const { passed, witnesses, asked, premises } = on;
  const telling = tellOf({ ops: new Set(witnesses), effects: new Set(asked) });
  const tells = witnesses.length + asked.length > 0;
  if (passed.length === 0 && !tells) return { blind: new Set(), told: telling.told };
  const assembler = assembleRecords(premises.declared);
  // Let go of as soon as it is sure that its defect is found.
  let open = passed.map((check) => ({
    check,
    plant: check.plant(premises),
    fold: guarded(check, premises),
    variant: assembler.variant(),
  }));
  let events = 0;
  const take = (event: HistoryEvent): void => {
    for (const { plant, variant } of open) variant.before(event, plant(event));
    const records = assembler.push(event);
    if (tells) for (const record of records) telling.on(record);
    for (const { fold, variant } of open) for (const record of variant.after(records)) fold.on(record);
    events += 1;
    if (events % certaintyEvery === 0) open = open.filter(isOpen);
  };
  await each(read, take);
  const rest = assembler.flush();
  for (const record of rest) telling.on(record);
  for (const { fold, variant } of open) for (const record of variant.flush(rest)) fold.on(record);
  const blind = open.filter(({ fold }) => !findsViolation(fold)).map(({ check }) => check.name);
  return { blind: new Set(blind), told: telling.told };
}

/** What is certain stays so: to ask after each event would cost more than to go on for a little. */
const certaintyEvery = 1000;

/** Early or late, only what the check itself says counts. */
function isOpen({ fold }: { readonly fold: Fold }): boolean {
  return !(fold.isCertain?.() ?? false) || !findsViolation(fold);
}

function findsViolation(fold: Fold): boolean {
  return fold.end().findings.some(({ grade }) => grade === "violation");
}
