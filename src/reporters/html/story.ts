/** One op as a waterfall: the op, its attempts, what its server asked of upstreams, and its effects, on one time axis. */
import type { OpOutcome } from "../../history/outcomes.ts";
import type { Figures, Story } from "../../measure/figures.ts";
import { brief, html, type Markup, type Part } from "../markup.ts";
import { bites, lanesOf, rectOf, stretchesOf } from "./lanes.ts";
import { across, round, timeTicks, type Across } from "./scales.ts";
import { countOf, moment, took } from "./words.ts";

interface Row {
  readonly kind: "op" | "attempt" | "exchange" | "effect" | "rest";
  readonly name: Part;
  readonly cameTo: Part;
  readonly bar: Part;
}

/** How much of an op is told: all that matters of the first of a finding, less of its like. */
export interface Detail {
  readonly attempts: number;
  readonly exchanges: number;
  readonly effects: number;
  readonly bands: number;
}

export const inFull: Detail = { attempts: 6, exchanges: 10, effects: 4, bands: 4 };
export const inShort: Detail = { attempts: 3, exchanges: 3, effects: 2, bands: 2 };

const laneHeight = 13;

interface Telling {
  readonly figures: Figures;
  /** Of the element that holds the table. */
  readonly id: string;
  readonly detail: Detail;
}

export function storyTable(story: Story, { figures, id, detail }: Telling): Markup {
  const { attempts, exchanges, effects } = story;
  if (attempts.length + exchanges.length + effects.length === 0) {
    return html`<p class="muted">Nothing was sent for it, and nothing came of it.</p>`;
  }
  const x = axisOf(story);
  const bands = bandsOf(figures, x).slice(0, detail.bands);
  const ticks = timeTicks(x, { count: 5, originUs: story.intendedUs });
  // What stands behind every row is written once and referred to.
  const behind = html`<g id="${id}-behind"
    >${bands.map(({ markup }) => markup)}${ticks.map(
      ({ us }) => html`<line class="grid" x1="${x.percent(us)}%" x2="${x.percent(us)}%" y1="0" y2="100%" />`,
    )}</g
  >`;
  const rows = [
    opRow(story, x),
    ...attemptRows(story, x, detail.attempts),
    ...exchangeRows(story, x, detail.exchanges),
    ...effectRows(story, x, detail.effects),
  ];
  const top = bands.reduce((most, { row }) => Math.max(most, row + 1), 0) * laneHeight;
  return html`<div class="scroll">
    <table class="story-table">
      <thead>
        <tr>
          <th scope="col">what</th>
          <th scope="col">came to</th>
          <th scope="col" class="when">
            <span class="hidden">when, from the intended start</span
            ><svg height="${top + 18}" aria-hidden="true">
              <defs>${behind}</defs>
              ${bands.map(({ letter }) => letter)}${ticks.map(({ us, label }) => tickLabel(x.percent(us), top + 13, label))}
            </svg>
          </th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ kind, name, cameTo, bar }) =>
            html`<tr class="${kind}">
              <th scope="row">${name}</th>
              <td>${cameTo}</td>
              <td class="when">
                <svg aria-hidden="true">
                  <use href="#${id}-behind" />
                  ${bar}
                </svg>
              </td>
            </tr> `,
        )}
      </tbody>
    </table>
    ${bands.length > 0 && html`<p class="muted behind">Behind: ${bands.map(({ says }) => says).join("; ")}.</p>`}
  </div>`;
}

function axisOf({ intendedUs, startUs, endUs, attempts, exchanges, effects }: Story): Across {
  const spans = [
    { fromUs: intendedUs, toUs: Math.max(startUs, endUs ?? startUs) },
    ...[...attempts, ...exchanges].map((part) => ({ fromUs: part.startUs, toUs: part.endUs })),
    ...effects,
  ];
  const fromUs = spans.reduce((least, span) => Math.min(least, span.fromUs), intendedUs);
  const toUs = spans.reduce((most, span) => Math.max(most, span.toUs), intendedUs);
  const margin = Math.max((toUs - fromUs) * 0.03, 1000);
  return across({ fromUs: fromUs - margin, toUs: toUs + margin });
}

