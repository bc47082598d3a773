/** The charts' figures as a table: what the readout under the pointer shows, and what can be read without seeing. */
import type { Figures } from "../../measure/figures.ts";
import { bytesSaid } from "../generator-words.ts";
import type { Bin } from "./bins.ts";
import type { Timeline } from "./frame.ts";
import { brief, html, type Markup } from "../markup.ts";
import { count, moment, outcomes, took } from "./words.ts";

export function momentsTable(
  bins: readonly Bin[],
  { phases, vitals }: Pick<Figures, "phases" | "vitals">,
  { x, lanes }: Timeline,
): Markup {
  const rows = bins.map(({ fromUs, toUs, counts: bucket }) => {
    const phase = phases.findLast(({ startUs }) => startUs <= (fromUs + toUs) / 2)?.phase ?? "–";
    const on = lanes.filter(({ windows }) =>
      windows.some((window) => window.requestedUs < toUs && window.toUs > fromUs),
    );
    const vital = vitals.points.findLast((point) => point.fromUs < toUs && point.toUs > fromUs);
    return html`<tr data-from="${x.percent(fromUs)}" data-to="${x.percent(toUs)}">
      <th scope="row">${moment(fromUs)}</th>
      <td>${took(toUs - fromUs)}</td>
      <td>${brief(phase, 40)}</td>
      <td>${on.length === 0 ? "–" : on.map(({ letter }) => letter).join(" ")}</td>
      <td>${count(bucket.offered)}</td>
      ${outcomes.map((outcome) => html`<td>${count(bucket.ops[outcome])}</td>`)}
      <td>${count(bucket.attempts)}</td>
      <td>${count(bucket.exchanges)}</td>
      <td>${count(bucket.effects)}</td>
      <td>${tookOrNone(bucket.p50Us)}</td>
      <td>${tookOrNone(bucket.p95Us)}</td>
      <td>${vital === undefined ? "–" : count(vital.cpu)}</td>
      <td>${vital === undefined ? "–" : bytesSaid(vital.rssBytes)}</td>
      <td>${tookOrNone(vital?.delayMaxUs)}</td>
    </tr> `;
  });
  return html`<details class="screen-only">
    <summary>The charts as a table</summary>
    <div class="scroll low" role="region" aria-label="The charts as a table" tabindex="0">
      <table id="moments" class="numbers">
        <thead>
          <tr>
            <th scope="col">from</th>
            <th scope="col">for</th>
            <th scope="col">phase</th>
            <th scope="col">faults</th>
            <th scope="col">offered</th>
            ${outcomes.map((outcome) => html`<th scope="col">${outcome}</th>`)}
            <th scope="col">attempts</th>
            <th scope="col">exchanges</th>
            <th scope="col">effects</th>
            <th scope="col">p50</th>
            <th scope="col">p95</th>
            <th scope="col">squall cores</th>
            <th scope="col">squall memory</th>
            <th scope="col">loop delay</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
  </details>`;
}

function tookOrNone(us: number | undefined): string {
  return us === undefined ? "–" : took(us);
}
