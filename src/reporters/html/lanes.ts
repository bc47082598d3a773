/** The faults of a run as lanes: one for each fault, a letter and a hue to tell it by, its windows as bands. */
import { placeInWords, type FaultPlace } from "../../history/fault-place.ts";
import type { Figures, FaultSpan } from "../../measure/figures.ts";
import { brief, html, type Markup, type Part } from "../markup.ts";
import { round, type Across } from "./scales.ts";
import { countOf, moment, took } from "./words.ts";

export interface Lane {
  readonly fault: string;
  readonly kind: string;
  /** In words. */
  readonly place: string;
  /** Who has seen nothing where it was not seen: a link's tap, or nobody at all. */
  readonly unseen: string;
  readonly letter: string;
  readonly hue: number;
  /** How far down it is drawn; where there are many, those whose windows leave each other room share a row. */
  readonly row: number;
  readonly windows: readonly Window[];
}

export interface Window {
  readonly requestedUs: number;
  readonly observedUs?: number;
  readonly healedUs?: number;
  /** Where the band ends: healed, or where the history does. */
  readonly toUs: number;
  readonly control: boolean;
  /** When it grew, and to what. */
  readonly steps: NonNullable<FaultSpan["steps"]>;
  /** How many windows are drawn as this one, because they lie too close to be told apart. */
  readonly drawnFor: number;
}

const hues = 6;

export function lanesOf({ faults, endUs }: Pick<Figures, "faults" | "endUs">): readonly Lane[] {
  const byFault = new Map<string, FaultSpan[]>();
  for (const span of faults) byFault.set(span.fault, [...(byFault.get(span.fault) ?? []), span]);
  return [...byFault.values()].map((spans, index) => {
    const [{ fault, kind, ...first } = { fault: "", kind: "", link: "" }] = spans;
    const windows = spans.toSorted((a, b) => a.requestedUs - b.requestedUs).map((span) => windowOf(span, endUs));
    return {
      fault,
      kind,
      place: placeInWords(first),
      unseen: unseenAt(first),
      letter: letterOf(index),
      hue: index % hues,
      row: index,
      windows,
    };
  });
}

function unseenAt({ link }: FaultPlace): string {
  return link === undefined ? "nothing" : "nothing at the tap";
}

function windowOf({ requestedUs, observedUs, healedUs, control, steps = [] }: FaultSpan, endUs: number): Window {
  const seen = observedUs === undefined ? {} : { observedUs };
  const healed = healedUs === undefined ? {} : { healedUs };
  return {
    requestedUs,
    ...seen,
    ...healed,
    toUs: Math.max(healedUs ?? endUs, requestedUs),
    control,
    steps,
    drawnFor: 1,
  };
}

/** A, B, … Z, AA, AB … */
function letterOf(index: number): string {
  const last = String.fromCodePoint(65 + (index % 26));
  return index < 26 ? last : letterOf(Math.floor(index / 26) - 1) + last;
}

const windowsDrawnMax = 120;

/** So many windows that no one could tell them apart are drawn as fewer; the key still counts them all. */
export function drawable(lanes: readonly Lane[], x: Across): readonly Lane[] {
  for (let gap = 0.1; ; gap *= 2) {
    const merged = lanes.map((lane) => ({ ...lane, windows: merge(lane.windows, (x.toUs - x.fromUs) * (gap / 100)) }));
    const drawn = merged.reduce((sum, { windows }) => sum + windows.length, 0);
    if (drawn <= Math.max(windowsDrawnMax, lanes.length) || gap > 100) return inRows(merged, x);
  }
}

/** In percent: room for a letter. */
const letterEvery = 2.5;

/** With more rows than this, none is high enough for its letter. */
const rowsOwn = 7;

function inRows(lanes: readonly Lane[], x: Across): readonly Lane[] {
  if (lanes.length <= rowsOwn) return lanes;
  const rows: { free: number }[] = [];
  return lanes.map((lane) => {
    const starts = lane.windows.map(({ requestedUs }) => x.percent(requestedUs));
    const [left = 0] = starts;
    const right = Math.max(...lane.windows.map(({ toUs }) => x.percent(toUs)), (starts.at(-1) ?? 0) + letterEvery);
    const found = rows.findIndex(({ free }) => free <= left);
    if (found === -1) rows.push({ free: right });
    else rows[found] = { free: right };
    return { ...lane, row: found === -1 ? rows.length - 1 : found };
  });
}