interface Band {
  readonly row: number;
  readonly markup: Markup;
  readonly letter: Markup;
  readonly says: string;
}

function bandsOf(figures: Figures, x: Across): readonly Band[] {
  const overlapping = lanesOf(figures).flatMap((lane) =>
    lane.windows
      .filter((window) => window.requestedUs < x.toUs && window.toUs > x.fromUs)
      .map((window) => ({ lane, window })),
  );
  const rows = [...new Set(overlapping.map(({ lane }) => lane))];
  return overlapping.map(({ lane, window }) => {
    const { hue, letter, kind } = lane;
    const row = rows.indexOf(lane);
    const parts = stretchesOf(window, x);
    const place = { y: row * laneHeight, height: String(laneHeight - 1), hue };
    const until = window.healedUs === undefined ? "not seen to heal" : `to ${moment(window.healedUs)}`;
    const seen = bites(window) ? `seen from ${moment(window.observedUs ?? 0)}` : "nothing showed it";
    return {
      row,
      markup: html`${parts.map((part) => rectOf("band", part, { y: 0, height: "100%", hue }))}`,
      letter: html`${parts.map((part) => rectOf("lane", part, place))}<text
          class="letter"
          x="${x.percent(window.requestedUs)}%"
          dx="3"
          y="${place.y + 10}"
          >${letter}</text
        >`,
      says: `${letter} ${brief(kind, 40)}, ${moment(window.requestedUs)} ${until}, ${seen}`,
    };
  });
}

function tickLabel(at: number, y: number, label: string): Markup {
  const anchor = at < 6 ? "start" : at > 94 ? "end" : "middle";
  return html`<text x="${at}%" y="${y}" text-anchor="${anchor}"
    >${label === "0s" ? "0" : `+${label}`.replace("+-", "-")}</text
  >`;
}

function opRow({ intendedUs, startUs, endUs, outcome }: Story, x: Across): Row {
  const late = startUs - intendedUs >= 1000;
  const waited =
    late && html`<line class="waited" x1="${x.percent(intendedUs)}%" x2="${x.percent(startUs)}%" y1="50%" y2="50%" />`;
  return {
    kind: "op",
    name: "op",
    cameTo: html`${outcomeWord(outcome)}
    ${endUs === undefined ? "never ended" : took(endUs - intendedUs)}${late && html` <span class="muted">started ${took(startUs - intendedUs)} late</span>`}`,
    bar: html`${waited}${bar(x, startUs, endUs ?? x.toUs, outcome, endUs === undefined ? " open" : "")}`,
  };
}

function attemptRows({ attempts }: Story, x: Across, most: number): readonly Row[] {
  const rows = attempts.slice(0, most).flatMap((told): readonly Row[] => {
    const { attempt, startUs, endUs, class: is, outcome, says } = told;
    const row: Row = {
      kind: "attempt",
      name: `attempt ${attempt}`,
      cameTo: html`${outcomeWord(outcome, is)}
      ${took(endUs - startUs)}${says !== undefined && html` <q>${brief(says, 80)}</q>`}`,
      bar: bar(x, startUs, endUs, outcome),
    };
    return [row, ...streamRows(told, x, most)];
  });
  return [...rows, ...restRow(attempts.length - most, "attempts")];
}

