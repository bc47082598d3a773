/** What every page of ours stands in: one file that loads nothing, and lets nothing run but its own style and script. */
import { createHash } from "node:crypto";
import { html, markup, textOf, type Markup } from "../markup.ts";
import { marks } from "../paint.ts";
import type { Verdicts } from "../verdicts.ts";
import { script } from "./script.ts";

interface Page {
  readonly verdict: Verdicts["verdict"];
  readonly title: string;
  readonly style: string;
  readonly body: Markup;
}

export function shell({ verdict, title, style, body }: Page): string {
  const policy = [
    "default-src 'none'",
    "img-src data:",
    `style-src 'sha256-${digest(style)}'`,
    `script-src 'sha256-${digest(script)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return textOf(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta http-equiv="Content-Security-Policy" content="${policy}" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <meta name="referrer" content="no-referrer" />
          <title>${title} – Squall</title>
          <link rel="icon" href="${icon(verdict)}" />
          ${markup(`<style>${style}</style>`)}
        </head>
        <body>
          ${body} ${markup(`<script>${script}</script>`)}
        </body>
      </html> `,
  );
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}

const iconColours = { pass: "1a7f37", fail: "c62828", unknown: "9a6700" } as const;

/** The verdict in the browser's tab; as data, so that nothing is fetched. */
function icon(verdict: Verdicts["verdict"]): string {
  const sign = encodeURIComponent(marks[verdict]);
  return `data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='3' fill='%23${iconColours[verdict]}'/%3E%3Ctext x='8' y='12.5' font-size='12' text-anchor='middle' fill='white'%3E${sign}%3C/text%3E%3C/svg%3E`;
}
