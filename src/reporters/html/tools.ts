/** Every tool by group and phase: what its ops came to, how long they took, how often they were tried. */
import type { Figures, ToolFigures } from "../../measure/figures.ts";
import { degradedSaid } from "../degraded-words.ts";
import { listedSaid } from "../listed-words.ts";
import { heldSaid } from "../held-words.ts";
import { brief, html, type Markup, type Part } from "../markup.ts";
import { outcomeBar } from "./symbols.ts";
import { count, outcomes, noPercentile, sumOf, took } from "./words.ts";

const rowsMax = 400;

export function toolsSection({ tools, listings = [] }: Figures): Markup {
  const degraded = degradedSaid({ tools });
  const said = heldSaid({ tools });
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
            ${listedSaid({ listings }).map((says) => html`<p>What it takes to know the tools: ${brief(says)}.</p>`)}
            ${degraded !== "" && html`<p>${degraded}.</p>`} ${said.map((says) => html`<p>${brief(says, 600)}.</p>`)}
            <div class="scroll" role="region" aria-labelledby="tools" tabindex="0">
              <table class="tools sortable">
                <thead>
                  <tr>
                    ${head}${said.length > 0 && notSentHead}
                  </tr>
                </thead>
                <tbody>
                  ${tools.slice(0, rowsMax).map((tool) => row(tool, said.length > 0))}
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

const notSentHead = html`<th scope="col">not sent, and why</th>`;

function row(figures: ToolFigures, tellsNotSent: boolean): Markup {
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
    ${tellsNotSent && html`<td class="classes">${notSent(figures)}</td>`}
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
  const notOk = Object.entries(classes).filter(([name, n]) => name !== "ok" && n > 0);
  return listed(mostFirst(notOk).map(([name, n]) => `${brief(name, 40)} ${count(n)}`));
}

function notSent({ notRun = {}, heldBack = {} }: ToolFigures): Part {
  // Reasons are words of their own, and some end with a name.
  const told = (reasons: typeof notRun): string[] =>
    mostFirst(Object.entries(reasons)).map(([because, n]) => `${brief(because, 60)} (${count(n)})`);
  return listed([...told(notRun), ...told(heldBack).map((said) => `not again: ${said}`)]);
}

function mostFirst(counts: readonly (readonly [string, number])[]): (readonly [string, number])[] {
  return counts.toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
}

function listed(told: readonly string[]): Part {
  return told.length === 0 ? html`<span class="muted">–</span>` : told.join(", ");
}
