/** Colours and marks of a terminal, and text that cannot steer it. */
import { styleText } from "node:util";
import { plain } from "./markup.ts";
import type { ReportStyle } from "./reporter.ts";

type Format = Parameters<typeof styleText>[0];
export type Paint = (format: Format, text: string) => string;

export function painter({ colour }: ReportStyle): Paint {
  return (format, text) => (colour ? styleText(format, text, { validateStream: false }) : text);
}

export const colours = { pass: "green", fail: "red", unknown: "yellow" } as const;
export const marks = { pass: "✓", fail: "✗", unknown: "?" } as const;

/** Names and texts of a server may hold escape codes; a terminal must not obey them, and a line stays one line. */
export function printable(text: string): string {
  return plain(text).replace(/[\t\n]/g, "\uFFFD");
}

/** The same for a text that has lines of its own: each stays one. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}
