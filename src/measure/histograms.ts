/**
 * The times of a run, as one document: what histograms.json holds. Documents of one configuration merge without loss,
 * in whatever order, to the very bytes that one document of all the ops has; of another they are refused.
 */
import { z } from "zod";
import { messageOf, UserError } from "../errors.ts";
import { shown } from "../units.ts";
import type { Cell } from "./cells.ts";
import { decodeTiming, encodedTiming, encodeTiming, highestUs, keptDigits, mergeTiming } from "./histogram.ts";

const histogramsSchema = "squall.histograms/2";

const configuration = z.strictObject({
  unit: z.literal("us"),
  digits: z.literal(keptDigits),
  lowest: z.literal(1),
  highest: z.literal(highestUs),
});

const ours: z.output<typeof configuration> = { unit: "us", digits: keptDigits, lowest: 1, highest: highestUs };

const outcomes = ["ok", "failed", "unknown"] as const;

export const histogramsDocument = z.strictObject({
  schema: z.literal(histogramsSchema),
  /** Whose times these are: of one run, or of all that were merged. */
  runs: z.array(z.string()),
  configuration,
  /** In order of their names; those without any time are left out. */
  cells: z.array(
    z.strictObject({
      group: z.string(),
      server: z.string(),
      tool: z.string(),
      phase: z.string(),
      outcome: z.enum(outcomes),
      /** Of the ops with this outcome, from the intended start to the end. */
      response: encodedTiming,
      /** Of the attempts with this outcome, from the request to what it came to. */
      service: encodedTiming,
    }),
  ),
});

export type Histograms = z.output<typeof histogramsDocument>;
type HistogramCell = Histograms["cells"][number];

export function histogramsOf(run: string, cells: readonly Cell[]): Histograms {
  const encoded = cells.flatMap(({ group, server, tool, phase, clocks }) =>
    outcomes.map((outcome): HistogramCell => {
      const { response, service } = clocks[outcome];
      return {
        group,
        server,
        tool,
        phase,
        outcome,
        response: encodeTiming(response),
        service: encodeTiming(service),
      };
    }),
  );
  return documentOf([run], encoded);
}

const anyHeading = z.looseObject({ schema: z.unknown(), configuration: z.unknown() });

/** A document as it was read, or an error that says why its times cannot be taken together with ours. */
export function readHistograms(document: unknown): Histograms {
  const heading = anyHeading.catch({ schema: undefined, configuration: undefined }).parse(document);
  if (heading.schema !== histogramsSchema) {
    throw new UserError(
      `expected histograms of ${histogramsSchema}, got ${shown(heading.schema)}; judge the run again: squall check FOLDER`,
    );
  }
  if (!configuration.safeParse(heading.configuration).success) {
    throw new UserError(
      `expected histograms of ${shown(ours)}, got ${shown(heading.configuration)}: they cannot be merged without loss`,
    );
  }
  const parsed = histogramsDocument.safeParse(document);
  if (!parsed.success) throw new UserError(`these are no histograms of this version: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** Cell by cell. What only one of them has is read as well: a histogram of another make must not pass unseen. */
export function mergeHistograms(into: Histograms, from: Histograms): Histograms {
  const merged = new Map<string, HistogramCell>();
  for (const cell of [...into.cells, ...from.cells]) {
    const key = keyOf(cell);
    merged.set(key, mergedCell(cell, merged.get(key)));
  }
  return documentOf([...into.runs, ...from.runs], [...merged.values()]);
}

function mergedCell(cell: HistogramCell, other: HistogramCell | undefined): HistogramCell {
  const both = (clock: "response" | "service"): HistogramCell["response"] => {
    try {
      const timing = decodeTiming(cell[clock]);
      if (other !== undefined) mergeTiming(timing, decodeTiming(other[clock]));
      return encodeTiming(timing);
    } catch (cause) {
      const { group, server, tool, phase, outcome } = cell;
      const where = `${group}@${server}.${tool} in ${phase}, ${outcome}, ${clock}`;
      throw new UserError(`${where}: ${messageOf(cause)}`, { cause });
    }
  };
  return { ...cell, response: both("response"), service: both("service") };
}

function documentOf(runs: readonly string[], cells: readonly HistogramCell[]): Histograms {
  return {
    schema: histogramsSchema,
    runs: [...new Set(runs)].sort(),
    configuration: ours,
    cells: cells
      .filter(({ response, service }) => response.samples + service.samples > 0)
      .map((cell) => ({ cell, key: keyOf(cell) }))
      .toSorted((a, b) => (a.key < b.key ? -1 : 1))
      .map(({ cell }) => cell),
  };
}

function keyOf({ group, server, tool, phase, outcome }: HistogramCell): string {
  return JSON.stringify([group, server, tool, phase, outcome]);
}
