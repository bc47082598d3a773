/** Numbers for arguments: within their bounds, on their step, and small where nothing is said. */
import { integer, type Arbitrary } from "fast-check";
import type { JsonObject } from "../wire/lean-rpc.ts";
import type { Source } from "./arguments.ts";
import { guessedNumbers } from "./name-guesses.ts";
import { numberIn, trouble, type Place, type Trouble } from "./schema.ts";

export interface NumberMade {
  readonly is: "made";
  readonly arbitrary: Arbitrary<number>;
  readonly from: Source;
}

/** Without an upper bound: no further from the lower one than this, and the other way round. */
const span = 100;

export function numbersFor(schema: JsonObject, place: Place, wantsInteger: boolean): NumberMade | Trouble {
  const stepWanted = numberIn(schema, "multipleOf");
  const step = stepWanted ?? (wantsInteger ? 1 : 0.25);
  if (step <= 0) return trouble(place, "is no step", "multipleOf");
  const lower = bound(numberIn(schema, "minimum"), numberIn(schema, "exclusiveMinimum"), Math.max);
  const upper = bound(numberIn(schema, "maximum"), numberIn(schema, "exclusiveMaximum"), Math.min);
  const isBound = lower !== undefined || upper !== undefined || stepWanted !== undefined;
  const guessed = isBound ? undefined : guessedNumbers(place.name);
  const width = Math.max(span, step * 4);
  const least = lower ?? guessed?.[0] ?? (upper === undefined ? 1 : upper - width);
  const most = upper ?? guessed?.[1] ?? Math.max(least, 0) + width;
  const arbitrary = onSteps({ least, most, step, isOpen: opened(schema), wantsInteger });
  if (arbitrary === undefined) return trouble(place, `wants a number from ${least} to ${most}, and there is none`);
  return { is: "made", arbitrary, from: isBound ? "bounds" : guessed === undefined ? "type" : "name" };
}

function bound(
  one: number | undefined,
  other: number | undefined,
  nearer: (one: number, other: number) => number,
): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return nearer(one, other);
}

function opened(schema: JsonObject): (value: number) => boolean {
  const above = numberIn(schema, "exclusiveMinimum");
  const below = numberIn(schema, "exclusiveMaximum");
  return (value) => value !== above && value !== below;
}

interface Steps {
  readonly least: number;
  readonly most: number;
  readonly step: number;
  readonly isOpen: (value: number) => boolean;
  readonly wantsInteger: boolean;
}

/** Undefined where no number fits. */
function onSteps({ least, most, step, isOpen, wantsInteger }: Steps): Arbitrary<number> | undefined {
  const first = Math.ceil(least / step);
  const last = Math.floor(most / step);
  // Beyond that, numbers are no longer told apart.
  const range = { min: Math.max(first, -Number.MAX_SAFE_INTEGER), max: Math.min(last, Number.MAX_SAFE_INTEGER) };
  const fits = (value: number): boolean =>
    value >= least && value <= most && isOpen(value) && (!wantsInteger || Number.isInteger(value));
  // A step of 0.1 is none that a computer can go exactly.
  const valueOf = (count: number): number => Number((count * step).toPrecision(15));
  const edges = [
    range.min,
    range.min + 1,
    range.max - 1,
    range.max,
    range.min + Math.floor((range.max - range.min) / 2),
  ];
  const near = [...new Set([...edges.map(valueOf), (least + most) / 2, least, most])].filter(fits);
  const [some] = near;
  if (some === undefined) return undefined;
  if (range.min > range.max) return integer({ min: 0, max: near.length - 1 }).map((n) => near[n] ?? some);
  return integer(range).map((count) => {
    const value = valueOf(count);
    return fits(value) ? value : some;
  });
}
