/** What the run itself cost the machine: whether the times above can be believed, and how memory went. */
import type { Figures, VitalsPoint } from "../../measure/figures.ts";
import { formatDuration } from "../../units.ts";
import { bytesSaid, coresSaid, generatorSaid } from "../generator-words.ts";
import { brief, html, type Markup, type Part } from "../markup.ts";
import type { Verdicts } from "../verdicts.ts";
import { chart, legend, timelineOf, type Timeline } from "./frame.ts";
import { linePath, stretched } from "./latency.ts";
import { linearDown } from "./scales.ts";
import { count, took } from "./words.ts";

const height = 84;
/** More lines than these cannot be told apart; the rest stand in figures.json. */
const targetsMax = 4;

export function generatorSection(figures: Figures, { gaps }: Pick<Verdicts, "gaps">): Markup {
  const { generator, vitals } = figures;
  const behind = gaps.filter(({ gap }) => gap === "generator-behind");
  const said = generator === undefined ? "" : generatorSaid(generator);
  return html`<section aria-labelledby="generator">
    <h2 id="generator">Load generator</h2>
    ${
      said === ""
        ? html`<p class="muted">It left no account of itself.</p>`
        : html`<p>
              ${behind.length > 0 ? html`<span class="mark unknown">?</span> ${behind.map(({ says }) => brief(says, 900))}` : "It kept up with its plan, so its own lateness is not in the times above."}
            </p>
            <p class="muted">${said}</p>`
    }
    ${vitals.points.length > 0 && courseOf(figures, plain(timelineOf(figures)))}
  </section>`;
}

/** The same axis as above. What a fault did to the servers stands there, and drawn everywhere it would be too much. */
function plain(timeline: Timeline): Timeline {
  return { ...timeline, lanes: [], marks: [], top: 6 };
}

function courseOf({ vitals: { points } }: Figures, timeline: Timeline): Part {
  const names = [...new Set(points.flatMap(({ targets }) => targets.map(({ target }) => target)))].slice(0, targetsMax);
  const ofTarget =
    (name: string, key: "cpu" | "rssBytes") =>
    ({ targets }: VitalsPoint): number | undefined =>
      targets.find(({ target }) => target === name)?.[key];
  const drawn = { points, timeline };
  return html`<div class="charts">
    ${vitalsChart(drawn, {
      id: "cpu",
      title: "Processor",
      unit: "in cores",
      told: coresSaid,
      tickLabel: count,
      lines: [
        { label: "Squall", of: ({ cpu }) => cpu },
        ...names.map((label) => ({ label, of: ofTarget(label, "cpu") })),
      ],
    })}
    ${vitalsChart(drawn, {
      id: "memory",
      title: "Memory",
      unit: "resident, in MB",
      told: bytesSaid,
      tickLabel: (bytes) => count(Math.round(bytes / 1e6)),
      lines: [
        { label: "Squall", of: ({ rssBytes }) => rssBytes },
        ...names.map((label) => ({ label, of: ofTarget(label, "rssBytes") })),
      ],
    })}
    ${vitalsChart(drawn, {
      id: "loop-delay",
      title: "Event loop delay",
      unit: "the longest of each second",
      told: took,
      tickLabel: (us) => formatDuration(us / 1000),
      lines: [{ label: "Squall, the thread that fared worst", of: ({ delayMaxUs }) => delayMaxUs }],
    })}
  </div>`;
}

interface Line {
  readonly label: string;
  readonly of: (point: VitalsPoint) => number | undefined;
}

interface Drawn {
  readonly points: readonly VitalsPoint[];
  readonly timeline: Timeline;
}

function vitalsChart(
  { points, timeline }: Drawn,
  about: {
    readonly id: string;
    readonly title: string;
    readonly unit: string;
    readonly told: (value: number) => string;
    readonly tickLabel: (value: number) => string;
    readonly lines: readonly Line[];
  },
): Markup {
  const { lines, told, ...parts } = about;
  const maxima = lines.map(({ label, of }) => {
    return { label: brief(label, 60), most: points.reduce((most, point) => Math.max(most, of(point) ?? 0), 0) };
  });
  const down = linearDown({ most: maxima.reduce((most, line) => Math.max(most, line.most), 0), height });
  const yOf = (value: number | undefined): number | undefined => (value === undefined ? undefined : down.y(value));
  return chart(timeline, {
    ...parts,
    says: `The most over the whole run: ${maxima.map(({ label, most }) => `${label} ${told(most)}`).join(", ")}.`,
    legend: legend(
      maxima.map(({ label, most }, index) => ({
        sample: html`<line class="line vital-${index}" x1="0" x2="20" y1="6" y2="6" />`,
        label: `${label}, at most ${told(most)}`,
      })),
    ),
    height,
    down,
    drawing: stretched(
      height,
      html`${lines.map(({ of }, index) => html`<path class="line vital-${index}" d="${linePath(points, timeline.x, (point) => yOf(of(point)))}" />`)}`,
    ),
  });
}
