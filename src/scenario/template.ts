/**
 * Values with `${…}` in them: ids, what earlier steps saved, the environment, seeded chance. A text that is one `${…}`
 * and nothing else keeps the value's type; otherwise the value is spliced in as text. `$${` is a plain `${`.
 */
import { JSONPathRecursionLimitError, query, type JSONValue } from "json-p3";
import { opKey } from "../history/ids.ts";
import { parsedJson } from "../history/shape.ts";
import type { Random } from "../world.ts";
import { generatorNamed, type Generator } from "./generators.ts";

export type Part =
  | { readonly is: "text"; readonly text: string }
  | { readonly is: "own"; readonly name: (typeof ownNames)[number] }
  | { readonly is: "saved"; readonly name: string }
  | { readonly is: "env"; readonly name: string; readonly otherwise?: string }
  /** Where a server's link to an upstream begins, and where a file lies that was written for it. */
  | { readonly is: "link"; readonly upstream: string; readonly piece: LinkPiece }
  | { readonly is: "file"; readonly name: string }
  | { readonly is: "generated"; readonly generator: Generator; readonly args: readonly string[] }
  | { readonly is: "wrong"; readonly says: string; readonly given: string };

export const ownNames = ["op.id", "op.key", "agent.id", "agent.group", "walk"] as const;

/** A name that means something of its own in `${…}`, so that nothing can be saved under it. */
export function isReserved(name: string): boolean {
  return ownNames.some((own) => own === name);
}

const linkPieces = ["url", "host", "port"] as const;
export type LinkPiece = (typeof linkPieces)[number];

/** What Squall has opened for a server. */
export interface Opened {
  /** By upstream: its URL, but with the address of the link. */
  readonly links: ReadonlyMap<string, URL>;
  readonly files: ReadonlyMap<string, string>;
}

export interface Scope {
  readonly op: string;
  readonly agent: string;
  readonly group: string;
  readonly walk: number;
  readonly saved: ReadonlyMap<string, unknown>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly random: Random;
}

export type Rendered<T> =
  /** `isPlain`: there is nothing to fill in, so it is this very value every time. */
  | { readonly ok: true; readonly value: T; readonly isPlain: boolean }
  | { readonly ok: false; readonly missing: readonly string[] };

const placeholder = /\$\$\{|\$\{([^}]*)\}|\$\{/g;

function parseTemplate(text: string): readonly Part[] {
  return placedParts(text).map(({ part }) => part);
}

function placedParts(text: string): { readonly part: Part; readonly offset: number }[] {
  const parts: { readonly part: Part; readonly offset: number }[] = [];
  let end = 0;
  for (const match of text.matchAll(placeholder)) {
    const put = (part: Part): void => void parts.push({ part, offset: match.index });
    if (match.index > end) put({ is: "text", text: text.slice(end, match.index) });
    end = match.index + match[0].length;
    if (match[0] === "$${") put({ is: "text", text: "${" });
    else if (match[1] === undefined) put({ is: "wrong", given: text, says: "${ is never closed with }" });
    else put(parsePart(match[1].trim()));
  }
  if (end < text.length) parts.push({ part: { is: "text", text: text.slice(end) }, offset: end });
  return parts;
}

/** Every placeholder in a value, however deep, with the path to the text that holds it, and where in that it stands. */
export function partsIn(
  value: unknown,
  path: readonly (string | number)[] = [],
): { path: readonly (string | number)[]; part: Part; offset: number }[] {
  if (typeof value === "string") return placedParts(value).map((placed) => ({ path, ...placed }));
  if (Array.isArray(value)) return value.flatMap((child, index) => partsIn(child, [...path, index]));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => partsIn(child, [...path, key]));
}

