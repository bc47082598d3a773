/** What ops came to, and how much was asked of whom: counts over time, as rates. */
import type { OpOutcome } from "../../history/outcomes.ts";
import type { Bucket } from "../../measure/figures.ts";
import type { Bin } from "./bins.ts";
import { html, type Markup } from "../markup.ts";
import { chart, legend, type Timeline } from "./frame.ts";
import { stretch, stretched } from "./latency.ts";
import { linearDown, round, type Across } from "./scales.ts";
import { fillSample } from "./symbols.ts";
import { count, opsOf, outcomes, sumOf } from "./words.ts";

const height = 150;

export function outcomesChart(bins: readonly Bin[], timeline: Timeline): Markup {
  const { x } = timeline;
  const down = linearDown({ most: mostOf(bins, opsOf), height });
  const bars = bins.map(({ fromUs, toUs, rate, counts }) => {
    const left = x.percent(fromUs);
    const width = round(x.percent(toUs) - left);
    let below = 0;
    return outcomes.map((outcome) => {
      const n = counts.ops[outcome];
      if (!(n > 0)) return undefined;
      const bottom = down.y(rate(below));
      below += n;
      const top = down.y(rate(below));
      return html`<rect
        x="${left}%"
        width="${width}%"
        y="${top}"
        height="${round(bottom - top)}"
        fill="url(#fill-${outcome})"
      />`;
    });
  });
  const totals = totalsOf(bins.map(({ counts }) => counts));
  return chart(timeline, {
    id: "outcomes",
    title: "Outcomes",
    unit: "of ops per second, by intended start",
    says: `Ops over the whole run: ${outcomes.map((outcome) => `${count(totals[outcome])} ${outcome}`).join(", ")}.`,
    legend: legend(
      outcomes.map((outcome) => ({ sample: fillSample(outcome), label: `${outcome} ${count(totals[outcome])}` })),
    ),
    height,
    down,
    tickLabel: (n) => `${count(n)}/s`,
    drawing: html`<g class="bars">${bars}</g>`,
  });
}

const lines = [
  { name: "offered", label: "ops offered" },
  { name: "attempts", label: "attempts of agents" },
  { name: "exchanges", label: "exchanges at upstreams" },
] as const;

export function loadChart(bins: readonly Bin[], timeline: Timeline): Markup {
  const most = Math.max(...lines.map(({ name }) => mostOf(bins, (counts) => counts[name])));
  const down = linearDown({ most, height });
  // Thin over thick: where all are one, all are seen.
  const paths = lines.map(({ name }) => {
    const d = stepPath(bins, timeline.x, ({ rate, counts }) => down.y(rate(counts[name])));
    return html`<path class="line ${name}" d="${d}" />`;
  });
  const totals = lines.map(({ name, label }) => ({ name, label, total: sumOf(bins, ({ counts }) => counts[name]) }));
  return chart(timeline, {
    id: "load",
    title: "Load",
    unit: "per second: offered, and what became of it",
    says: `Over the whole run: ${totals.map(({ label, total }) => `${count(total)} ${label}`).join(", ")}.`,
    legend: legend(
      totals.map(({ name, label, total }) => ({
        sample: html`<line class="line ${name}" x1="0" x2="20" y1="6" y2="6" />`,
        label: `${label} ${count(total)}`,
      })),
    ),
    height,
    down,
    tickLabel: (n) => `${count(n)}/s`,
    drawing: stretched(height, html`${paths}`),
  });
}

export function totalsOf(buckets: readonly Bucket[]): Readonly<Record<OpOutcome, number>> {
  const of = (outcome: OpOutcome): number => sumOf(buckets, ({ ops }) => ops[outcome]);
  return { ok: of("ok"), failed: of("failed"), unknown: of("unknown"), "not-run": of("not-run") };
}

function mostOf(bins: readonly Bin[], of: (counts: Bucket) => number): number {
  return bins.reduce((most, { rate, counts }) => Math.max(most, rate(of(counts))), 0);
}

function stepPath(bins: readonly Bin[], x: Across, yOf: (bin: Bin) => number): string {
  const at = (us: number): number => round(x.percent(us) * stretch);
  return bins.map((bin, index) => `${index === 0 ? `M${at(bin.fromUs)},` : "V"}${yOf(bin)}H${at(bin.toUs)}`).join("");
}
