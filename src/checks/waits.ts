/** When somebody waited, by what for: spans of time, of which those that touch are one. */
export interface Span {
  readonly fromUs: number;
  readonly toUs: number;
}

export interface Waits {
  readonly add: (name: string, span: Span) => void;
  readonly overlaps: (name: string, span: Span) => boolean;
  readonly copy: () => Waits;
}

export function openWaits(spans: ReadonlyMap<string, readonly Span[]> = new Map()): Waits {
  /** In order, and none of them touch. */
  const byName = new Map([...spans].map(([name, of]) => [name, [...of]]));

  const add = (name: string, span: Span): void => {
    const of = byName.get(name) ?? [];
    byName.set(name, of);
    const first = firstEndingFrom(of, span.fromUs);
    let { fromUs, toUs } = span;
    let end = first;
    for (let next = of[end]; next !== undefined && next.fromUs <= toUs; next = of[end]) {
      fromUs = Math.min(fromUs, next.fromUs);
      toUs = Math.max(toUs, next.toUs);
      end += 1;
    }
    of.splice(first, end - first, { fromUs, toUs });
  };

  const overlaps = (name: string, { fromUs, toUs }: Span): boolean => {
    const of = byName.get(name) ?? [];
    let at = firstEndingFrom(of, fromUs);
    if (of[at]?.toUs === fromUs) at += 1;
    return (of[at]?.fromUs ?? Number.POSITIVE_INFINITY) < toUs;
  };

  return { add, overlaps, copy: () => openWaits(byName) };
}

function firstEndingFrom(spans: readonly Span[], us: number): number {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((spans[middle]?.toUs ?? us) >= us) high = middle;
    else low = middle + 1;
  }
  return low;
}
