/** Ops against the world: what the caller was told, and what really happened. */
import type { OpOutcome } from "../../history/outcomes.ts";
import type { EffectFigures, Figures } from "../../measure/figures.ts";
import { brief, html, type Markup } from "../markup.ts";
import { count, outcomes, outcomesAbout, sumOf } from "./words.ts";

type Effects = EffectFigures["counts"][number]["effects"];

const columns: readonly Effects[] = ["0", "1", "more"];

interface Meaning {
  readonly is: "legal" | "illegal" | "info";
  readonly word: string;
}

const legal: Meaning = { is: "legal", word: "" };
const illegal = (word: string): Meaning => ({ is: "illegal", word });

/** What it means that an op of this outcome has so many effects. */
const meanings: Readonly<Record<OpOutcome, Readonly<Record<Effects, Meaning>>>> = {
  ok: { "0": illegal("lost"), "1": legal, more: illegal("duplicated") },
  failed: { "0": legal, "1": illegal("orphaned"), more: illegal("orphaned") },
  unknown: { "0": legal, "1": { is: "info", word: "recovered" }, more: illegal("duplicated") },
  "not-run": { "0": legal, "1": illegal("orphaned"), more: illegal("orphaned") },
};

export function effectsSection({ effects }: Figures): Markup {
  return html`<section aria-labelledby="effects">
    <h2 id="effects">Ops against effects</h2>
    ${
      effects.length === 0
        ? html`<p class="muted">No op of this run has an effect that a ledger counts.</p>`
        : html`<p class="muted">What the caller was told, against what the ledger holds.</p>
            <div class="effects">${effects.map(effectTable)}</div>`
    }
  </section>`;
}

function effectTable(figures: EffectFigures): Markup {
  const { effect, ledger, quiet } = figures;
  return html`<div class="effect-block">
    <div class="scroll" role="region" aria-label="Ops against effects of ${brief(effect)}" tabindex="0">
      <table class="effect-table">
        <caption>
          <code>${brief(effect)}</code>
          <span class="muted">in the ledger ${brief(ledger)}</span>
        </caption>
        <thead>
          <tr>
            <th scope="col">the op was</th>
            <th scope="col">no effect</th>
            <th scope="col">one</th>
            <th scope="col">more</th>
          </tr>
        </thead>
        <tbody>
          ${outcomes.map(
            (outcome) =>
              html`<tr>
                <th scope="row">
                  <b class="outcome ${outcome}">${outcome}</b> <span class="muted">${outcomesAbout[outcome]}</span>
                </th>
                ${columns.map((column) => cell(figures, outcome, column))}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${
      !quiet &&
      html`<p class="because">
        <span class="mark unknown" aria-hidden="true">?</span> The ledger was not seen to come to rest, or its rows go
        again: a missing row may have been there, or may still have come, so no effect is called lost.
      </p>`
    }
  </div>`;
}

function cell({ counts, quiet }: EffectFigures, outcome: OpOutcome, effects: Effects): Markup {
  const ops = sumOf(
    counts.filter((entry) => entry.outcome === outcome && entry.effects === effects),
    (entry) => entry.ops,
  );
  const { is, word } = meanings[outcome][effects];
  if (ops === 0) return html`<td class="none">0${word !== "" && html` <span class="word">${word}</span>`}</td>`;
  if (is === "legal") return html`<td class="legal"><b>${count(ops)}</b> <span aria-hidden="true">✓</span></td>`;
  if (is === "info") return html`<td class="info"><b>${count(ops)}</b> <span class="word">i ${word}</span></td>`;
  if (word === "lost" && !quiet)
    return html`<td class="info"><b>${count(ops)}</b> <span class="word">? not yet seen</span></td>`;
  return html`<td class="illegal"><b>${count(ops)}</b> <span class="word">✗ ${word}</span></td>`;
}
