/**
 * Things under way at this moment, in no order, that come and go all the time. It stands where a Set would keep alive
 * what was deleted from it long ago: V8 gives a Set that changes one table after the other, each pointing to the next,
 * so when one of them has grown old, all behind it grow old with what they held, and are collected late and dearly.
 */
export class Bag<T> implements Iterable<T> {
  readonly #places: Place<T>[] = [];

  get size(): number {
    return this.#places.length;
  }

  /** The same thing may be in it several times: it is its place that is given up. */
  add(item: T): Place<T> {
    const place: Place<T> = { item, at: this.#places.length };
    this.#places.push(place);
    return place;
  }

  /** A place that was given up already is nobody's any more. */
  delete(place: Place<T>): void {
    if (place.at === gone) return;
    const last = this.#places.pop();
    if (last !== undefined && last !== place) {
      this.#places[place.at] = last;
      last.at = place.at;
    }
    place.at = gone;
  }

  /** Gives up all places, and tells whose they were. */
  empty(): T[] {
    const places = this.#places.splice(0);
    for (const place of places) place.at = gone;
    return places.map(({ item }) => item);
  }

  /** What is in it now: who goes or comes meanwhile changes nothing. */
  [Symbol.iterator](): Iterator<T> {
    return this.#places.map(({ item }) => item).values();
  }
}

export interface Place<T> {
  readonly item: T;
  /** Changes when others go. */
  at: number;
}

const gone = -1;
