/** Reading a scenario's file: YAML with the place of everything in it, or TypeScript, which has a default export. */
import { readFile } from "node:fs/promises";
import { registerHooks } from "node:module";
import { extname } from "node:path";
import { pathToFileURL } from "node:url";
import { isMap, isNode, LineCounter, parseDocument, type Document, type YAMLError } from "yaml";
import { messageOf, type Mistake } from "../errors.ts";
import type { Path } from "./mistakes.ts";

export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface ScenarioDocument {
  readonly raw: unknown;
  /** Where a value (or its key) stands; the nearest thing around it where it is missing. */
  readonly placeOf: (path: Path, atKey: boolean) => Place | undefined;
  /** Mistakes that do not keep the rest from being looked at. */
  readonly mistakes: readonly Mistake[];
}

export type Opened = ScenarioDocument | { readonly broken: readonly Mistake[] };

export async function openDocument(file: string, entryUrl: URL): Promise<Opened> {
  return [".yaml", ".yml"].includes(extname(file)) ? openYaml(file) : openModule(file, entryUrl);
}

async function openYaml(file: string): Promise<Opened> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    return { broken: [{ path: "", file, says: `cannot be read: ${messageOf(error)}` }] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const mistakes = document.errors.map((error) => yamlMistake(error, file, lines));
  // A key that stands twice leaves the rest readable; any other error of syntax makes guesses of what follows.
  if (document.errors.some(({ code }) => code !== "DUPLICATE_KEY")) return { broken: mistakes };
  try {
    return { raw: document.toJS(), placeOf: (path, atKey) => placeIn({ document, lines, path, atKey }), mistakes };
  } catch (error) {
    return { broken: [{ path: "", file, says: messageOf(error) }] };
  }
}

function yamlMistake({ code, message, pos }: YAMLError, file: string, lines: LineCounter): Mistake {
  const { line, col: column } = lines.linePos(pos[0]);
  const says = code === "DUPLICATE_KEY" ? "this key stands twice in one map" : `this is not YAML: ${message}`;
  return { path: "", says, file, line, column };
}

function placeIn(about: {
  readonly document: Document;
  readonly lines: LineCounter;
  readonly path: Path;
  readonly atKey: boolean;
}): Place | undefined {
  const { document, lines, path, atKey } = about;
  for (let depth = path.length; depth >= 0; depth -= 1) {
    const offset =
      atKey && depth === path.length ? keyOffset(document, path) : valueOffset(document, path.slice(0, depth));
    if (offset === undefined) continue;
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  }
  return undefined;
}

function valueOffset(document: Document, path: Path): number | undefined {
  const node = path.length === 0 ? document.contents : document.getIn(path, true);
  return isNode(node) ? node.range?.[0] : undefined;
}

function keyOffset(document: Document, path: Path): number | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return undefined;
  const key = parent.items.map((pair) => pair.key).find((node) => isNode(node) && String(node) === String(path.at(-1)));
  return isNode(key) ? key.range?.[0] : undefined;
}

async function openModule(file: string, entryUrl: URL): Promise<Opened> {
  const broken = (says: string): Opened => ({ broken: [{ path: "", file, says }] });
  // `import { defineScenario } from "squall"` must work in a folder where nothing is installed.
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      specifier === "squall" ? { url: entryUrl.href, shortCircuit: true } : next(specifier, context),
  });
  try {
    const module: unknown = await import(pathToFileURL(file).href);
    if (typeof module !== "object" || module === null || !("default" in module)) {
      return broken("it has no default export; write `export default defineScenario({ … })`");
    }
    return { raw: module.default, placeOf: () => undefined, mistakes: [] };
  } catch (error) {
    return broken(`it cannot be loaded: ${messageOf(error)}`);
  } finally {
    hooks.deregister();
  }
}
