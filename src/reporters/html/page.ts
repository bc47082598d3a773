/** The page as a whole: one string that needs nothing else, no network and no script. */
import type { RunResult } from "../reporter.ts";
import { titles } from "../titles.ts";
import { amplificationSection } from "./amplification.ts";
import { binsOf } from "./bins.ts";
import { generatorSection } from "./generator.ts";
import { latencyChart } from "./latency.ts";
import { loadChart, outcomesChart } from "./rates.ts";
import { filesSection, repeatSection, signature } from "./closing.ts";
import { effectsSection } from "./effects.ts";
import { brief, html, type Markup, type Part } from "../markup.ts";
import { findingsSection, numbered, witnessedOf, type Numbered } from "./findings.ts";
import { timelineOf } from "./frame.ts";
import { headline } from "./headline.ts";
import { laneKey, lanesOf } from "./lanes.ts";
import { momentsTable } from "./moments.ts";
import { shell } from "./shell.ts";
import { style } from "./style.ts";
import { sprite } from "./symbols.ts";
import { toolsSection } from "./tools.ts";
import { checksSection, thresholdsSection, unseenSection } from "./verdict-tables.ts";
import { count, moment } from "./words.ts";

export function page({ verdicts, figures }: RunResult): string {
  const findings = numbered(verdicts, figures);
  const numbers = new Map<object, number>(findings.map(({ finding, number }) => [finding, number]));
  const body = html`<a class="skip" href="#main">Skip to the verdicts</a>
    ${sprite()} ${headline(verdicts, figures)} ${contents(findings)}
    <main id="main" tabindex="-1">
      ${thresholdsSection(verdicts)} ${checksSection(verdicts, numbers)} ${findingsSection(findings, figures)}
      ${unseenSection(verdicts)} ${overTime({ verdicts, figures }, findings)} ${amplificationSection(figures)}
      ${effectsSection(figures)} ${toolsSection(figures)} ${generatorSection(figures, verdicts)}
      ${repeatSection(verdicts)} ${filesSection(verdicts)} ${signature(verdicts)}
    </main>
    <footer class="muted">Squall ${brief(verdicts.squall, 40)}, run ${brief(verdicts.run)}</footer>`;
  const { verdict, mode, scenario, seed } = verdicts;
  const title = `${titles[mode][verdict]} ${brief(scenario, 120)} seed ${seed}`;
  return shell({ verdict, title, style, body });
}

function contents(findings: readonly Numbered[]): Markup {
  const parts: readonly (readonly [string, string])[] = [
    ["thresholds", "Thresholds"],
    ["checks", "Checks"],
    ["findings", `Findings ${findings.length > 0 ? count(findings.length) : ""}`.trimEnd()],
    ["gaps", "Missing evidence"],
    ["over-time", "Over time"],
    ["amplification", "Amplification"],
    ["effects", "Effects"],
    ["tools", "Tools"],
    ["generator", "Load generator"],
    ["repeat", "Repeat"],
  ];
  return html`<nav aria-label="On this page">
    <ul>
      ${parts.map(([id, name]) => html`<li><a href="#${id}">${name}</a></li>`)}
    </ul>
  </nav>`;
}

function overTime({ figures }: Pick<RunResult, "verdicts" | "figures">, findings: readonly Numbered[]): Markup {
  const timeline = timelineOf(figures);
  const lanes = lanesOf(figures);
  const hasSeries = figures.series.buckets.length > 0;
  const nothing = !hasSeries && figures.points.length === 0;
  return html`<section aria-labelledby="over-time">
    <h2 id="over-time">Over time</h2>
    ${
      figures.phases.length > 0 &&
      html`<ol class="phases">
        ${figures.phases.slice(0, 100).map(({ phase, startUs, endUs }) => html`<li><b>${brief(phase, 60)}</b> ${moment(startUs)}–${moment(endUs)}</li>`)}
      </ol>`
    }
    ${lanes.length > 0 ? laneKey(lanes) : html`<p class="muted">No fault was injected.</p>`}
    ${nothing ? html`<p class="muted">No op was recorded, so there is nothing to draw.</p>` : chartsOf(figures, timeline, findings, hasSeries)}
    ${eventsList(figures.marks)}
  </section>`;
}

function chartsOf(
  figures: RunResult["figures"],
  timeline: ReturnType<typeof timelineOf>,
  findings: readonly Numbered[],
  hasSeries: boolean,
): Part {
  const bins = binsOf(figures);
  return html`<div class="charts">
      ${latencyChart({ figures, bins, witnessed: witnessedOf(findings) }, timeline)}
      ${hasSeries && [outcomesChart(bins, timeline), loadChart(bins, timeline)]}
      <p class="edges-key muted">
        Lines across: a fault
        <svg class="sample" width="12" height="12" aria-hidden="true">
          <line class="event h0 requested" x1="6" x2="6" y1="0" y2="12" />
        </svg>
        requested,
        <svg class="sample" width="12" height="12" aria-hidden="true">
          <line class="event h0 observed" x1="6" x2="6" y1="0" y2="12" />
        </svg>
        observed,
        <svg class="sample" width="12" height="12" aria-hidden="true">
          <line class="event h0 healed" x1="6" x2="6" y1="0" y2="12" />
        </svg>
        healed; dashed lanes: not seen to bite, or not
        yet${figures.faults.some(({ steps = [] }) => steps.length > 0) && html`; a stroke inside a lane: a step of what grows`}${figures.marks.length > 0 && html`; <svg class="sample" width="12" height="12" aria-hidden="true"><line class="mark" x1="6" x2="6" y1="0" y2="12" /></svg> an event of the list below`}.
        <span class="script-only">Point at a chart, or focus it and use the arrow keys, to read its figures.</span>
      </p>
    </div>
    ${hasSeries && momentsTable(bins, figures, timeline)}`;
}

const eventsOpenMax = 12;

function eventsList(events: RunResult["figures"]["marks"]): Part {
  if (events.length === 0) return undefined;
  const list = html`<ol class="events">
    ${events.slice(0, 200).map(({ atUs, says }) => html`<li><b>${moment(atUs)}</b> ${brief(says, 140)}</li>`)}
  </ol>`;
  return html`<details${events.length <= eventsOpenMax && html` open`}><summary>Events (${count(events.length)})</summary>${list}</details>`;
}
