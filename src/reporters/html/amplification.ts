/** How many requests each hop made of those that came to it, phase beside phase. */
import type { Figures, HopFigures } from "../../measure/figures.ts";
import { brief, html, type Markup, type Part } from "../markup.ts";
import { count, moment, took } from "./words.ts";

const hopsMax = 40;

export function amplificationSection(figures: Figures): Markup {
  const byLink = new Map<string, HopFigures[]>();
  for (const hop of figures.hops) byLink.set(hop.link, [...(byLink.get(hop.link) ?? []), hop]);
  const widest = figures.hops.reduce((most, { ratio = 0 }) => Math.max(most, ratio), 1);
  const roles = new Map(figures.phases.map(({ phase, role }) => [phase, role]));
  const links = [...byLink];
  return html`<section aria-labelledby="amplification">
    <h2 id="amplification">Amplification</h2>
    <p class="muted">Requests that a hop made for each that came to it. The line is the baseline's ratio.</p>
    ${
      links.length === 0
        ? html`<p class="muted">No hop was measured.</p>`
        : html`<div class="hops">
            ${links.slice(0, hopsMax).map(([link, hops]) => hopTable(link, hops, { widest, roles }))}
          </div>`
    }${links.length > hopsMax && html`<p class="muted">and ${links.length - hopsMax} more hops in figures.json</p>`}
    ${recovery(figures)}
  </section>`;
}

interface Context {
  readonly widest: number;
  readonly roles: ReadonlyMap<string, string>;
}

const planes = { "agent-server": "attempts per op", "server-upstream": "exchanges per attempt" } as const;

function hopTable(link: string, hops: readonly HopFigures[], { widest, roles }: Context): Markup {
  const [first] = hops;
  if (hops.every(({ ratio }) => ratio === undefined)) return uncounted(link, hops);
  const baseline = hops.find(({ phase }) => roles.get(phase) === "baseline")?.ratio;
  return html`<table class="hop">
    <caption>
      <code>${brief(link)}</code>
      <span class="muted">${first !== undefined && planes[first.plane]}</span>
    </caption>
    <thead class="hidden">
      <tr>
        <th scope="col">phase</th>
        <th scope="col">ratio as a bar</th>
        <th scope="col">ratio</th>
        <th scope="col">requests for callers</th>
      </tr>
    </thead>
    <tbody>
      ${hops.map(
        ({ phase, ratio, requests, callers }) =>
          html`<tr class="${roles.get(phase) ?? ""}">
            <th scope="row">${brief(phase, 40)}</th>
            <td class="ratio-bar">
              <svg aria-hidden="true">
                ${
                  ratio !== undefined && html`<rect class="ratio" width="${percentOf(ratio, widest)}%" height="100%" />`
                }${baseline !== undefined && html`<line class="reference" x1="${percentOf(baseline, widest)}%" x2="${percentOf(baseline, widest)}%" y1="0" y2="100%" />`}
              </svg>
            </td>
            <td class="number"><b>${ratioText(ratio)}</b></td>
            <td class="number muted">${whence(requests, callers, ratio)}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

/** Nothing to compare: one line says why, rather than as many empty ones as there are phases. */
function uncounted(link: string, hops: readonly HopFigures[]): Markup {
  const called = hops.some(({ callers }) => callers > 0);
  return html`<p class="hop">
    <code>${brief(link)}</code>
    <span class="muted">${called ? "not counted: its requests cannot be told apart" : "nobody called it"}</span>
  </p>`;
}

function percentOf(ratio: number, widest: number): string {
  // The widest leaves room for its line.
  return Math.min(98, Math.max(0, (ratio / widest) * 98)).toFixed(2);
}

function ratioText(ratio: number | undefined): string {
  return ratio === undefined ? "–" : `${ratio.toFixed(2)}×`;
}

function whence(requests: number, callers: number, ratio: number | undefined): Part {
  if (callers === 0) return "no caller";
  return ratio === undefined ? "not counted" : `${count(requests)} for ${count(callers)}`;
}

function recovery({ episodes }: Figures): Part {
  if (episodes.length === 0) return undefined;
  return html`<h3 id="recovery">Recovery</h3>
    <div class="scroll" role="region" aria-labelledby="recovery" tabindex="0">
      <table class="snug">
        <thead>
          <tr>
            <th scope="col">episode</th>
            <th scope="col" class="number">faults clear at</th>
            <th scope="col">time to recovery</th>
          </tr>
        </thead>
        <tbody>
          ${episodes.map(
            ({ phase, clearUs, recoveryUs, because }) =>
              html`<tr>
                <th scope="row">${brief(phase)}</th>
                <td class="number">${clearUs === undefined ? "–" : moment(clearUs)}</td>
                <td>
                  ${
                    recoveryUs === undefined
                      ? html`<span class="mark unknown">?</span> ${brief(because ?? "not within what was seen", 300)}`
                      : took(recoveryUs)
                  }
                </td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}
