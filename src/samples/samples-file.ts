/**
 * A person's own arguments: a file, YAML or JSON, that says for each tool what to call it with, once or several times.
 *
 *     search: { query: "weather in Oslo" }
 *     read_file: [{ path: a.txt }, { path: b.txt }]
 */
import { UserError, type Mistake } from "../errors.ts";
import { openYaml } from "../scenario/document.ts";
import { formatPath, suggest, type Path } from "../scenario/mistakes.ts";
import { shown } from "../units.ts";
import { isObject, type JsonObject } from "../wire/lean-rpc.ts";

export type GivenSamples = Readonly<Record<string, readonly JsonObject[]>>;

const samplesMost = 100;

/**
 * Throws a UserError with every mistake in it. `tools` are the server's: what names none of them is a slip. `named` is
 * the file as the person named it.
 */
export async function readSamples(
  file: string,
  { named, tools }: { readonly named: string; readonly tools?: readonly string[] },
): Promise<GivenSamples> {
  const opened = await openYaml(file);
  const refuse = (mistakes: readonly Mistake[]): never => {
    throw new UserError(
      mistakes.length === 1 ? "the samples file has a mistake" : `the samples file has ${mistakes.length} mistakes`,
      {
        mistakes: mistakes.map((mistake) => ({ ...mistake, file: named })),
      },
    );
  };
  if ("broken" in opened) return refuse(opened.broken);
  const { raw, placeOf } = opened;
  const mistakes: Mistake[] = [...opened.mistakes];
  const found = (path: Path, says: string, { hint, atKey = false }: { hint?: string; atKey?: boolean } = {}): void => {
    mistakes.push({ path: formatPath(path), says, ...(hint === undefined ? {} : { hint }), ...placeOf(path, atKey) });
  };
  const given: Record<string, readonly JsonObject[]> = {};
  if (isObject(raw)) {
    for (const [tool, written] of Object.entries(raw)) {
      if (tools !== undefined && !tools.includes(tool)) {
        found([tool], `the server has no tool "${tool}"`, { hint: suggest(tool, tools), atKey: true });
      }
      given[tool] = callsIn(written, [tool], found);
    }
    if (Object.keys(raw).length === 0) found([], "holds no samples: expected a map of tools and their arguments");
  } else {
    found([], `expected a map of tools and their arguments, got ${shown(raw)}`, {
      hint: 'search: { query: "weather" }',
    });
  }
  return mistakes.length > 0 ? refuse(mistakes) : given;
}

function callsIn(written: unknown, path: Path, found: (path: Path, says: string) => void): JsonObject[] {
  if (isObject(written)) return [written];
  if (!Array.isArray(written)) {
    found(path, `expected the tool's arguments as a map, or a list of such, got ${shown(written)}`);
    return [];
  }
  if (written.length === 0) found(path, "has no sample in its list");
  if (written.length > samplesMost) found(path, `has ${written.length} samples; at most ${samplesMost} are taken`);
  return written.flatMap((call: unknown, index) => {
    if (isObject(call)) return [call];
    found([...path, index], `expected arguments as a map, got ${shown(call)}`);
    return [];
  });
}