export function render<T extends Readonly<Record<string, unknown>>>(template: T, scope: Scope): Rendered<T> {
  const compiled = compiledOnce(template);
  if (compiled.is === "plain") return { ok: true, value: compiled.value as T, isPlain: true };
  const missing = new Set<string>();
  const value = compiled.render(scope, missing);
  // The shape of a record is kept: only texts inside it change.
  return missing.size > 0 ? { ok: false, missing: [...missing] } : { ok: true, value: value as T, isPlain: false };
}

/** For settings, which know no op; `${port}` is left for whoever starts the target. */
export function renderText(text: string, env: Scope["env"], { links, files }: Opened = nothingOpened): string {
  return parseTemplate(text)
    .map((part) => {
      if (part.is === "text") return part.text;
      if (part.is === "env") return env[part.name] ?? part.otherwise ?? "";
      const link = part.is === "link" ? links.get(part.upstream) : undefined;
      if (part.is === "link") return link === undefined ? "" : linkText(link, part.piece);
      if (part.is === "file") return files.get(part.name) ?? "";
      return part.is === "saved" ? `\${${part.name}}` : "";
    })
    .join("");
}

const nothingOpened: Opened = { links: new Map(), files: new Map() };

/** As servers are told it: no slash where there is no path. */
export function linkText(url: URL, piece: LinkPiece): string {
  if (piece === "host") return url.hostname;
  return piece === "port" ? url.port : url.href.replace(/\/$/, "");
}

const secretName =
  /secret|token|passw|passphrase|credential|authorization|(?:api|access|private|signing)[_-]?key|cookie/i;

/** Whether a variable of this name is likely to hold something that nobody else should see. */
export function soundsSecret(name: string): boolean {
  return secretName.test(name);
}

/**
 * What a step saves: the first match in the structured content, else in the first text that is JSON; of what is no
 * tool's answer, else in the result itself.
 */
export function saveFrom(result: unknown, path: string): unknown {
  for (const document of documentsIn(result)) {
    const found = firstMatch(path, document);
    if (found !== undefined) return found;
  }
  return undefined;
}

function firstMatch(path: string, document: JSONValue): unknown {
  try {
    return query(path, document).values()[0];
  } catch (error) {
    // A server may nest its answer as deep as it likes; where the path cannot follow, it has found nothing.
    if (error instanceof JSONPathRecursionLimitError) return undefined;
    throw error;
  }
}

/** Of a result, as JSON: its structured content, then its texts that are JSON. */
export function documentsIn(result: unknown): JSONValue[] {
  if (typeof result !== "object" || result === null) return [];
  const isOfTool = "structuredContent" in result || "content" in result;
  const structured = "structuredContent" in result ? [result.structuredContent] : [];
  const content = contentIn(result);
  const texts = content.flatMap((item: unknown) =>
    typeof item === "object" && item !== null && "text" in item && typeof item.text === "string"
      ? [parsedJson(item.text)]
      : [],
  );
  // Both come out of JSON.parse, so they are JSON values whatever TypeScript knows of them.
  const documents = [...structured, ...texts, ...(isOfTool ? [] : [result])];
  return documents.filter((document) => document !== undefined) as JSONValue[];
}

/** Of a tool's answer, or of a resource. */
function contentIn(result: object): readonly unknown[] {
  if ("content" in result && Array.isArray(result.content)) return result.content;
  return "contents" in result && Array.isArray(result.contents) ? result.contents : [];
}

