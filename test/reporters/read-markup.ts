/** Reads a page strictly, as this project writes it: every tag closed, every attribute quoted, no stray `<` or `>`. */
export interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: Element[];
  /** All text inside, as written. */
  text: string;
}

const voids = new Set(["meta", "link"]);
const tag = /<(\/?)([a-z][a-z0-9]*|[a-z]+[A-Z][A-Za-z]*)((?:\s+[a-z][a-z0-9-]*[A-Za-z]*(?:="[^"<>]*")?)*)\s*(\/?)>/y;

export function readMarkup(page: string): Element {
  const doctype = "<!doctype html>";
  if (!page.startsWith(doctype)) throw new Error("no doctype");
  const root: Element = { name: "#page", attributes: new Map(), children: [], text: "" };
  const open = [root];
  let at = doctype.length;
  while (at < page.length) {
    const next = page.indexOf("<", at);
    const text = page.slice(at, next < 0 ? page.length : next);
    if (text.includes(">")) throw new Error(`a stray ">" in ${shown(text)}`);
    if (/&(?!(?:amp|lt|gt|quot|#39|#13);)/.test(text)) throw new Error(`a stray "&" in ${shown(text)}`);
    for (const element of open) element.text += text;
    if (next < 0) break;
    tag.lastIndex = next;
    const [all, closing, name = "", rest = "", selfClosing] = tag.exec(page) ?? [];
    if (all === undefined) throw new Error(`no tag: ${shown(page.slice(next, next + 80))}`);
    at = next + all.length;
    if (closing === "/") {
      const last = open.pop();
      if (last?.name !== name) throw new Error(`</${name}> closes <${last?.name}>`);
      continue;
    }
    const element: Element = { name, attributes: attributesOf(rest), children: [], text: "" };
    open.at(-1)?.children.push(element);
    if (selfClosing === "/" || voids.has(name)) continue;
    open.push(element);
    // What is inside is not markup.
    if (name === "style" || name === "script") {
      const end = page.indexOf(`</${name}`, at);
      element.text = page.slice(at, end);
      at = end;
    }
  }
  if (open.length > 1) throw new Error(`never closed: ${open.map(({ name }) => name).join(" ")}`);
  return root;
}

function attributesOf(text: string): ReadonlyMap<string, string> {
  const found = [...text.matchAll(/([A-Za-z-]+[0-9]*)(?:="([^"]*)")?/g)];
  const attributes = new Map(found.map(([, name = "", value = ""]) => [name, value]));
  if (attributes.size !== found.length) throw new Error(`an attribute twice:${text}`);
  return attributes;
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 200));

export function all(root: Element, matches: (element: Element) => boolean = () => true): Element[] {
  return root.children.flatMap((child) => [...(matches(child) ? [child] : []), ...all(child, matches)]);
}

export const byClass = (root: Element, ...names: readonly string[]): Element[] =>
  all(root, ({ attributes }) => names.every((name) => (attributes.get("class") ?? "").split(" ").includes(name)));

export function byId(root: Element, id: string): Element {
  const [found] = all(root, ({ attributes }) => attributes.get("id") === id);
  if (found === undefined) throw new Error(`no element has the id ${id}`);
  return found;
}

export const byName = (root: Element, name: string): Element[] => all(root, (element) => element.name === name);

/** As a reader sees it, on one line. */
export const textOf = ({ text }: Element): string =>
  text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&")
    .replace(/\s+/g, " ")
    .trim();
