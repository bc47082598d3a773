/**
 * Markup out of text, for HTML and XML alike. Names, answers and errors come from servers that may be hostile, so pages
 * are safe by default: whatever is put into an `html` template is escaped, unless it is markup itself.
 */

const marked = Symbol("markup");

export interface Markup {
  readonly [marked]: string;
}

export type Part = Markup | string | number | undefined | false | readonly Part[];

export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return markup(strings.map((string, index) => told(parts[index - 1]) + unindented(string)).join(""));
}

/** Templates are indented for who reads the source; the page needs none of it. */
function unindented(string: string): string {
  return string.replace(/\s*\n\s*/g, "\n");
}

/** For text that is markup already: only our own style and script. */
export function markup(text: string): Markup {
  return { [marked]: text };
}

export function textOf(part: Markup): string {
  return part[marked];
}

function told(part: Part): string {
  if (part === undefined || part === false) return "";
  if (typeof part === "number") return String(part);
  if (typeof part === "string") return escapeText(part);
  if (isMarkup(part)) return part[marked];
  return part.map(told).join("");
}

function isMarkup(part: Markup | readonly Part[]): part is Markup {
  return marked in part;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export function escapeText(text: string): string {
  return plain(text).replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** Between quotes in XML, where a reader would turn line ends and tabs into spaces. */
export function escapeAttribute(text: string): string {
  return escapeText(text).replaceAll("\n", "&#10;").replaceAll("\t", "&#9;");
}

// Controls, which XML cannot hold even if escaped, and what is there only to hide or turn round other text: zero width,
// bidirectional, line and paragraph separators, tags, and what Unicode says is no character.
const deceptive =
  // oxlint-disable-next-line no-control-regex, no-misleading-character-class
  /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u00AD\u061C\u115F\u1160\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\u3164\uFDD0-\uFDEF\uFEFF\uFFA0\uFFF0-\uFFFB\uFFFE\uFFFF\u{E0000}-\u{E0FFF}]/gu;

/** What cannot be seen, or makes other text be seen differently, is shown as a replacement character. */
export function plain(text: string): string {
  return text.toWellFormed().replace(/\r\n?/g, "\n").replace(deceptive, "\uFFFD");
}

/** JSON as text that no terminal obeys: what is there to deceive is written as its code, and read as what it was. */
export function jsonText(document: unknown): string {
  const coded = (text: string): string =>
    Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, "0")}`).join("");
  // Of what JSON.stringify leaves as it is, line ends are its own.
  return `${JSON.stringify(document, undefined, 2).replace(deceptive, coded)}\n`;
}

/** A name may be of any length; a page has limits. */
export function brief(text: string, most = 80): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
