/** Every tool by group and phase: what its ops came to, how long they took, how often they were tried. */
import type { Figures, ToolFigures } from "../../measure/figures.ts";
import { degradedSaid } from "../degraded-words.ts";
import { brief, html, type Markup, type Part } from "../markup.ts";
import { outcomeBar } from "./symbols.ts";
import { count, outcomes, noPercentile, sumOf, took } from "./words.ts";

const rowsMax = 400;

export function toolsSection({ tools }: Figures): Markup {
  const degraded = degradedSaid({ tools });
  return html`<section aria-labelledby="tools" class="wide">
    <h2 id="tools">Tools</h2>
    ${
      tools.length === 0
        ? html`<p class="muted">No tool was called.</p>`
        : html`<p class="muted">
              p50 to max are the response times of the ok ops, from their intended start; service is the time of the ok
              attempts alone, from request to answer. What a response takes beyond that was spent on waiting to begin,
              on attempts that failed, and between attempts. A percentile is given only where there are enough for it.
            </p>
            ${degraded !== "" && html`<p>${degraded}.</p>`}
            <div class="scroll" role="region" aria-labelledby="tools" tabindex="0">
              <table class="tools sortable">
                <thead>
                  <tr>
                    ${head}
                  </tr>
                </thead>
                <tbody>
                  ${tools.slice(0, rowsMax).map(row)}
                </tbody>
              </table>
            </div>
            ${
              tools.length > rowsMax &&
              html`<p class="muted">and ${tools.length - rowsMax} more rows in figures.json</p>`
            }`
    }
  </section>`;
}

const head: readonly Markup[] = [
  ...["group", "tool", "phase"].map((name) => html`<th scope="col">${name}</th>`),
  html`<th scope="col" class="bar-cell">ops</th>`,
  ...[...outcomes, "attempts", "p50", "p95", "p99", "max", "service p50", "service p95"].map(
    (name) => html`<th scope="col" class="number">${name}</th>`,
  ),
  html`<th scope="col">attempts not ok</th>`,
];

function row(figures: ToolFigures): Markup {
  const { group, server, tool, phase, insteadOf, ops, attempts, classes, response, service } = figures;
  const total = sumOf(outcomes, (outcome) => ops[outcome]);
  const { p50Us, p95Us, p99Us, maxUs } = response;
  return html`<tr>
    <td>${name(group)}</td>
    <th scope="row">
      ${name(html`<code>${brief(`${server}.${tool}`, 80)}</code>${insteadOf !== undefined && " stands in"}`)}
    </th>
    <td>${name(phase)}</td>
    <td class="bar-cell">${outcomeBar(ops, total)} ${count(total)}</td>
    ${outcomes.map((outcome) => plainNumber(ops[outcome]))}${plainNumber(attempts)}${[p50Us, p95Us, p99Us].map((us) => time(us, noPercentile(response)))}${time(maxUs, "–")}${[service.p50Us, service.p95Us].map((us) => time(us, noPercentile(service)))}
    <td class="classes">${notOk(classes)}</td>
  </tr> `;
}

/** As wide as it is, up to a limit. */
function name(of: string | Markup): Markup {
  return html`<div class="name">${typeof of === "string" ? brief(of, 60) : of}</div>`;
}

function plainNumber(n: number): Markup {
  return n === 0 ? html`<td class="number muted">0</td>` : html`<td class="number">${count(n)}</td>`;
}

/** A time as people read it, and as it sorts; what is absent comes first. */
function time(us: number | undefined, otherwise: string): Markup {
  return us === undefined
    ? html`<td class="number too-few" data-sort="-1">${otherwise}</td>`
    : html`<td class="number" data-sort="${us}">${took(us)}</td>`;
}

function notOk(classes: ToolFigures["classes"]): Part {
  const told = Object.entries(classes)
    .filter(([name, n]) => name !== "ok" && n > 0)
    .toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .map(([name, n]) => `${brief(name, 40)} ${count(n)}`);
  return told.length === 0 ? html`<span class="muted">–</span>` : told.join(", ");
}