function parsePart(inside: string): Part {
  const own = ownNames.find((name) => name === inside);
  if (own !== undefined) return { is: "own", name: own };
  const [, variable, otherwise] = /^env\.([A-Za-z_]\w*)(?::-(.*))?$/.exec(inside) ?? [];
  if (variable !== undefined) return { is: "env", name: variable, ...(otherwise === undefined ? {} : { otherwise }) };
  const [, upstream, asked] = /^links\.([\w-]+)\.(\w+)$/.exec(inside) ?? [];
  const piece = linkPieces.find((one) => one === asked);
  if (upstream !== undefined && piece !== undefined) return { is: "link", upstream, piece };
  const [, file] = /^files\.([\w.-]+)$/.exec(inside) ?? [];
  if (file !== undefined) return { is: "file", name: file };
  if (inside.startsWith("links.")) {
    const says = `\${${inside}} is no part of a link: there is \${links.NAME.url}, .host and .port`;
    return { is: "wrong", given: inside, says };
  }
  const [, called, args = ""] = /^([a-z]+)\((.*)\)$/.exec(inside) ?? [];
  if (called === undefined) {
    if (/^[A-Za-z0-9_][A-Za-z0-9_-]*$/.test(inside)) return { is: "saved", name: inside };
    return { is: "wrong", given: inside, says: `\${${inside}} is no name, no env.NAME and no generator` };
  }
  const generator = generatorNamed(called);
  const list = args.trim() === "" ? [] : args.split(",").map((arg) => arg.trim());
  const says = generator === undefined ? `there is no generator ${called}()` : generator.wrongWith(list);
  if (generator === undefined || says !== undefined) return { is: "wrong", given: inside, says: says ?? "" };
  return { is: "generated", generator, args: list };
}

type Compiled =
  | { readonly is: "plain"; readonly value: unknown }
  | { readonly is: "varying"; readonly render: (scope: Scope, missing: Set<string>) => unknown };

// Each op of a run renders one of a few templates.
const compiledTemplates = new WeakMap<object, Compiled>();

function compiledOnce(template: object): Compiled {
  const known = compiledTemplates.get(template);
  if (known !== undefined) return known;
  const compiled = compile(template);
  compiledTemplates.set(template, compiled);
  return compiled;
}

function compile(node: unknown): Compiled {
  if (typeof node === "string") return compileParts(parseTemplate(node));
  if (Array.isArray(node)) return compileAll(node, (values) => values);
  if (typeof node !== "object" || node === null) return { is: "plain", value: node };
  const keys = Object.keys(node);
  return compileAll(Object.values(node), (values) => Object.fromEntries(keys.map((key, n) => [key, values[n]])));
}

function compileAll(nodes: readonly unknown[], joined: (values: readonly unknown[]) => unknown): Compiled {
  const children = nodes.map(compile);
  const plain = children.flatMap((child) => (child.is === "plain" ? [child.value] : []));
  if (plain.length === children.length) return { is: "plain", value: joined(plain) };
  return {
    is: "varying",
    render: (scope, missing) =>
      joined(children.map((child) => (child.is === "plain" ? child.value : child.render(scope, missing)))),
  };
}

function compileParts(parts: readonly Part[]): Compiled {
  if (parts.every((part) => part.is === "text")) return { is: "plain", value: parts.map(({ text }) => text).join("") };
  return { is: "varying", render: (scope, missing) => renderParts(parts, scope, missing) };
}

function renderParts(parts: readonly Part[], scope: Scope, missing: Set<string>): unknown {
  const values = parts.map((part) => valueOf(part, scope, missing));
  if (values.length === 1) return values[0];
  return values.map((value) => (typeof value === "string" ? value : JSON.stringify(value))).join("");
}

function valueOf(part: Part, scope: Scope, missing: Set<string>): unknown {
  switch (part.is) {
    case "text":
      return part.text;
    case "own":
      return {
        "op.id": scope.op,
        "op.key": opKey(scope.op),
        "agent.id": scope.agent,
        "agent.group": scope.group,
        walk: scope.walk,
      }[part.name];
    case "saved":
      if (!scope.saved.has(part.name)) missing.add(part.name);
      return scope.saved.get(part.name);
    case "env":
      return scope.env[part.name] ?? part.otherwise ?? "";
    case "generated":
      return part.generator.make(part.args, scope.random);
    case "link":
    case "file":
      throw new Error("a step knows nothing of what a server is told");
    case "wrong":
      throw new Error(`a wrong template got as far as the run: ${part.says}`);
    default:
      return part satisfies never;
  }
}
