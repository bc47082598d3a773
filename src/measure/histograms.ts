/** The response times of a run, as one document: what histograms.json holds. Two of them merge without loss. */
import { z } from "zod";
import type { Cell } from "./cells.ts";
import { decodeTiming, encodedTiming, encodeTiming, mergeTiming } from "./histogram.ts";

const histogramsSchema = "squall.histograms/1";

export const histogramsDocument = z.strictObject({
  schema: z.literal(histogramsSchema),
  run: z.string(),
  /** Of ops that were ok, from the intended start to the end; microseconds. */
  cells: z.array(
    z.strictObject({
      group: z.string(),
      server: z.string(),
      tool: z.string(),
      phase: z.string(),
      response: encodedTiming,
    }),
  ),
});

export type Histograms = z.output<typeof histogramsDocument>;

export function histogramsOf(run: string, cells: readonly Cell[]): Histograms {
  return {
    schema: histogramsSchema,
    run,
    cells: cells.map(({ group, server, tool, phase, response }) => ({
      group,
      server,
      tool,
      phase,
      response: encodeTiming(response),
    })),
  };
}

/** Cell by cell; what only one of them has is kept as it is. */
export function mergeHistograms(into: Histograms, from: Histograms): Histograms {
  const keyOf = ({ group, server, tool, phase }: Histograms["cells"][number]): string =>
    JSON.stringify([group, server, tool, phase]);
  const merged = new Map(into.cells.map((cell) => [keyOf(cell), cell]));
  for (const cell of from.cells) {
    const own = merged.get(keyOf(cell));
    if (own === undefined) {
      merged.set(keyOf(cell), cell);
      continue;
    }
    const response = decodeTiming(own.response);
    mergeTiming(response, decodeTiming(cell.response));
    merged.set(keyOf(cell), { ...own, response: encodeTiming(response) });
  }
  const cells = [...merged].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, cell]) => cell);
  return { ...into, cells };
}
