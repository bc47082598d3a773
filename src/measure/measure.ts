/**
 * The fold that measures a run. Comes in: its first event, then every event with the records that it completes. Goes
 * out: the figures as documents, and the parts of them that thresholds take together.
 */
import type { Declared } from "../history/declared.ts";
import type { EventOf, HistoryEvent } from "../history/events.ts";
import type { HistoryRecord, OpRecord } from "../history/records.ts";
import { seededRandom } from "../world.ts";
import { figuresOf, metAtEdge, openCells, type Cell } from "./cells.ts";
import { openEffects } from "./effects.ts";
import { aftermathOf, episodeFigures, episodesOf, type Aftermath } from "./episodes.ts";
import { figuresSchema, type Figures } from "./figures.ts";
import { histogramsOf, type Histograms } from "./histograms.ts";
import { openHops } from "./hops.ts";
import { openListings } from "./listings.ts";
import { openPoints } from "./points.ts";
import { openTrack, type Track } from "./recovery.ts";
import { placeThreshold, takesIn, type Misplaced, type Placed } from "./scope.ts";
import { openCourse } from "./series.ts";
import { openSpans } from "./spans.ts";
import { openVitals } from "./vitals.ts";

export interface Measuring {
  readonly on: (event: HistoryEvent, records: readonly HistoryRecord[]) => void;
  /** Takes the records that the end of the history completes. */
  readonly end: (records: readonly HistoryRecord[]) => Measured;
}

export interface Measured {
  /** Without stories: whose they are is known only once the run is judged. */
  readonly figures: Figures;
  readonly histograms: Histograms;
  readonly cells: readonly Cell[];
  /** For bounds on phases without a fault: without the ops that began in one, and without all that met one. */
  readonly calm: { readonly begun: readonly Cell[]; readonly untouched: readonly Cell[] };
  /** Phases that were seen to their end; of others a figure tells only a part. */
  readonly whole: ReadonlySet<string>;
  readonly aftermaths: ReadonlyMap<string, Aftermath>;
  readonly thresholds: readonly PlacedThreshold[];
}

/** A declared threshold, with the course of goodput in its scope. */
export interface PlacedThreshold {
  readonly expression: string;
  readonly placed: Placed | Misplaced;
  readonly track: Track;
}

type Started = EventOf<"run-started">;

export function measure(started: Started): Measuring {
  const parts = openParts(started);
  const { declared, spans, cells, hops, effects, points, course, tracks, vitals } = parts;
  const upstream = new Set(declared.links.filter(({ plane }) => plane === "server-upstream").map(({ link }) => link));
  let endUs = 0;
  let ended: Figures["ended"] = "cut";

  const onOp = (op: OpRecord): void => {
    points.on(op);
    tracks.on(op);
    cells[metAtEdge(op, declared.phases) ?? "untouched"].on(op);
    course.onOp(op);
    effects.onOp(op);
    for (const exchange of op.exchanges) {
      // One that names several ops stands in the records of all of them, and was made once.
      if (exchange.counts) hops.on(exchange, op.started.phase);
    }
  };

  const onRecord = (record: HistoryRecord): void => {
    if (record.type === "op") onOp(record);
    else if (record.type === "exchange") {
      const phase = spans.phaseAt(record.startedUs);
      if (phase !== undefined) hops.on(record, phase);
    }
  };

  const on = (event: HistoryEvent, records: readonly HistoryRecord[]): void => {
    endUs = Math.max(endUs, event.atUs);
    spans.on(event);
    vitals.on(event);
    parts.listings.on(event);
    if (event.type === "phase" && event.edge === "start") course.begin(event.atUs);
    else if (event.type === "exchange" && upstream.has(event.link)) course.onExchange(event);
    else if (event.type === "effect") {
      effects.onEffect(event);
      course.onEffect(event);
    } else if (event.type === "effect-gone") effects.onEffect(event);
    else if (event.type === "ledger-read") effects.onLedger(event);
    else if (event.type === "run-ended") ended = event.reason;
    records.forEach(onRecord);
  };

  return {
    on,
    end: (records) => {
      records.forEach(onRecord);
      return measured(parts, { endUs, ended });
    },
  };
}

