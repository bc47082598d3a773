/** What all charts over time share: one x axis with its phases, the faults behind, the events as thin lines. */
import type { Figures, PhaseSpan } from "../../measure/figures.ts";
import { brief, html, type Markup, type Part } from "../markup.ts";
import { drawable, drawLanes, lanesOf, stripOf, type Lane } from "./lanes.ts";
import { across, round, timeTicks, type Across, type Down } from "./scales.ts";
import { moment } from "./words.ts";

export interface Timeline {
  readonly x: Across;
  readonly lanes: readonly Lane[];
  readonly phases: readonly PhaseSpan[];
  readonly marks: Figures["marks"];
  /** How high the lanes stand above the plot. */
  readonly top: number;
}

export function timelineOf(figures: Figures): Timeline {
  const { phases, faults, series, endUs, marks } = figures;
  const starts = [
    series.fromUs,
    ...phases.map(({ startUs }) => startUs),
    ...faults.map(({ requestedUs }) => requestedUs),
  ];
  const ends = [
    endUs,
    series.fromUs + series.bucketUs * series.buckets.length,
    ...phases.map((phase) => phase.endUs),
    ...faults.map(({ healedUs }) => healedUs ?? 0),
  ];
  const x = across({ fromUs: least(starts), toUs: most(ends) });
  const lanes = drawable(lanesOf(figures), x);
  return { x, lanes, phases: phases.slice(0, phasesMax), marks: marks.slice(0, marksMax), top: stripOf(lanes).height };
}

const phasesMax = 100;
const marksMax = 200;

function least(values: readonly number[]): number {
  return values.filter(Number.isFinite).reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
}

function most(values: readonly number[]): number {
  return values.filter(Number.isFinite).reduce((a, b) => Math.max(a, b), 0);
}

interface Chart {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  /** What the picture shows, for who cannot see it. */
  readonly says: string;
  readonly legend: Markup;
  readonly height: number;
  readonly down: Down;
  readonly tickLabel: (value: number) => string;
  readonly drawing: Part;
  /** Links inside make it more than an image. */
  readonly hasLinks?: true;
}

const axisHeight = 44;

/** A chart over time: labels of the y axis beside it, and a plot that is as wide as there is room. */
export function chart(timeline: Timeline, parts: Chart): Markup {
  const { id, title, unit, says, legend, height, down, tickLabel, drawing } = parts;
  const { x, lanes, top } = timeline;
  const total = top + height + axisHeight;
  return html` <figure class="chart" id="${id}">
    <figcaption>
      <h3>${title} <span class="muted">${unit}</span></h3>
      ${legend}
    </figcaption>
    <div class="plot-row">
      <svg class="ys" height="${total}" aria-hidden="true">
        ${down.ticks.map(
          (value) =>
            html`<text x="100%" dx="-6" y="${round(top + down.y(value) + 4)}" text-anchor="end"
              >${tickLabel(value)}</text
            >`,
        )}
      </svg>
      <svg
        class="plot"
        height="${total}"
        role="${parts.hasLinks === true ? "group" : "img"}"
        aria-labelledby="${id}-name ${id}-says"
        data-top="${top}"
        data-height="${height}"
      >
        <title id="${id}-name">${title}</title>
        <desc id="${id}-says">${says}</desc>
        <g aria-hidden="true">
          ${drawLanes(lanes, x, top + height)}
          ${down.ticks.map((value) => html`<line class="grid" x1="0" x2="100%" y1="${round(top + down.y(value))}" y2="${round(top + down.y(value))}" />`)}
          ${phaseEdges(timeline, top + height)}${markLines(timeline, top + height)}
        </g>
        <svg class="inner" y="${top}" height="${height}">${drawing}</svg>
        ${axis(timeline, top + height)}
      </svg>
    </div>
  </figure>`;
}

/** Moments under the plot, and below them the phases by name. */
function axis({ x, phases }: Timeline, y: number): Markup {
  const ticks = timeTicks(x, { count: 10 });
  return html`<g class="axis" aria-hidden="true"
    ><line class="base" x1="0" x2="100%" y1="${y}" y2="${y}" />${ticks.map(
      ({ us, label }, index) =>
        html`<g${index % 2 === 1 && html` class="alternate"`}><line class="base" x1="${x.percent(us)}%" x2="${x.percent(us)}%" y1="${y}" y2="${y + 4}"/><text x="${x.percent(us)}%" y="${y + 16}" text-anchor="middle">${label}</text></g>`,
    )}${phases.map((phase) => {
      const left = x.percent(phase.startUs);
      const width = round(x.percent(phase.endUs) - left);
      // Narrower than this there is no room for a letter; the list of phases names it all the same.
      if (width < 1.5) return undefined;
      return html`<foreignObject x="${left}%" width="${width}%" y="${y + 22}" height="19"
        ><div
          class="phase ${phase.role}"
          title="${brief(phase.phase)}: ${moment(phase.startUs)} to ${moment(phase.endUs)}"
        >
          ${brief(phase.phase, 40)}
        </div></foreignObject
      >`;
    })}</g
  >`;
}

function phaseEdges({ x, phases }: Timeline, height: number): Markup {
  return html`${phases.map(
    ({ startUs }) =>
      html`<line class="edge" x1="${x.percent(startUs)}%" x2="${x.percent(startUs)}%" y1="0" y2="${height}" />`,
  )}`;
}

/** Each mark is a line; it gets its number where that does not lie on the one before. */
function markLines({ x, marks }: Timeline, height: number): Markup {
  let labelled = Number.NEGATIVE_INFINITY;
  return html`${marks.map(({ atUs }, index) => {
    const at = x.percent(atUs);
    const line = html`<line class="mark" x1="${at}%" x2="${at}%" y1="0" y2="${height}" />`;
    if (at - labelled < 2.5) return line;
    labelled = at;
    return html`${line}<text class="mark-number" x="${at}%" dx="3" y="${height - 4}">${index + 1}</text>`;
  })}`;
}

export interface LegendEntry {
  readonly sample: Markup;
  readonly label: string;
}

export function legend(entries: readonly LegendEntry[]): Markup {
  return html`<ul class="legend">
    ${entries.map(
      ({ sample, label }) =>
        html`<li><svg class="sample" width="20" height="12" aria-hidden="true">${sample}</svg>${label}</li>`,
    )}
  </ul>`;
}
