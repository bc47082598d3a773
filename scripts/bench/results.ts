/** From what was measured to what is told: a line of the table, and an entry of the document. */
import type { Figure, Measured } from "./figure.ts";
import { spreadOf, type Spread } from "./statistics.ts";

export interface Result {
  readonly name: string;
  /** Nothing where it could not be measured. */
  readonly spread: Spread | undefined;
  readonly rounds: number;
  readonly unit: string;
  readonly bar: string;
  readonly ok: boolean;
  readonly says: readonly string[];
  /** What repeats this figure alone. */
  readonly command: string;
}

export type Attempted =
  | {
      readonly measured: Readonly<Record<string, Measured>>;
      /** What else the machine had to do: beside much of that, not even a ratio is worth much. */
      readonly beside?: string;
    }
  | { readonly failed: string };

/** One result for each bar: what was not measured misses its bar, it is not left out. */
export function resultsOf(figure: Figure, attempted: Attempted): Result[] {
  return Object.entries(figure.bars).map(([name, bar], index) => {
    const missing = (because: string): Measured => ({ values: [], wrong: [because] });
    const one =
      "failed" in attempted
        ? missing(attempted.failed)
        : (attempted.measured[name] ?? missing("the figure did not measure it"));
    const spread = spreadOf(one.values);
    const wrong = one.wrong ?? [];
    const beside = "beside" in attempted && index === 0 ? [attempted.beside] : [];
    return {
      name,
      spread,
      rounds: one.values.length,
      unit: bar.unit,
      bar: bar.says,
      ok: spread !== undefined && bar.holds(spread.median) && wrong.length === 0,
      says: [...wrong, ...(one.says ?? []), ...beside],
      command: commandOf(figure.name),
    };
  });
}

function commandOf(name: string): string {
  return `npm run bench -- ${name}`;
}

export function documentOf(results: readonly Result[]) {
  return results.map(({ name, spread, bar, ok, command }) => ({
    name,
    value: spread?.median ?? null,
    bar,
    ok,
    command,
  }));
}

export function tableOf(results: readonly Result[]): string {
  const rows = results.map((result) => ({
    mark: result.ok ? "✓" : "✗",
    cells: [result.name, valueOf(result), result.bar, spreadSaid(result)],
    says: result.says,
  }));
  const head = ["figure", "median", "bar", "min – max (rounds)"];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map(({ cells }) => cells[column]?.length ?? 0)),
  );
  const line = (mark: string, cells: readonly string[]): string =>
    `${mark} ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd();
  return [
    line(" ", head),
    ...rows.flatMap(({ mark, cells, says }) => [line(mark, cells), ...says.map(indented)]),
    "",
  ].join("\n");
}

function indented(text: string): string {
  return `      ${text}`;
}

function valueOf({ spread }: Result): string {
  return spread === undefined ? "–" : short(spread.median);
}

function spreadSaid({ spread, rounds }: Result): string {
  if (spread === undefined) return "not measured";
  return `${short(spread.min)} – ${short(spread.max)} (${rounds})`;
}

/** Three digits tell enough of anything that was measured here. */
export function short(value: number): string {
  return Math.abs(value) >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
