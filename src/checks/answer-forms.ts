/** One entry for each form of answer, of which there may be many; most answers are of the form of the one before. */
import type { Shape } from "../history/shape.ts";

/** What answers no two alike always hold cannot be learned from them, and each form takes room. */
export const formsMax = 1000;

export interface Forms<T extends { readonly shape: Shape }> {
  readonly all: Map<string, T>;
  last: T | undefined;
}

export function noForms<T extends { readonly shape: Shape }>(): Forms<T> {
  return { all: new Map(), last: undefined };
}

/** Undefined where there is no room for another form. */
export function entryFor<T extends { readonly shape: Shape }>(
  forms: Forms<T>,
  shape: Shape,
  make: () => T,
): T | undefined {
  if (forms.last !== undefined && isSame(forms.last.shape, shape)) return forms.last;
  const signature = JSON.stringify(shape);
  const known = forms.all.get(signature);
  if (known === undefined && forms.all.size === formsMax) return undefined;
  const entry = known ?? make();
  forms.all.set(signature, entry);
  forms.last = entry;
  return entry;
}

function isSame(a: Shape, b: Shape): boolean {
  return a.form === b.form && a.cut === b.cut && areSame(a.filled, b.filled) && areSame(a.hollow, b.hollow);
}

function areSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((path, index) => path === b[index]);
}
