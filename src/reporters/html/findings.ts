/** Each finding in full: whose it is, what it is, why it matters, how to mend it, and the ops that prove it. */
import type { Figures, Story } from "../../measure/figures.ts";
import type { Verdicts } from "../verdicts.ts";
import type { Witnessed } from "./latency.ts";
import { brief, html, type Markup } from "../markup.ts";
import { inFull, inShort, storyTable } from "./story.ts";
import { count, moment, took } from "./words.ts";

type Finding = Verdicts["checks"][number]["findings"][number];

/** A finding with its number on this page: the gravest first, else in the order of the checks. */
export interface Numbered {
  readonly number: number;
  readonly check: string;
  readonly finding: Finding;
  readonly stories: readonly Story[];
  /** Ops whose story an earlier finding tells. */
  readonly toldBefore: readonly { readonly op: string; readonly number: number }[];
}

const gravestFirst: readonly Finding["grade"][] = ["violation", "weakness", "info"];
const storiesMax = 10;

export function numbered({ checks }: Verdicts, { stories }: Figures): readonly Numbered[] {
  const byOp = new Map(stories.map((story) => [story.op, story]));
  const told = new Map<string, number>();
  return checks
    .flatMap(({ check, findings }) => findings.map((finding) => ({ check, finding })))
    .toSorted((a, b) => gravestFirst.indexOf(a.finding.grade) - gravestFirst.indexOf(b.finding.grade))
    .map(({ check, finding }, index) => {
      const number = index + 1;
      const ops = [...new Set(finding.witness.ops)].slice(0, storiesMax);
      const toldBefore = ops.flatMap((op) => {
        const before = told.get(op);
        return before === undefined ? [] : [{ op, number: before }];
      });
      const own = ops.flatMap((op) => (told.has(op) ? [] : (byOp.get(op) ?? [])));
      for (const { op } of own) told.set(op, number);
      return { number, check, finding, stories: own, toldBefore };
    });
}

const badge = { violation: "✗", weakness: "!", info: "i" } as const;
const openAtFirst = 2;

export function findingsSection(findings: readonly Numbered[], figures: Figures): Markup {
  return html`<section aria-labelledby="findings">
    <h2 id="findings">Findings</h2>
    ${
      findings.length === 0
        ? html`<p class="muted">None.</p>`
        : findings.map((finding) => findingArticle(finding, figures))
    }
  </section>`;
}

function findingArticle({ number, check, finding, stories, toldBefore }: Numbered, figures: Figures): Markup {
  const { grade, blames, says, why, fix, witness } = finding;
  const id = `finding-${number}`;
  return html` <article class="finding ${grade}" id="${id}" aria-labelledby="${id}-name" tabindex="-1">
    <h3 id="${id}-name">
      <a class="anchor" href="#${id}">#${number}</a>
      <span class="badge ${grade}"
        ><span aria-hidden="true">${badge[grade]}</span> ${grade} ${grade === "info" ? "about" : "of"} the
        ${blames}</span
      >
      <code>${brief(check)}</code>
    </h3>
    <p class="says">${brief(says, 2000)}</p>
    <dl class="pairs">
      <div>
        <dt>Why it matters</dt>
        <dd>${brief(why, 2000)}</dd>
      </div>
      <div>
        <dt>How to fix it</dt>
        <dd>${brief(fix, 2000)}</dd>
      </div>
      <div>
        <dt>Witness</dt>
        <dd>
          <span class="ids"
            >${witness.events.length === 0 ? "no event" : witness.events.map((event, index) => html`${index > 0 && " "}<code>${brief(event, 60)}</code>`)}</span
          >
        </dd>
      </div>
    </dl>
    ${stories.map((story, index) => storyDetails(story, { id: storyId(number, index), open: index < openAtFirst, figures }))}
    ${toldBefore.length > 0 && html`<p class="muted">Told above: ${toldBefore.map(({ op, number: before }, index) => html`${index > 0 && ", "}<code>${brief(op)}</code> under <a href="#finding-${before}">#${before}</a>`)}</p>`}
  </article>`;
}

function storyId(number: number, index: number): string {
  return `finding-${number}-op-${index + 1}`;
}

function storyDetails(
  story: Story,
  { id, open, figures }: { readonly id: string; readonly open: boolean; readonly figures: Figures },
): Markup {
  return html`<details class="story" id="${id}" ${open && html` open`}>
    <summary><code>${brief(story.op)}</code> <span>${storySays(story)}</span></summary>
    ${storyTable(story, { figures, id, detail: open ? inFull : inShort })}
  </details> `;
}

function storySays(story: Story): string {
  const { group, server, tool, phase, outcome, because, attempts, effects, intendedUs, endUs } = story;
  const after = endUs === undefined ? "never ended" : `after ${took(endUs - intendedUs)}`;
  const tries = attempts.length === 1 ? "1 attempt" : `${count(attempts.length)} attempts`;
  const left =
    effects.length === 0 ? "" : `, ${effects.length === 1 ? "1 effect" : `${count(effects.length)} effects`}`;
  const why = because === undefined ? "" : ` (${brief(because, 120)})`;
  return `${brief(group, 40)} called ${brief(server, 40)}.${brief(tool, 60)} at ${moment(intendedUs)} in ${brief(phase, 40)}: ${outcome}${why} ${after}, ${tries}${left}`;
}

const pinsOfOne = 3;

/** Where the charts point at findings: a few ops of each, so that the way through them by keyboard stays short. */
export function witnessedOf(findings: readonly Numbered[]): readonly Witnessed[] {
  return findings.flatMap(({ number, stories }) =>
    stories
      .map((story, index) => ({ story, href: `#${storyId(number, index)}` }))
      .filter(({ story }) => story.outcome !== "not-run" && story.endUs !== undefined)
      .slice(0, pinsOfOne)
      .map(({ story: { op, intendedUs, endUs = intendedUs }, href }) => ({
        finding: number,
        href,
        op,
        atUs: intendedUs,
        tookUs: endUs - intendedUs,
      })),
  );
}