function openParts(started: Started) {
  const { declared, seed } = started;
  const spans = openSpans();
  return {
    started,
    declared,
    spans,
    // By when they met a fault that was none of their phase's.
    cells: { untouched: openCells(declared), end: openCells(declared), start: openCells(declared) },
    hops: openHops(declared),
    effects: openEffects(declared),
    listings: openListings(),
    points: openPoints(seededRandom(seed, "points")),
    course: openCourse(),
    tracks: openTracks(declared, spans.startOf),
    vitals: openVitals(),
  };
}

function measured(parts: ReturnType<typeof openParts>, at: Pick<Figures, "endUs" | "ended">): Measured {
  const { started, declared, spans, cells, hops, effects, points, course, tracks, vitals } = parts;
  const { run, scenario, mode, seed, startedAt, squall } = started;
  const { whole, ...seen } = spans.end(at.endUs);
  const { untouched, end, start } = cells;
  const all = untouched.all(end, start);
  const aftermaths = new Map(
    episodesOf(declared.phases).map((episode) => [episode.phase, aftermathOf(episode, { declared, ...seen })]),
  );
  const lastUs = Math.max(0, ...seen.phases.filter(({ role }) => role !== "final").map((phase) => phase.endUs));
  const listed = parts.listings.end();
  const figures: Figures = {
    schema: figuresSchema,
    run,
    scenario,
    mode,
    seed,
    startedAt,
    squall,
    ...at,
    ...seen,
    faultsPlanned: declared.faults.length,
    tools: all.map(figuresOf),
    hops: hops.end(all),
    effects: effects.end(),
    ...(listed.length === 0 ? {} : { listings: listed }),
    episodes: [...aftermaths].map(([phase, aftermath]) => episodeFigures(phase, aftermath, tracks.ofAll)),
    series: course.end(lastUs),
    ...vitals.end(seen.phases),
    points: points.end(at.endUs),
    stories: [],
  };
  return {
    figures,
    histograms: histogramsOf(run, all),
    cells: all,
    calm: { begun: untouched.all(end), untouched: untouched.all() },
    // A run that finished has seen all of its phases, whatever marks they have.
    whole: at.ended === "finished" ? new Set(seen.phases.map(({ phase }) => phase)) : whole,
    aftermaths,
    thresholds: tracks.thresholds,
  };
}

/** The course of goodput: of the whole run, and of the scope of each threshold. */
function openTracks(declared: Declared, startOf: (phase: string) => number | undefined) {
  const roles = new Map(declared.phases.map(({ phase, role }) => [phase, role]));
  const episodes = new Map(
    episodesOf(declared.phases).flatMap(({ phase, recovery }) => [
      [phase, phase] as const,
      ...(recovery === undefined ? [] : [[recovery, phase] as const]),
    ]),
  );
  const open = (): Track =>
    openTrack({
      isBaseline: (phase) => roles.get(phase) === "baseline",
      episodeOf: (phase) => episodes.get(phase),
      startOf,
    });
  const ofAll = open();
  const thresholds = declared.thresholds.map((expression): PlacedThreshold => {
    return { expression, placed: placeThreshold(expression, declared), track: open() };
  });
  const following = thresholds.filter(({ placed }) => !("says" in placed) && needsCourse(placed));
  const on = (op: OpRecord): void => {
    ofAll.on(op);
    for (const { placed, track: own } of following) {
      if (!("says" in placed) && takesIn(placed.scope, op.started)) own.on(op);
    }
  };
  return { ofAll, thresholds, on };
}

function needsCourse({ metric, withinMs }: Placed): boolean {
  return metric === "time-to-recovery" || withinMs !== undefined;
}
