/**
 * What the ops of a crew come to, as whoever watches the run is told: one by one, or from another thread in batches. A
 * batch is a few numbers an op, because it is made on the thread that measures.
 */
import type { Declared } from "../history/declared.ts";
import type { OpOutcome, OutcomeClass } from "../history/outcomes.ts";

/** Where an op belongs. */
export interface OpPlace {
  readonly group: string;
  readonly step: number;
  readonly phase: string;
}

export interface OpEnd {
  readonly outcome: OpOutcome;
  readonly atUs: number;
  /** From when the plan wanted it. */
  readonly tookUs: number;
}

export interface OpWatch {
  readonly begun: (place: OpPlace, atUs: number) => void;
  readonly attempted: (is: OutcomeClass) => void;
  readonly ended: (place: OpPlace, end: OpEnd) => void;
}

export interface News {
  /** Place and moment of one op after another; each place has a number. */
  readonly begun: Float64Array<ArrayBuffer>;
  readonly attempted: readonly (readonly [is: OutcomeClass, attempts: number])[];
  /** Place, outcome, end and time of one op after another. */
  readonly ended: Float64Array<ArrayBuffer>;
}

const outcomes = ["ok", "failed", "unknown", "not-run"] as const satisfies readonly OpOutcome[];
const numbersOfBegun = 2;
const numbersOfEnded = 4;

type Places = Pick<Declared, "steps" | "phases">;

/** Watches until it is asked what there is to tell. */
export function collectNews(declared: Places): OpWatch & { readonly take: () => News | undefined } {
  const numberOf = numberPlaces(declared);
  let begun: number[] = [];
  let attempted = new Map<OutcomeClass, number>();
  let ended: number[] = [];
  return {
    begun: (place, atUs) => {
      begun.push(numberOf(place), atUs);
    },
    attempted: (is) => attempted.set(is, (attempted.get(is) ?? 0) + 1),
    ended: (place, { outcome, atUs, tookUs }) => {
      ended.push(numberOf(place), outcomes.indexOf(outcome), atUs, tookUs);
    },
    take: () => {
      if (begun.length + attempted.size + ended.length === 0) return undefined;
      const news = { begun: Float64Array.from(begun), attempted: [...attempted], ended: Float64Array.from(ended) };
      begun = [];
      attempted = new Map();
      ended = [];
      return news;
    },
  };
}

/** Tells them on as if they happened here; answers the teller for news of this plan. */
export function newsTeller(declared: Places, watch: OpWatch): (news: News) => void {
  const places = placesOf(declared);
  const placeOf = (number: number): OpPlace => {
    const place = places[number];
    if (place === undefined) throw new Error(`no op has the place ${number}`);
    return place;
  };
  return ({ begun, attempted, ended }) => {
    for (let at = 0; at < begun.length; at += numbersOfBegun) {
      const [number = 0, atUs = 0] = begun.subarray(at, at + numbersOfBegun);
      watch.begun(placeOf(number), atUs);
    }
    for (const [is, attempts] of attempted) for (let n = 0; n < attempts; n += 1) watch.attempted(is);
    for (let at = 0; at < ended.length; at += numbersOfEnded) {
      const [number = 0, came = 0, atUs = 0, tookUs = 0] = ended.subarray(at, at + numbersOfEnded);
      watch.ended(placeOf(number), { outcome: outcomes[came] ?? "unknown", atUs, tookUs });
    }
  };
}

function placesOf({ steps, phases }: Places): OpPlace[] {
  return steps.flatMap(({ group, step }) => phases.map(({ phase }) => ({ group, step, phase })));
}

function numberPlaces({ steps, phases }: Places): (place: OpPlace) => number {
  const firstOf = new Map<string, number>();
  for (const [index, { group }] of steps.entries()) {
    if (!firstOf.has(group)) firstOf.set(group, index * phases.length);
  }
  const phaseNumbers = new Map(phases.map(({ phase }, index) => [phase, index]));
  return ({ group, step, phase }) => {
    const first = firstOf.get(group);
    const within = phaseNumbers.get(phase);
    if (first === undefined || within === undefined) throw new Error(`${group} has no op in ${phase}`);
    return first + step * phases.length + within;
  };
}
