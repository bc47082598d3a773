/** Counts of the last while, in ten bins that time pushes out. A value: adding makes a new one. */

export interface Counts {
  readonly bin: number;
  readonly yes: number;
  readonly no: number;
}

export type Window = readonly Counts[];

const binsOf = 10;

export const emptyWindow: Window = [];

/** What it holds at this moment; what is older than the window is gone. */
export function within(window: Window, { nowMs, lastsMs }: Moment): Window {
  const oldest = binAt({ nowMs, lastsMs }) - binsOf;
  return window.every(({ bin }) => bin > oldest) ? window : window.filter(({ bin }) => bin > oldest);
}

export interface Moment {
  readonly nowMs: number;
  /** How long the window is. */
  readonly lastsMs: number;
}

export function counted(window: Window, moment: Moment, add: { readonly yes?: number; readonly no?: number }): Window {
  const bin = binAt(moment);
  const kept = within(window, moment);
  const last = kept.at(-1);
  const { yes = 0, no = 0 } = add;
  // Attempts that began earlier may end later, but clocks do not go back: the last bin is the newest.
  if (last === undefined || last.bin < bin) return [...kept, { bin, yes, no }];
  return [...kept.slice(0, -1), { bin: last.bin, yes: last.yes + yes, no: last.no + no }];
}

export function sumOf(window: Window): { readonly yes: number; readonly no: number } {
  return window.reduce((sum, { yes, no }) => ({ yes: sum.yes + yes, no: sum.no + no }), { yes: 0, no: 0 });
}

function binAt({ nowMs, lastsMs }: Moment): number {
  return Math.floor((nowMs * binsOf) / lastsMs);
}
