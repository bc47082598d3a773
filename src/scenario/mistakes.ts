/** Mistakes as people read them: where, what was expected, what to do; and guessing what was meant. */
import { distance } from "fastest-levenshtein";
import type { Mistake } from "../errors.ts";

export type Path = readonly (string | number)[];

/** A mistake before it is known where in the file it stands. */
export interface Finding {
  readonly path: Path;
  readonly says: string;
  readonly hint?: string;
  /** Where in a text that has a file of its own. */
  readonly offset?: number;
  /** Whether the key itself is wrong, rather than its value. */
  readonly atKey?: true;
}

export function formatPath(path: Path): string {
  return path.reduce<string>(
    (text, step) =>
      typeof step === "number"
        ? `${text}[${step}]`
        : /^[\w-]+$/.test(step)
          ? `${text}${text === "" ? "" : "."}${step}`
          : `${text}["${step}"]`,
    "",
  );
}

/** The closest known name if one is close, else all there are. */
export function suggest(given: string, known: readonly string[]): string {
  const [closest] = known.toSorted((a, b) => distance(given, a) - distance(given, b));
  if (closest === undefined) return "there is none yet";
  const slips = given.length <= 3 ? 1 : Math.max(2, given.length / 3);
  if (given !== "" && distance(given, closest) <= slips) return `did you mean "${closest}"?`;
  return `there is ${known.join(", ")}`;
}

export function formatMistakes(mistakes: readonly Mistake[]): string {
  return mistakes
    .map(({ file, line, column, path, says, hint }) => {
      const where = [file, line, column].filter((part) => part !== undefined).join(":");
      const what = path === "" ? says : `${path}: ${says}`;
      return `  ${where === "" ? "" : `${where}  `}${what}\n${hint === undefined ? "" : `      ${hint}\n`}`;
    })
    .join("");
}