/** The stream that was lost, and each request for the rest of it until the next one or the end. */
function streamRows(
  { startUs, endUs, lostStream }: Story["attempts"][number],
  x: Across,
  most: number,
): readonly Row[] {
  if (lostStream === undefined) return [];
  const { afterUs, events, resumptions } = lostStream;
  const lost: Row = {
    kind: "exchange",
    name: "its event stream",
    cameTo: html`lost after ${countOf(events, "event")} <span class="muted">${took(afterUs)}</span>`,
    bar: bar(x, startUs, startUs + afterUs, "unknown"),
  };
  const rows = resumptions.slice(0, most).map((asked, index): Row => {
    const { afterUs: fromUs, came, status } = asked;
    const next = resumptions[index + 1];
    const untilUs = next === undefined ? endUs : startUs + next.afterUs;
    return {
      kind: "exchange",
      name: "asked for the rest",
      cameTo: html`${came}${status !== undefined && ` ${status}`}
        <span class="muted">+${took(fromUs)}, ${broughtBy(asked)}</span>`,
      bar: bar(x, startUs + fromUs, untilUs, came === "answer" ? "ok" : came === "refused" ? "failed" : "unknown"),
    };
  });
  return [lost, ...rows, ...restRow(resumptions.length - most, "requests for the rest")];
}

type Resumption = NonNullable<Story["attempts"][number]["lostStream"]>["resumptions"][number];

function broughtBy({ events, twice = 0, foreign = 0 }: Resumption): string {
  const more = [
    ...(twice > 0 ? [`${twice} for the second time`] : []),
    ...(foreign > 0 ? [`${foreign} of other streams`] : []),
  ];
  return [countOf(events, "event"), ...more].join(", ");
}

function exchangeRows({ exchanges }: Story, x: Across, most: number): readonly Row[] {
  const rows = exchanges.slice(0, most).map(({ link, startUs, endUs, method, path, ended, status }): Row => {
    const outcome = ended !== "answered" ? "unknown" : (status ?? 0) >= 400 ? "failed" : "ok";
    return {
      kind: "exchange",
      name: html`${brief(method, 12)} <code>${brief(path, 60)}</code> <span class="muted">${brief(link, 60)}</span>`,
      cameTo: html`${brief(ended, 40)}${status !== undefined && ` ${status}`}
        <span class="muted">${took(endUs - startUs)}</span>`,
      bar: bar(x, startUs, endUs, outcome),
    };
  });
  return [...rows, ...restRow(exchanges.length - most, "exchanges")];
}

/** A ledger's row is known to lie between two moments, not at one. */
function effectRows({ effects, intendedUs }: Story, x: Across, most: number): readonly Row[] {
  const rows = effects.slice(0, most).map(({ row, fromUs, toUs }): Row => {
    const [left, right] = [x.percent(fromUs), x.percent(toUs)];
    const middle = round((left + right) / 2);
    return {
      kind: "effect",
      name: html`effect <span class="muted">ledger row <code>${brief(row, 40)}</code></span>`,
      cameTo: html`committed
        <span class="muted"
          >+${took(Math.max(0, fromUs - intendedUs))}${toUs - fromUs >= 1000 && `, within ${took(toUs - fromUs)}`}</span
        >`,
      bar: html`<line class="within" x1="${left}%" x2="${right}%" y1="50%" y2="50%" /><line
          class="effect"
          x1="${middle}%"
          x2="${middle}%"
          y1="15%"
          y2="85%"
        />`,
    };
  });
  return [...rows, ...restRow(effects.length - most, "effects")];
}

function restRow(more: number, what: string): readonly Row[] {
  return more > 0
    ? [{ kind: "rest", name: html`<span class="muted">and ${more} more ${what}</span>`, cameTo: "", bar: "" }]
    : [];
}

function outcomeWord(outcome: OpOutcome, is: string = outcome): Markup {
  return html`<b class="outcome ${outcome}">${is}</b>`;
}

function bar(x: Across, fromUs: number, toUs: number, outcome: OpOutcome, more = ""): Markup {
  const left = x.percent(fromUs);
  const width = round(Math.max(0, x.percent(toUs) - left));
  return html`<rect class="bar ${outcome}${more}" x="${left}%" width="${width}%" y="50%" height="10" />`;
}