function merge(windows: readonly Window[], gapUs: number): readonly Window[] {
  const merged: Window[] = [];
  for (const window of windows) {
    const last = merged.at(-1);
    const bothSeen = (last?.observedUs === undefined) === (window.observedUs === undefined);
    if (last === undefined || !bothSeen || window.requestedUs - last.toUs > gapUs) merged.push(window);
    else {
      const { healedUs: _, ...rest } = last;
      const healed = window.healedUs === undefined ? {} : { healedUs: Math.max(window.healedUs, last.healedUs ?? 0) };
      merged[merged.length - 1] = {
        ...rest,
        ...healed,
        toUs: Math.max(last.toUs, window.toUs),
        drawnFor: last.drawnFor + window.drawnFor,
      };
    }
  }
  return merged;
}

export interface Strip {
  readonly laneHeight: number;
  readonly height: number;
}

/** How high the lanes of one chart are together: each its own, and never more than the chart itself. */
export function stripOf(lanes: readonly Lane[]): Strip {
  const rows = lanes.reduce((most, { row }) => Math.max(most, row + 1), 0);
  const laneHeight = rows === 0 ? 0 : Math.min(13, Math.max(4, Math.floor(78 / rows)));
  return { laneHeight, height: rows === 0 ? 0 : laneHeight * rows + 4 };
}

/** What stands behind every chart: bands and lanes of the faults, a line for every edge of them. */
export function drawLanes(lanes: readonly Lane[], x: Across, height: number): Markup {
  const { laneHeight } = stripOf(lanes);
  return html`<g class="faults"
    >${lanes.map((lane) => {
      const place = { lane, x, height, top: lane.row * laneHeight, laneHeight };
      return [lane.windows.map((window) => drawWindow({ ...place, window })), laneHeight >= 10 && letters(place)];
    })}</g
  >`;
}

interface LanePlace {
  readonly lane: Lane;
  readonly x: Across;
  readonly height: number;
  readonly top: number;
  readonly laneHeight: number;
}

/** Where windows follow each other closely, not each of them has room for its letter. */
function letters({ lane, x, top, laneHeight }: LanePlace): Markup {
  let last = Number.NEGATIVE_INFINITY;
  return html`${lane.windows.map((window) => {
    const left = x.percent(window.requestedUs);
    if (left - last < letterEvery) return undefined;
    last = left;
    return html`<text class="letter" x="${left}%" dx="4" y="${top + laneHeight - 3}">${lane.letter}</text>`;
  })}`;
}

function drawWindow({ lane, window, x, height, top, laneHeight }: LanePlace & { readonly window: Window }): Markup {
  const parts = stretchesOf(window, x);
  const edges = [
    ["requested", window.requestedUs],
    ["observed", window.observedUs],
    ["healed", window.healedUs],
  ] as const;
  const line = ([edge, us]: (typeof edges)[number]): Part =>
    us !== undefined &&
    html`<line
      class="event h${lane.hue} ${edge}"
      x1="${x.percent(us)}%"
      x2="${x.percent(us)}%"
      y1="0"
      y2="${height}"
    />`;
  const place = { y: 0, height: String(height), hue: lane.hue };
  const lanePlace = { y: top, height: String(laneHeight - 1), hue: lane.hue };
  const title = html`<title>${lane.letter}: ${aboutLane(lane)}: ${aboutWindow(window, lane)}</title>`;
  return html`${parts.map((part) => rectOf("band", part, place))}${edges.map(line)}${parts.map((part) =>
    rectOf("lane", part, lanePlace, title),
  )}${window.steps.map(({ atUs }) => html`<line class="step h${lane.hue}" x1="${x.percent(atUs)}%" x2="${x.percent(atUs)}%" y1="${top}" y2="${top + laneHeight - 1}" />`)}`;
}

export interface Stretch {
  /** In percent. */
  readonly left: number;
  readonly width: number;
  /** Whether a sign at the tap shows that the fault was on. */
  readonly seen: boolean;
}

