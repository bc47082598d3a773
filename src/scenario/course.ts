/**
 * The course of a chain: its steps by number, in the order in which they are written, and how they are walked. A turn is
 * what lies between two pauses; a stretch is one step, or several at once. What stands in for a step is in no stretch.
 */
import type { Path } from "./mistakes.ts";

export interface PlacedStep<Entry> {
  readonly entry: Entry;
  readonly path: Path;
  /** The how-manieth of all stretches it belongs to. */
  readonly stretch: number;
  /** The number of the step that it stands in for. */
  readonly insteadOf?: number;
}

export interface CourseTurn<Pause> {
  /** Before it. */
  readonly pause?: Pause;
  readonly stretches: readonly (readonly number[])[];
}

export interface Course<Entry, Pause> {
  readonly steps: readonly PlacedStep<Entry>[];
  readonly turns: readonly CourseTurn<Pause>[];
}

export interface Writing<Entry, Pause> {
  /** How long it pauses, where it is a pause. */
  readonly pauseIn: (entry: Entry) => Pause | undefined;
  /** The steps that run at once, where it holds some. */
  readonly parallelIn: (entry: Entry) => readonly Entry[] | undefined;
  /** The step that stands in for it, where it has one. */
  readonly standInOf: (entry: Entry) => Entry | undefined;
}

export interface Walked<Pause> {
  readonly path: Path;
  /** So often the chain is walked, and written out. */
  readonly turns: number;
  readonly between?: Pause | undefined;
}

export function courseOf<Entry, Pause>(
  chain: readonly Entry[],
  { path, turns, between }: Walked<Pause>,
  { pauseIn, parallelIn, standInOf }: Writing<Entry, Pause>,
): Course<Entry, Pause> {
  const steps: PlacedStep<Entry>[] = [];
  const walked: (CourseTurn<Pause> & { readonly stretches: number[][] })[] = [];
  let stretch = 0;

  const begin = (pause: Pause | undefined): void => {
    walked.push({ ...(pause === undefined ? {} : { pause }), stretches: [] });
  };
  const add = (entry: Entry, at: Path): number => {
    const number = steps.push({ entry, path: at, stretch }) - 1;
    const other = standInOf(entry);
    if (other !== undefined) steps.push({ entry: other, path: [...at, "otherwise"], stretch, insteadOf: number });
    return number;
  };

  for (let turn = 0; turn < turns; turn += 1) {
    begin(turn === 0 ? undefined : between);
    for (const [index, entry] of chain.entries()) {
      const at = [...path, index];
      const pause = pauseIn(entry);
      if (pause !== undefined) {
        begin(pause);
        continue;
      }
      const together = parallelIn(entry);
      const numbers = together?.map((one, n) => add(one, [...at, "parallel", n])) ?? [add(entry, at)];
      walked.at(-1)?.stretches.push(numbers);
      stretch += 1;
    }
  }
  return { steps, turns: walked };
}
