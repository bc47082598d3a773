/** Options that several commands share. */
import { UserError } from "../errors.ts";
import type { FailOn } from "../history/declared.ts";

export const reporterOption = ["--reporter <name[=file]>", "how to report; may be given several times"] as const;

export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

export function parseFailOn(text: string): FailOn {
  if (text === "violation" || text === "weakness") return text;
  throw new UserError(`--fail-on takes violation or weakness, got "${text}"`);
}

/** A parser of a whole number in a range. */
export function wholeNumber(option: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!Number.isInteger(number) || number < least || number > most || text.trim() === "") {
      throw new UserError(`${option} takes a whole number from ${least} to ${most}, got "${text}"`);
    }
    return number;
  };
}
