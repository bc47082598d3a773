/** Reading a scenario's file: YAML with the place of everything in it, or TypeScript, which has a default export. */
import { readFile } from "node:fs/promises";
import { registerHooks } from "node:module";
import { extname } from "node:path";
import { pathToFileURL } from "node:url";
import {
  isMap,
  isNode,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type YAMLError,
  type YAMLWarning,
} from "yaml";
import { codeOf, messageOf, type Mistake } from "../errors.ts";
import { dataFrom } from "./data.ts";
import { formatPath, type Path } from "./mistakes.ts";

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

export async function openYaml(file: string): Promise<Opened> {
  const text = await textOf(file);
  return typeof text === "string" ? documentIn(text, { file, language: "YAML" }) : { broken: [text] };
}

/** JSON as editors take it for settings: comments and a last comma are fine. */
export async function openJson(file: string): Promise<Opened> {
  const text = await textOf(file);
  if (typeof text !== "string") return { broken: [text] };
  // YAML holds all of JSON. Blanks in place of comments keep every line and column.
  const bare = text.replaceAll(textOrComment, (found) =>
    found.startsWith('"') ? found : found.replaceAll(/\S/g, " "),
  );
  return documentIn(bare, { file, language: "JSON" });
}

const textOrComment = /"(?:\\.|[^"\\])*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;

/** The text of a file, or why there is none. */
export async function textOf(file: string): Promise<string | Mistake> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const says = codeOf(error) === "ENOENT" ? "there is no such file" : `cannot be read: ${messageOf(error)}`;
    return { path: "", file, says };
  }
}

interface Read {
  readonly file: string;
  readonly language: "YAML" | "JSON";
}

function documentIn(text: string, { file, language }: Read): Opened {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "error" });
  const at = (offset: number, says: string): Mistake => {
    const { line, col: column } = lines.linePos(offset);
    return { path: "", says, file, line, column };
  };
  const mistakes = [...document.errors, ...document.warnings].map((problem) =>
    at(problem.pos[0], saysOf(problem, text, language)),
  );
  // A key that stands twice leaves the rest readable; any other error of syntax makes guesses of what follows.
  if (document.errors.some(({ code }) => code !== "DUPLICATE_KEY")) {
    return { broken: language === "JSON" ? mistakes.slice(0, 1) : mistakes };
  }
  const aliases = unresolvedAliases(document).map(({ offset, name }) =>
    at(offset, `there is no anchor &${name} before this`),
  );
  if (aliases.length > 0) return { broken: [...mistakes, ...aliases] };
  if (document.contents === null) return { broken: [...mistakes, at(0, "there is nothing in this file")] };
  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    return { broken: [...mistakes, at(0, messageOf(error))] };
  }
  const placeOf: ScenarioDocument["placeOf"] = (path, atKey) => placeIn({ document, lines, path, atKey });
  const { data: raw, findings } = dataFrom(value);
  if (findings.length === 0) return { raw, placeOf, mistakes };
  const noData = findings.map(({ path, says }) => ({ path: formatPath(path), says, file, ...placeOf(path, false) }));
  return { broken: [...mistakes, ...noData] };
}

function saysOf({ code, message, pos }: YAMLError | YAMLWarning, text: string, language: Read["language"]): string {
  // The error points at the first letter of the key only.
  if (code === "DUPLICATE_KEY")
    return `${(/^[^:\n]+/.exec(text.slice(pos[0])) ?? ["this key"])[0]} stands twice in one map`;
  // What the parser says of it is about YAML.
  if (language === "JSON") return "this is not JSON";
  if (code === "MULTIPLE_DOCS") return "a second document begins here; a file holds one scenario";
  if (code === "TAG_RESOLVE_FAILED") return `the tag ${text.slice(...pos)} means nothing here`;
  return `this is not YAML: ${message}`;
}

function unresolvedAliases(document: Document): { readonly offset: number; readonly name: string }[] {
  const found: { readonly offset: number; readonly name: string }[] = [];
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) === undefined) found.push({ offset: alias.range?.[0] ?? 0, name: alias.source });
    },
  });
  return found;
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
    const { data: raw, findings } = dataFrom(module.default);
    if (findings.length > 0)
      return { broken: findings.map(({ path, says }) => ({ path: formatPath(path), says, file })) };
    return { raw, placeOf: () => undefined, mistakes: [] };
  } catch (error) {
    return broken(`it cannot be loaded: ${messageOf(error)}`);
  } finally {
    hooks.deregister();
  }
}
