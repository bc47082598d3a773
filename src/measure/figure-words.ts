/** Figures as people read them. */
import { formatDuration } from "../units.ts";
import type { Threshold, Unit } from "./threshold.ts";

/** So many digits of a figure are its own; those behind them are what arithmetic leaves over. */
export const figureDigits = 12;

export function formatFigure(value: number, unit: Unit, digits = 4): string {
  if (unit === "ms") return formatDuration(value, digits);
  // How many there were is told to the last one.
  if (unit === "count") return String(value);
  return `${Number(value.toPrecision(digits))}${unit === "ratio" ? "" : unit}`;
}

/** Beside its bound a figure is told with as many digits as it takes to see on which side of it it lies. */
export function formatBeside(value: number, { value: bound, tolerance = 0, unit }: Threshold["bound"]): string {
  const edges = [bound - tolerance, bound, bound + tolerance].filter((edge) => edge >= 0);
  for (let digits = 4; digits < figureDigits; digits += 1) {
    const text = formatFigure(value, unit, digits);
    if (edges.every((edge) => value === edge || text !== formatFigure(edge, unit, digits))) return text;
  }
  return formatFigure(value, unit, figureDigits);
}
