/** The top of every page: the verdict in one word and one sentence, whose it is, and the most important numbers. */
import { html, type Markup } from "../markup.ts";
import { marks } from "../paint.ts";
import type { Verdicts } from "../verdicts.ts";

/** A number, its name before it and what it is of behind it. */
export type Tile = readonly [name: Markup | string, value: string, beside: Markup | string];

interface Top {
  readonly verdict: Verdicts["verdict"];
  /** The verdict as it is called here. */
  readonly word: string;
  readonly name: string;
  readonly lead: string;
  readonly warnings: readonly string[];
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly tiles: readonly Tile[];
}

export function top({ verdict, word, name, lead, warnings, facts, tiles }: Top): Markup {
  return html`<header class="top ${verdict}">
    <h1>
      <span class="verdict"><span class="mark" aria-hidden="true">${marks[verdict]}</span> ${word}</span>
      <span class="scenario">${name}</span>
    </h1>
    <p class="lead">${lead}</p>
    ${warnings.map((says) => html`<p class="warning"><span aria-hidden="true">!</span> ${says}</p>`)}
    <dl class="identity">
      ${facts.map(
        ([fact, value]) =>
          html`<div>
            <dt>${fact}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
    <dl class="tiles">
      ${tiles.map(
        ([tile, value, beside]) =>
          html`<div>
            <dt>${tile}</dt>
            <dd><b>${value}</b> ${typeof beside === "string" ? html`<span>${beside}</span>` : beside}</dd>
          </div>`,
      )}
    </dl>
  </header>`;
}

/** Said of one run or of several. */
export const aboutControl =
  "the same plan with no fault injected. It tells whether the checks stay silent when nothing is broken, not what a fault would do.";
export const neverPass = "What could not be seen is never a pass.";
