/** Reading rows by GET: a list of JSON, over as many pages as it has. */
import { z } from "zod";
import { parsedJson } from "../history/shape.ts";
import { readAddress } from "./address.ts";
import { readKind, type ReadLimits } from "./kinds.ts";
import { jsonPath, rowsAt, valuesAt } from "./select.ts";

const attributes = z.strictObject({
  url: z
    .string()
    .min(1)
    .optional()
    .describe("what is read by GET; with upstream, a path at the upstream's own address is enough"),
  headers: z.record(z.string(), z.string()).default({}).describe("sent along; kept out of every file"),
  rows: jsonPath.default("$").describe("JSONPath to the list of rows in the answer"),
  next: jsonPath
    .optional()
    .describe("JSONPath to the address of the next page; a Link header with rel=next is followed anyway"),
});

const bytesMax = 32 * 1024 * 1024;

export const http = readKind({
  kind: "http",
  about: "rows of JSON that are read by GET, page by page",
  everyMs: 500,
  schemes: ["http", "https"],
  attributes,
  prepare: ({ url, headers, rows, next }) => ({
    ...(url === undefined ? {} : { url }),
    open: ({ upstream }) => {
      const first = readAddress(url, upstream);
      return {
        read: async (limits) => {
          const all: unknown[] = [];
          const visited = new Set<string>();
          for (let at: URL | undefined = first; at !== undefined && all.length <= limits.rowsMax;) {
            if (visited.has(at.href)) throw new Error(`its pages lead in a circle, back to ${shownUrl(at)}`);
            visited.add(at.href);
            const page = await readPage(at, headers, limits);
            all.push(...rowsAt(page.document, rows));
            at = nextOf(page, at, next);
          }
          return all;
        },
        close: () => Promise.resolve(),
      };
    },
  }),
});

interface Page {
  readonly document: unknown;
  readonly link: string;
}

async function readPage(url: URL, headers: Readonly<Record<string, string>>, { signal }: ReadLimits): Promise<Page> {
  // Headers may hold secrets, which a redirect would carry away.
  const response = await fetch(url, { headers: { accept: "application/json", ...headers }, redirect: "error", signal });
  if (!response.ok) throw new Error(`${shownUrl(url)} answered HTTP ${response.status}`);
  const document = parsedJson(await textWithin(response, url));
  if (document === undefined) throw new Error(`${shownUrl(url)} answered something that is no JSON`);
  return { document, link: response.headers.get("link") ?? "" };
}

async function textWithin(response: Response, url: URL): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.byteLength;
    if (bytes > bytesMax) throw new Error(`${shownUrl(url)} answered more than ${bytesMax} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function nextOf({ document, link }: Page, at: URL, path: string | undefined): URL | undefined {
  const told = path === undefined ? /<([^>]*)>\s*;[^,]*\brel="?next\b/i.exec(link)?.[1] : valuesAt(document, path)[0];
  if (typeof told !== "string" || told === "") return undefined;
  const next = URL.parse(told, at.href);
  // An API may know itself by another name; what is read here is read at the address that was given.
  if (next === null) throw new Error(`its next page is no address: ${told}`);
  next.protocol = at.protocol;
  next.host = at.host;
  return next;
}

/** Queries may hold secrets. */
function shownUrl({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}
