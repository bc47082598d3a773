/** What `--repeat` comes to: of so many runs, how often each check passed, with the interval in which its share lies. */
import {
  aboutRepeat,
  doneSaid,
  examplesOf,
  shareSaid,
  words,
  worstFirst,
  worstOf,
  type Tally,
} from "../batch-words.ts";
import { brief, html, type Markup, type Part } from "../markup.ts";
import { repeatDocument, type Repeated } from "../repeat.ts";
import type { Batch } from "../reporter.ts";
import { round } from "./scales.ts";
import { verdictCell } from "./verdict-tables.ts";

export function repeatedSections(batch: Batch): Part {
  if (batch.repeat === undefined) return undefined;
  return repeatDocument(batch, batch.repeat).scenarios.map((repeated, index) =>
    section(repeated, `repeated-${index + 1}`, examplesOf(batch, repeated.replay)),
  );
}

function section(repeated: Repeated["scenarios"][number], id: string, examples: ReadonlyMap<string, string>): Markup {
  const { scenario, seed, mode, asked, done, verdicts, checks, thresholds, replay } = repeated;
  const runs = mode === "control" ? "control runs" : "runs";
  return html`<section aria-labelledby="${id}">
    <h2 id="${id}">Repeated: ${brief(scenario, 120)}</h2>
    <p class="muted">Seed ${String(seed)}, ${doneSaid(done, asked).replace("runs", runs)}. ${aboutRepeat}</p>
    ${
      done === 0
        ? html`<p>Nothing to count.</p>`
        : html`<div class="scroll">
            <table class="verdicts tallies">
              <thead>
                <tr>
                  <th scope="col">worst</th>
                  <th scope="col">check</th>
                  ${worstFirst.map((verdict) => html`<th scope="col">${words[verdict]}</th>`)}
                </tr>
              </thead>
              <tbody>
                ${row("the whole run", verdicts)}
                ${thresholds.map((one) => row(brief(one.expression, 200), one.verdicts))}
                ${checks.map((one) => row(brief(one.check), one.verdicts, one.verdicts.fail.k > 0 ? examples.get(one.check) : undefined))}
              </tbody>
            </table>
          </div>`
    }
    <div class="copyable">
      <pre tabindex="0" aria-label="The command line that repeats one run"><code>${brief(replay, 4000)}</code></pre>
    </div>
  </section>`;
}

function row(name: string, tally: Tally, example?: string): Markup {
  return html`<tr>
    ${verdictCell(worstOf(tally), words[worstOf(tally)])}
    <th scope="row">
      ${name}${example !== undefined && html` <div class="because">for example: ${brief(example, 240)}</div>`}
    </th>
    ${worstFirst.map((verdict) => html`<td data-label="${words[verdict]}">${share(verdict, tally)}</td>`)}
  </tr> `;
}

/** As text, and drawn: the dot is what was counted, the bar where the share lies. */
function share(verdict: keyof Tally, tally: Tally): Part {
  const { k, n, low, high } = tally[verdict];
  const percent = (part: number): string => `${round(part * 100)}%`;
  return html`<span class="${k === 0 && "muted"}">${shareSaid(tally[verdict])}</span>
    <svg class="interval ${verdict}" aria-hidden="true">
      <rect class="whole" y="3" width="100%" height="2" />
      <rect x="${percent(low)}" width="${percent(high - low)}" height="8" />
      <circle cx="${percent(n === 0 ? 0 : k / n)}" cy="4" r="4" />
    </svg>`;
}
