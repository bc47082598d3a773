/** How to repeat the run, what lies beside the page, and on paper a place to sign. */
import { titles } from "../titles.ts";
import { engineSaid, type Verdicts } from "../verdicts.ts";
import { brief, html, type Markup } from "../markup.ts";

export function repeatSection({ replay, engine }: Verdicts): Markup {
  return html`<section aria-labelledby="repeat">
    <h2 id="repeat">How to repeat it</h2>
    <p class="muted">
      The same seed gives the same plan.${engine === undefined ? "" : ` The engine was ${engineSaid(engine)}.`}
    </p>
    <div class="copyable">
      <pre tabindex="0" aria-label="The command line that repeats this run"><code>${brief(replay, 4000)}</code></pre>
    </div>
  </section>`;
}

const files = [
  ["verdicts.json", "what this page says, for machines"],
  ["figures.json", "the figures that this page draws"],
  ["histograms.json", "response and service times in full, to be merged with those of other runs"],
  ["junit.xml", "checks and thresholds for CI"],
  ["scenario.json", "the scenario as it was played, without secrets"],
  ["plan.json", "phases, faults and arrivals as planned"],
  ["history/", "every event; squall check judges it again"],
] as const;

export function filesSection({ run }: Verdicts): Markup {
  return html`<section aria-labelledby="files">
    <h2 id="files">Files</h2>
    <p class="muted">Beside this page, in the folder of run <code>${brief(run)}</code>:</p>
    <dl class="pairs">
      ${files.map(
        ([name, about]) =>
          html`<div>
            <dt><code>${name}</code></dt>
            <dd>${about}</dd>
          </div>`,
      )}
    </dl>
  </section>`;
}

export function signature({ verdict, mode, scenario, seed, run }: Verdicts): Markup {
  return html`<section class="print-only signature" aria-label="Signature">
    <p>
      ${titles[mode][verdict]}: <b>${brief(scenario, 120)}</b>, seed ${String(seed)}, run
      ${brief(run)}${mode === "control" && " (no fault was injected)"}
    </p>
    <dl>
      <div>
        <dt>Name</dt>
        <dd></dd>
      </div>
      <div>
        <dt>Role</dt>
        <dd></dd>
      </div>
      <div>
        <dt>Date</dt>
        <dd></dd>
      </div>
      <div>
        <dt>Signature</dt>
        <dd></dd>
      </div>
    </dl>
  </section>`;
}
