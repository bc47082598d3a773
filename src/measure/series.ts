/**
 * The course of a run in buckets of time. A history does not say beforehand how long it is, so the buckets begin
 * narrow; whenever they become too many, each two neighbours become one.
 */
import type { EventOf, Exchange } from "../history/events.ts";
import type { OpOutcome } from "../history/outcomes.ts";
import type { OpRecord } from "../history/records.ts";
import { noOps } from "./cells.ts";
import type { Bucket, Series } from "./figures.ts";
import { addTime, emptyTiming, mergeTiming, percentile, type Timing } from "./histogram.ts";

const bucketsMax = 240;
/** Doubled twice it is a quarter of a second, four times a second. */
const narrowestUs = 62_500;

export interface Course {
  /** The first phase begins: nothing counts before. */
  readonly begin: (atUs: number) => void;
  readonly onOp: (op: OpRecord) => void;
  readonly onExchange: (exchange: Exchange) => void;
  readonly onEffect: (effect: EventOf<"effect">) => void;
  /** All of the time until then has its buckets, also where nothing happened. */
  readonly end: (untilUs: number) => Series;
}

interface Draft {
  readonly ops: Record<OpOutcome, number>;
  attempts: number;
  exchanges: number;
  effects: number;
  readonly response: Timing;
}

export function openCourse(): Course {
  let fromUs: number | undefined;
  let bucketUs = narrowestUs;
  let drafts: Draft[] = [];

  /** The bucket of a moment; what was meant for the first instant may carry a stamp just before it. */
  const at = (atUs: number): Draft | undefined => {
    if (fromUs === undefined) return undefined;
    const sinceUs = Math.max(0, atUs - fromUs);
    for (let endUs = bucketsMax * bucketUs; endUs <= sinceUs; endUs *= 2) widen();
    const index = Math.floor(sinceUs / bucketUs);
    while (drafts.length <= index) drafts.push(emptyDraft());
    return drafts[index];
  };

  const widen = (): void => {
    bucketUs *= 2;
    drafts = Array.from({ length: Math.ceil(drafts.length / 2) }, (_, index) => {
      const [first = emptyDraft(), second = emptyDraft()] = drafts.slice(2 * index, 2 * index + 2);
      return joined(first, second);
    });
  };

  return {
    begin: (atUs) => {
      fromUs ??= atUs;
    },
    onOp: ({ started, ended, outcome, attempts }) => {
      const draft = at(started.intendedUs);
      if (draft === undefined) return;
      draft.ops[outcome] += 1;
      if (outcome === "ok" && ended !== undefined) addTime(draft.response, ended.atUs - started.intendedUs);
      for (const { startedUs } of attempts) add(at(startedUs), "attempts");
    },
    onExchange: ({ startedUs }) => {
      if (fromUs !== undefined && startedUs >= fromUs) add(at(startedUs), "exchanges");
    },
    onEffect: ({ committedUs: [, toUs], atUs }) => add(at(Math.min(toUs, atUs)), "effects"),
    end: (untilUs) => {
      if (fromUs !== undefined && untilUs > fromUs) at(untilUs - 1);
      return { bucketUs, fromUs: fromUs ?? 0, buckets: drafts.map(bucketOf) };
    },
  };
}

function add(draft: Draft | undefined, key: "attempts" | "exchanges" | "effects"): void {
  if (draft !== undefined) draft[key] += 1;
}

// A line in a chart needs no third digit, and there are many buckets.
function emptyDraft(): Draft {
  return { ops: noOps(), attempts: 0, exchanges: 0, effects: 0, response: emptyTiming(2) };
}

function joined(first: Draft, second: Draft): Draft {
  for (const outcome of ["ok", "failed", "unknown", "not-run"] as const) first.ops[outcome] += second.ops[outcome];
  first.attempts += second.attempts;
  first.exchanges += second.exchanges;
  first.effects += second.effects;
  mergeTiming(first.response, second.response);
  return first;
}

function bucketOf({ ops, attempts, exchanges, effects, response }: Draft): Bucket {
  const p50Us = percentile(response, 0.5);
  const p95Us = percentile(response, 0.95);
  return {
    offered: Object.values(ops).reduce((sum, some) => sum + some, 0),
    ops,
    attempts,
    ...(p50Us === undefined || p95Us === undefined ? {} : { p50Us, p95Us }),
    exchanges,
    effects,
  };
}
