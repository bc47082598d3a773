/** Ops told in full: each attempt, what was seen at the links for it, and what it left in the world. */
import type { Declared } from "../history/declared.ts";
import type { EventOf, HistoryEvent } from "../history/events.ts";
import { assembleRecords, type HistoryRecord, type OpRecord } from "../history/records.ts";
import type { Story } from "./figures.ts";

export interface Stories {
  readonly on: (event: HistoryEvent) => void;
  readonly end: () => readonly Story[];
}

const storiesMax = 100;
/** Of the attempts, exchanges and effects of one op: a story is for reading. */
const partsMax = 50;

export function collectStories(ops: ReadonlySet<string>, declared: Declared): Stories {
  const wanted = new Set([...ops].slice(0, storiesMax));
  const assembler = assembleRecords(declared);
  const found = new Map<string, OpRecord>();
  const effects = new Map<string, Story["effects"][number][]>();

  const onRecord = (record: HistoryRecord): void => {
    if (record.type === "op" && wanted.has(record.op)) found.set(record.op, record);
    if (record.type !== "effect" || record.op === undefined || !wanted.has(record.op)) return;
    const rows = effects.get(record.op) ?? [];
    effects.set(record.op, rows);
    const [fromUs, toUs] = record.committedUs;
    if (rows.length < partsMax) rows.push({ row: record.row, fromUs, toUs });
  };

  return {
    on: (event) => assembler.push(event).forEach(onRecord),
    end: () => {
      assembler.flush().forEach(onRecord);
      return [...wanted].flatMap((op) => {
        const record = found.get(op);
        return record === undefined ? [] : [storyOf(record, effects.get(op) ?? [])];
      });
    },
  };
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
    })),
    exchanges: exchanges
      .toSorted((a, b) => a.startedUs - b.startedUs)
      .slice(0, partsMax)
      .map(exchangeOf),
    effects,
  };
}

function exchangeOf(exchange: EventOf<"exchange">): Story["exchanges"][number] {
  const { link, startedUs: startUs, atUs: endUs, method, path, ended, status } = exchange;
  return { link, startUs, endUs, method, path, ended, ...(status === undefined ? {} : { status }) };
}
