/** YAML as a person writes it: short maps on one line, texts in quotes where they need any, a server's words harmless. */

/** On one line: `{ path: ".", limit: 5 }`. All JSON is YAML, so what is no plain key or text stays JSON. */
export function inline(value: unknown): string {
  if (typeof value === "string") return text(value);
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const parts = Object.entries(value).map(([key, child]) => `${plainOr(key, isPlainKey)}: ${inline(child)}`);
  return parts.length === 0 ? "{}" : `{ ${parts.join(", ")} }`;
}

export function text(value: string): string {
  return plainOr(value, isPlainText);
}

/** A server's words as the rest of a comment: one line, short, and nothing in it that a terminal or YAML obeys. */
export function remark(words: string, most = 100): string {
  const line = words
    .toWellFormed()
    .replaceAll(/[\p{C}\p{Z}]+/gu, " ")
    .trim();
  return line.length > most ? `${line.slice(0, most - 1).toWellFormed()}…` : line;
}

function plainOr(value: string, isPlain: (value: string) => boolean): string {
  if (isPlain(value)) return value;
  // What JSON leaves as it is may still be nothing to look at: controls, marks of direction, what stands for half a letter.
  return JSON.stringify(value.toWellFormed()).replaceAll(/[\p{C}\u2028\u2029\u0085]/gu, escaped);
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

const isKeyword = (value: string): boolean => /^(?:true|false|null|yes|no|on|off|y|n|~)$/i.test(value);
const isPlainKey = (value: string): boolean => /^[A-Za-z_][\w-]*$/.test(value) && !isKeyword(value);
const isPlainText = (value: string): boolean =>
  (/^(?:\.{0,2}\/)?[A-Za-z_][\w./@-]*$/.test(value) || /^[A-Za-z]\w*->[\w-]+$/.test(value)) && !isKeyword(value);

/** Lines that say something when their `#` is gone. Whatever else is said stands behind a # and one blank. */
export function example(lines: readonly string[]): string[] {
  return lines.map((line) => `#${line}`);
}
