/** Ops told in full: each attempt, what was seen at the links for it, and what it left in the world. */
import type { EventOf } from "../history/events.ts";
import type { LostStream } from "../history/lost-stream.ts";
import type { OpRecord } from "../history/records.ts";
import { partsMax, type Told } from "../history/told.ts";
import type { Story } from "./figures.ts";

const storiesMax = 100;

export function storiesOf(ops: readonly string[], told: Told): readonly Story[] {
  return [...new Set(ops)].slice(0, storiesMax).flatMap((op) => {
    const record = told.op(op);
    if (record === undefined) return [];
    const effects = told.effects(op).map(({ row, committedUs: [fromUs, toUs] }) => ({ row, fromUs, toUs }));
    return [storyOf(record, effects)];
  });
}

function storyOf({ op, started, ended, outcome, attempts, exchanges }: OpRecord, effects: Story["effects"]): Story {
  const { group, server, tool, phase, intendedUs, atUs: startUs } = started;
  return {
    op,
    group,
    server,
    tool,
    phase,
    intendedUs,
    startUs,
    ...(ended === undefined ? {} : { endUs: ended.atUs }),
    outcome,
    ...(ended?.because === undefined ? {} : { because: ended.because }),
    attempts: attempts.slice(0, partsMax).map((attempt) => ({
      attempt: attempt.attempt,
      startUs: attempt.startedUs,
      endUs: attempt.atUs,
      class: attempt.class,
      outcome: attempt.outcome,
      ...(attempt.says === undefined ? {} : { says: attempt.says }),
      ...(attempt.lostStream === undefined ? {} : { lostStream: lostStreamOf(attempt.lostStream) }),
    })),
    exchanges: exchanges
      .toSorted((a, b) => a.startedUs - b.startedUs)
      .slice(0, partsMax)
      .map(exchangeOf),
    effects,
  };
}

function lostStreamOf({ afterUs, events, resumptions }: LostStream) {
  return { afterUs, events, resumptions: resumptions.slice(0, partsMax) };
}

function exchangeOf(exchange: EventOf<"exchange">): Story["exchanges"][number] {
  const { link, startedUs: startUs, atUs: endUs, method, path, ended, status } = exchange;
  return { link, startUs, endUs, method, path, ended, ...(status === undefined ? {} : { status }) };
}
