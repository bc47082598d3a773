/** Thresholds and checks, each on one line; and what the run could not show. */
import { marks } from "../paint.ts";
import { unexpectedSaid } from "../egress-words.ts";
import type { Verdicts } from "../verdicts.ts";
import { brief, html, type Markup, type Part } from "../markup.ts";
import { count, countOf } from "./words.ts";

const verdictWords = { pass: "passed", fail: "failed", unknown: "unknown" } as const;

export function verdictCell(verdict: Verdicts["verdict"], word: string = verdictWords[verdict]): Markup {
  return html`<td class="verdict-cell">
    <span class="mark ${verdict}"
      ><span aria-hidden="true">${marks[verdict]}</span> <span class="word">${word}</span></span
    >
  </td>`;
}

export function thresholdsSection({ thresholds, gaps }: Verdicts): Markup {
  if (thresholds.length === 0) {
    return html`<section aria-labelledby="thresholds">
      <h2 id="thresholds">Thresholds</h2>
      <p class="muted">The scenario sets none.</p>
    </section>`;
  }
  return html`<section aria-labelledby="thresholds">
    <h2 id="thresholds">Thresholds</h2>
    <div class="scroll">
      <table class="verdicts">
        <thead>
          <tr>
            <th scope="col">verdict</th>
            <th scope="col">threshold</th>
            <th scope="col" class="number">measured</th>
            <th scope="col" class="number">n</th>
          </tr>
        </thead>
        <tbody>
          ${thresholds.map((threshold) => {
            const reason = reasonOf(threshold, gaps);
            return html`<tr>
              ${verdictCell(threshold.verdict)}
              <th scope="row">
                <code>${brief(threshold.expression, 200)}</code>${
                  reason !== undefined && html` <div class="because">${reason}</div>`
                }
              </th>
              <td class="number" data-label="measured">${measured(threshold)}</td>
              <td class="number" data-label="n">${count(threshold.samples)}</td>
            </tr> `;
          })}
        </tbody>
      </table>
    </div>
  </section>`;
}

export function measured(threshold: Verdicts["thresholds"][number]): string {
  if (threshold.shown !== undefined) return brief(threshold.shown, 60);
  if (threshold.value !== undefined) return count(threshold.value);
  return threshold.samples === 0 ? "no data" : "–";
}

export function checksSection(verdicts: Verdicts, numbers: ReadonlyMap<object, number>): Markup {
  const { checks } = verdicts;
  if (checks.length === 0) {
    return html`<section aria-labelledby="checks">
      <h2 id="checks">Checks</h2>
      <p class="muted">No check was judged.</p>
    </section>`;
  }
  return html`<section aria-labelledby="checks">
    <h2 id="checks">Checks</h2>
    <div class="scroll">
      <table class="verdicts">
        <thead>
          <tr>
            <th scope="col">verdict</th>
            <th scope="col">check</th>
            <th scope="col">what it is worth</th>
            <th scope="col">findings</th>
          </tr>
        </thead>
        <tbody>
          ${checks.map(
            (check) =>
              html`<tr>
                ${verdictCell(check.verdict)}
                <th scope="row"><code>${brief(check.check)}</code></th>
                <td>${worth(check, verdicts)}</td>
                <td>${links(check.findings.flatMap((finding) => numbers.get(finding) ?? []))}</td>
              </tr> `,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}

function worth(check: Verdicts["checks"][number], { gaps }: Verdicts): Part {
  const { strength, looked, findings } = check;
  const said = reasonOf(check, gaps) ?? (strength === undefined ? undefined : brief(strength, 600));
  const found = (["violation", "weakness"] as const).flatMap((grade) => {
    const n = findings.filter((finding) => finding.grade === grade).length;
    return n === 0 ? [] : [countOf(n, grade, grade === "violation" ? "violations" : "weaknesses")];
  });
  const joined = found.join(" and ");
  if (said === undefined) {
    return html`${joined}<span class="muted">${joined !== "" && ", "}looked at ${count(looked)}</span>`;
  }
  return html`${said}${joined !== "" && `, with ${joined}`}`;
}

/** A missing piece of evidence is missing for all alike and said once; what has a reason of its own says it here. */
function reasonOf(
  { verdict, because }: Pick<Verdicts["checks"][number], "verdict" | "because">,
  gaps: Verdicts["gaps"],
): Part {
  const missing = gaps.map(({ says }) => says).join("; ");
  if (verdict !== "unknown" || missing === "") return because === undefined ? undefined : brief(because, 600);
  const own = because?.startsWith(missing) === true ? because.slice(missing.length + 2) : (because ?? "");
  return html`<a href="#gaps">evidence is missing</a>${own !== "" && `; ${brief(own, 600)}`}`;
}

function links(numbers: readonly number[]): Part {
  if (numbers.length === 0) return html`<span class="muted">none</span>`;
  return numbers
    .toSorted((a, b) => a - b)
    .map(
      (number, index) =>
        html`${index > 0 && " "}<a class="to-finding" href="#finding-${number}" aria-label="Finding ${number}"
            >#${number}</a
          >`,
    );
}

export function unseenSection(verdicts: Verdicts): Markup {
  const { gaps, notCovered } = verdicts;
  return html`<section aria-labelledby="gaps">
    <h2 id="gaps">Missing evidence</h2>
    ${
      gaps.length === 0
        ? html`<p class="muted">None was found missing.</p>`
        : html`<ul class="gaps">
            ${gaps.map(
              ({ gap, says }) =>
                html`<li>
                  <span class="mark unknown" aria-hidden="true">?</span>
                  <span>${brief(says, 600)} <span class="muted">${brief(gap)}</span></span>
                </li>`,
            )}
          </ul>`
    }
    <h3 id="not-covered">Not covered</h3>
    ${
      notCovered.length === 0
        ? html`<p class="muted">Every check of the scenario applies to it.</p>`
        : html`<dl class="pairs">
            ${notCovered.map(
              ({ check, because }) =>
                html`<div>
                  <dt><code>${brief(check)}</code></dt>
                  <dd>${brief(because, 600)}</dd>
                </div>`,
            )}
          </dl>`
    }
    ${unexpectedList(verdicts)}
  </section>`;
}

function unexpectedList(verdicts: Verdicts): Part {
  const said = unexpectedSaid(verdicts);
  if (said.length === 0) return undefined;
  return html`<h3 id="unexpected-destinations">Unexpected destinations</h3>
    <ul>
      ${said.map((says) => html`<li>${brief(says, 600)}</li>`)}
    </ul>`;
}
