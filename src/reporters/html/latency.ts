/** How long ops took: every op a point, the percentiles of the ok ones as lines. */
import type { Figures, Point } from "../../measure/figures.ts";
import { formatDuration } from "../../units.ts";
import type { Bin } from "./bins.ts";
import { brief, html, type Markup, type Part } from "../markup.ts";
import { chart, legend, type LegendEntry, type Timeline } from "./frame.ts";
import { logDown, round, type Across, type Down, type Span } from "./scales.ts";
import { formOf, symbolAt, symbolName, symbolSample } from "./symbols.ts";
import { countOf, moment, outcomes, took } from "./words.ts";

/** An op that a finding tells of, to be shown where it happened. */
export interface Witnessed {
  readonly finding: number;
  readonly href: string;
  readonly op: string;
  readonly atUs: number;
  readonly tookUs: number;
}

interface Latencies {
  readonly figures: Figures;
  readonly bins: readonly Bin[];
  readonly witnessed: readonly Witnessed[];
}

export function latencyChart({ figures, bins, witnessed }: Latencies, timeline: Timeline): Markup {
  const { points } = figures;
  const height = 230;
  const lines = bins.flatMap(({ counts: { p50Us = 0, p95Us = 0 } }) => [p50Us, p95Us]);
  const tried = points.filter(({ outcome }) => outcome !== "not-run");
  const values = [...tried, ...witnessed].map(({ tookUs }) => tookUs);
  const down = logDown({ values: [...values, ...lines], height, least: 100 });
  const y = (us: number | undefined): number | undefined => (us === undefined || !(us > 0) ? undefined : down.y(us));
  const drawing = html`${outcomes.map(
    (outcome) =>
      html`<g class="point ${outcome}" aria-hidden="true"
        >${points
          .filter((point) => point.outcome === outcome)
          .map((point) => drawPoint(point, timeline.x, down, height))}</g
      >`,
  )}
  ${stretched(
    height,
    html`<path class="line p95" d="${linePath(bins, timeline.x, ({ counts }) => y(counts.p95Us))}" /><path
        class="line p50"
        d="${linePath(bins, timeline.x, ({ counts }) => y(counts.p50Us))}"
      />`,
  )}
  ${apart(witnessed, timeline.x).map((op) => drawWitnessed(op, timeline.x, down))}`;
  return chart(timeline, {
    id: "latency",
    title: "Latency",
    unit: "of each op from its intended start, log scale",
    says: latencySays(figures, bins),
    legend: legend([
      ...pointEntries(points),
      { sample: html`<line class="line p50" x1="0" x2="20" y1="6" y2="6" />`, label: "p50 of ok ops" },
      { sample: html`<line class="line p95" x1="0" x2="20" y1="6" y2="6" />`, label: "p95 of ok ops" },
      ...(witnessed.length > 0
        ? [
            {
              sample: html`<circle class="pin" cx="10" cy="6" r="6" />`,
              label: "an op of the finding with this number",
            },
          ]
        : []),
    ]),
    height,
    down,
    tickLabel: (us) => formatDuration(us / 1000),
    drawing,
    ...(witnessed.length > 0 ? { hasLinks: true } : {}),
  });
}

function drawPoint(point: Point, x: Across, down: Down, height: number): Markup {
  const form = formOf(point);
  const y = form === "not-run" ? height - 3 : down.y(point.tookUs);
  return symbolAt({ form, x: x.percent(point.atUs), y, says: pointSays(point) });
}

function pointSays({ tool, outcome, class: is, tookUs, atUs }: Point): string {
  const classed = is === undefined || is === outcome ? "" : ` (${is})`;
  return `${brief(tool, 24)}: ${outcome}${classed}${outcome === "not-run" ? "" : ` in ${took(tookUs)}`} at ${moment(atUs)}`;
}

/** Ops of one finding that lie on each other are one pin: more could not be told apart, nor pointed at. */
function apart(witnessed: readonly Witnessed[], x: Across): readonly Witnessed[] {
  return witnessed.filter(
    (op, index) =>
      !witnessed
        .slice(0, index)
        .some(
          ({ finding, atUs }) => finding === op.finding && Math.abs(x.percent(atUs) - x.percent(op.atUs)) < pinsApart,
        ),
  );
}

const pinsApart = 1.5;

function drawWitnessed({ finding, href, op, atUs, tookUs }: Witnessed, x: Across, down: Down): Markup {
  const at = x.percent(atUs);
  const y = down.y(tookUs);
  const says = `Finding ${finding}: op ${brief(op, 100)}, ${took(tookUs)} at ${moment(atUs)}`;
  return html`<a class="witnessed" href="${href}" aria-label="${says}"
    ><title>${says}</title> <circle class="pin" cx="${at}%" cy="${y}" r="7.5" /><text
      class="pin-number"
      x="${at}%"
      y="${round(y + 3.5)}"
    >
      ${finding}
    </text></a
  >`;
}

function pointEntries(points: readonly Point[]): readonly LegendEntry[] {
  const seen = new Map<string, LegendEntry & { readonly rank: number }>();
  for (const point of points) {
    const form = formOf(point);
    const label = symbolName(form, point.outcome);
    if (!seen.has(label)) {
      seen.set(label, { sample: symbolSample(form, point.outcome), label, rank: outcomes.indexOf(point.outcome) });
    }
  }
  return [...seen.values()].toSorted((a, b) => a.rank - b.rank || (a.label < b.label ? -1 : 1));
}

function latencySays({ points, phases }: Figures, bins: readonly Bin[]): string {
  const worst = bins
    .map(({ fromUs, counts: { p95Us = 0 } }) => ({ p95Us, atUs: fromUs }))
    .reduce((a, b) => (b.p95Us > a.p95Us ? b : a), { p95Us: 0, atUs: 0 });
  const drawn = `${countOf(points.length, "op")} drawn as points over ${countOf(phases.length, "phase")}.`;
  if (worst.p95Us === 0) return `${drawn} No op was ok, so there is no p50 or p95 line.`;
  return `${drawn} The p95 of ok ops is highest at ${moment(worst.atUs)}, with ${took(worst.p95Us)}.`;
}

/** Paths know no percent: they are drawn 1000 wide and stretched, their strokes are not. */
export const stretch = 10;

export function stretched(height: number, paths: Part): Markup {
  return html`<svg
    class="stretched"
    width="100%"
    height="${height}"
    viewBox="0 0 ${100 * stretch} ${height}"
    preserveAspectRatio="none"
    aria-hidden="true"
  >
    ${paths}
  </svg>`;
}

/** Through the middle of each bin; broken where there is no value. */
export function linePath<Of extends Span>(
  bins: readonly Of[],
  x: Across,
  yOf: (bin: Of) => number | undefined,
): string {
  const at = (us: number): number => round(x.percent(us) * stretch);
  const ys = bins.map(yOf);
  return bins
    .map(({ fromUs, toUs }, index) => {
      const y = ys[index];
      if (y === undefined) return "";
      const [isFirst, isLast] = [ys[index - 1] === undefined, ys[index + 1] === undefined];
      // One that stands alone is a short dash, or nothing of it would be seen.
      if (isFirst && isLast) return `M${at(fromUs)},${y}H${at(toUs)}`;
      return `${isFirst ? "M" : "L"}${at((fromUs + toUs) / 2)},${y}`;
    })
    .join("");
}