const narrowest = 0.4;

/** From request to heal; what nothing showed, or not yet, is told apart from what was seen to bite. */
export function stretchesOf({ requestedUs, observedUs, toUs, control }: Window, x: Across): readonly Stretch[] {
  const stretch = (from: number, to: number, seen: boolean): Stretch => {
    const left = x.percent(from);
    return { left, width: round(x.percent(to) - left), seen };
  };
  if (observedUs === undefined || control) return [stretch(requestedUs, toUs, false)];
  const before = stretch(requestedUs, observedUs, false);
  return [...(before.width >= narrowest ? [before] : []), stretch(observedUs, toUs, true)];
}

interface RectPlace {
  readonly y: number;
  readonly height: string;
  readonly hue: number;
}

export function rectOf(kind: "band" | "lane", stretch: Stretch, place: RectPlace, inside?: Markup): Markup {
  const { left, width, seen } = stretch;
  return html`<rect
    class="${kind} h${place.hue}${!seen && " unseen"}"
    x="${left}%"
    width="${width}%"
    y="${place.y}"
    height="${place.height}"
    >${inside}</rect
  >`;
}

export function bites({ observedUs, control }: Window): boolean {
  return observedUs !== undefined && !control;
}

function aboutLane({ kind, place }: Pick<Lane, "kind" | "place">): string {
  return `${brief(kind, 40)} on ${brief(place, 60)}`;
}

function aboutWindow(window: Window, { unseen }: Pick<Lane, "unseen">): string {
  const { requestedUs, observedUs, healedUs, control, drawnFor } = window;
  if (drawnFor > 1) return `${drawnFor} windows from ${moment(requestedUs)} to ${moment(window.toUs)}`;
  const grew = window.steps.length === 0 ? "" : `, ${stepsSaid(window.steps)}`;
  const times =
    healedUs === undefined
      ? `from ${moment(requestedUs)}, not seen to heal${grew}`
      : `${moment(requestedUs)} to ${moment(healedUs)}${grew}`;
  if (control) return `${times}, not injected: a control run`;
  if (observedUs === undefined) return `${times}, ${unseen} showed it`;
  return observedUs - requestedUs >= 1000 ? `${times}, seen after ${took(observedUs - requestedUs)}` : times;
}

function stepsSaid(steps: Window["steps"]): string {
  return `${countOf(steps.length, "step")}, the last to ${brief(steps.at(-1)?.says ?? "", 60)}`;
}

/** The legend, which is also what the bands say in words. */
export function laneKey(lanes: readonly Lane[]): Markup {
  return html`<ul class="fault-key">
    ${lanes.map(
      (lane) =>
        html`<li>
          <svg class="swatch" width="22" height="15" role="img" aria-label="${lane.letter}">
            <rect class="lane h${lane.hue}${lane.windows.some(bites) ? "" : " unseen"}" width="22" height="15" rx="2" />
            <text class="letter" x="11" y="11.5" text-anchor="middle">${lane.letter}</text>
          </svg>
          <span
            ><b>${brief(lane.kind, 40)}</b> on <code>${brief(lane.place)}</code>
            <span class="muted">${brief(lane.fault)}, ${aboutWindows(lane)}</span></span
          >
        </li>`,
    )}
  </ul>`;
}

function aboutWindows(lane: Lane): string {
  const { windows } = lane;
  const [first] = windows;
  if (first === undefined) return "";
  if (windows.length === 1) return aboutWindow(first, lane);
  const last = windows.reduce((us, { toUs }) => Math.max(us, toUs), 0);
  const unseenWindows = windows.filter((window) => window.observedUs === undefined && !window.control).length;
  const unhealed = windows.filter(({ healedUs }) => healedUs === undefined).length;
  return [
    `${windows.length} windows, ${moment(first.requestedUs)} to ${moment(last)}`,
    ...(first.control ? ["not injected: a control run"] : []),
    ...(unseenWindows > 0 ? [`${lane.unseen} showed ${unseenWindows} of them`] : []),
    ...(unhealed > 0 ? [`${unhealed} not seen to heal`] : []),
  ].join(", ");
}
