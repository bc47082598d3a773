/** `npm run bench`: argv → figures, one after another → a table, a document, an exit code. */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { exitCodes, messageOf } from "../../src/errors.ts";
import { suggest } from "../../src/scenario/mistakes.ts";
import type { Figure } from "./figure.ts";
import type { Lab } from "./lab.ts";
import { documentOf, resultsOf, short, tableOf, type Attempted, type Result } from "./results.ts";

export interface Bench {
  readonly figures: readonly Figure[];
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Opens what figures are measured with: a folder of their own, processes that end with it. */
  readonly openLab: (options: { readonly rounds: number | undefined }) => Promise<Lab & AsyncDisposable>;
  /** Ends the measuring at once. */
  readonly stopping: AbortSignal;
}

export async function runBench(argv: readonly string[], bench: Bench): Promise<number> {
  const asked = askedOf(argv, bench.figures);
  if ("mistake" in asked) {
    bench.stderr(`bench: ${asked.mistake}\n`);
    return exitCodes.usage;
  }
  if (asked.list) {
    bench.stdout(listOf(bench.figures));
    return exitCodes.passed;
  }
  const results: Result[] = [];
  for (const figure of asked.figures) {
    bench.stderr(`\n${figure.name}: ${figure.about}\n`);
    const attempted = await measureAlone(figure, bench, asked.rounds);
    bench.stopping.throwIfAborted();
    const told = resultsOf(figure, attempted);
    for (const { ok, name, spread, bar } of told)
      bench.stderr(
        `  ${ok ? "✓" : "✗"} ${name} ${spread === undefined ? "not measured" : short(spread.median)}, bar ${bar}\n`,
      );
    results.push(...told);
  }
  bench.stdout(`${tableOf(results)}\n`);
  if (asked.json !== undefined) await writeFile(asked.json, `${JSON.stringify(documentOf(results), undefined, 2)}\n`);
  const missed = results.filter(({ ok }) => !ok);
  if (missed.length === 0) return exitCodes.passed;
  bench.stderr(`missed: ${missed.map(({ name }) => name).join(", ")}\n`);
  return exitCodes.failed;
}

/** A figure that cannot be measured misses its bars; the others are measured all the same. */
async function measureAlone(figure: Figure, bench: Bench, rounds: number | undefined): Promise<Attempted> {
  try {
    await using lab = await bench.openLab({ rounds });
    const stopped = new Promise<never>((_, reject) => {
      const stop = (): void => reject(new Error("it was stopped"));
      if (bench.stopping.aborted) stop();
      else bench.stopping.addEventListener("abort", stop, { once: true });
    });
    const measured = await Promise.race([figure.measure(lab), stopped]);
    const share = lab.strangersShare();
    return { measured, ...(share === undefined ? {} : { beside: `strangers took ${percent(share)} of the machine` }) };
  } catch (error) {
    return { failed: messageOf(error) };
  }
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

interface Asked {
  readonly figures: readonly Figure[];
  readonly list: boolean;
  readonly json?: string;
  readonly rounds: number | undefined;
}

function askedOf(argv: readonly string[], figures: readonly Figure[]): Asked | { readonly mistake: string } {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { json: { type: "string" }, list: { type: "boolean", default: false }, rounds: { type: "string" } },
    });
  } catch (error) {
    return { mistake: messageOf(error) };
  }
  const { values, positionals } = parsed;
  const answersTo = ({ name, bars }: Figure): string[] => [...new Set([name, ...Object.keys(bars)])];
  const known = figures.flatMap(answersTo);
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    return {
      mistake: unknown.map((name) => `there is no figure "${name}"; ${suggest(name, known)}`).join("\n       "),
    };
  }
  if (values.rounds !== undefined && !/^[1-9]\d?$/.test(values.rounds)) {
    return { mistake: `--rounds takes a whole number from 1 to 99, got "${values.rounds}"` };
  }
  const chosen = figures.filter((figure) => answersTo(figure).some((name) => positionals.includes(name)));
  return {
    figures: positionals.length === 0 ? figures : chosen,
    list: values.list,
    ...(values.json === undefined ? {} : { json: values.json }),
    rounds: values.rounds === undefined ? undefined : Number(values.rounds),
  };
}

function listOf(figures: readonly Figure[]): string {
  const width = Math.max(...figures.map(({ name }) => name.length));
  return figures
    .flatMap(({ name, about, bars }) => [
      `${name.padEnd(width)}  ${about}`,
      ...Object.entries(bars).map(([bar, { says }]) => `${"".padEnd(width)}    ${bar}: ${says}`),
    ])
    .map((line) => `${line}\n`)
    .join("");
}
