/** What is said of ops whose effects are not what their callers were told: in words, with the rows that prove it. */
import { eventsOf, type Told } from "../history/told.ts";
import { witnessesMax, type Finding } from "./check.ts";
import { rowWrongs, type RowWrong, type Tally } from "./effect-tallies.ts";
import type { Entry } from "./writes.ts";

interface Words {
  readonly says: string;
  /** The same where an op is to have several. */
  readonly saysOf: (expect: number) => string;
  readonly why: string;
  readonly fix: string;
}

const words: Readonly<Record<RowWrong, Words>> = {
  duplicated: {
    says: "had more than one effect",
    saysOf: (expect) => `had more than the ${expect} effects that are meant`,
    why: "A reply was lost or late, the call was made again, and the world changed again: the payment goes out twice.",
    fix: "Take a request id from the caller, pass it on as the upstream's idempotency key, and answer a known id with the first result.",
  },
  orphaned: {
    says: "had an effect although the caller was told that it failed",
    saysOf: () => "had effects although the caller was told that it failed",
    why: "The caller believes that nothing happened, so it will do it again or report a failure that is none.",
    fix: 'Say "failed" only where nothing can have happened; where that is not known, say so in the error (outcome: unknown).',
  },
  lost: {
    says: "had no effect although the caller was told that it succeeded",
    saysOf: (expect) => `had fewer than ${expect} effects although the caller was told that it succeeded`,
    why: "The caller goes on as if it were done.",
    fix: "Report success only after the upstream has confirmed the write; turn its failures into tool errors (isError).",
  },
  repeated: {
    says: "stood in for a write that had its effect all the same",
    saysOf: () => "stood in for a write that had effects all the same",
    why: "A write of unknown fate was made again by another way, and both were done: the payment goes out twice.",
    fix: "Fall back only from writes that surely failed; of one whose fate is unknown, ask first whether it was done.",
  },
};

/** What is read back may have been written over, most often by a write that began at the same time. */
const unread = {
  why: "The caller goes on as if it were done. It was never done, or another write has put back what it had read before.",
  fix: "Report success only after the write is confirmed; let writes that change the same thing wait for each other, or change only their own part of it. If rows go again by design, say keeps: false at the effect.",
};

export interface Judged {
  readonly tallies: readonly Tally[];
  readonly expectOf: (effect: string) => number;
  /** What findings call the place where an effect is counted, where it is read back. */
  readonly readBy: (effect: string) => string | undefined;
  /** Whether the ledger of an effect can tell that something is missing. */
  readonly tellsLost: (tally: Tally) => boolean;
}

export function effectFindings(judged: Judged, told: Told): Finding[] {
  const found = new Map<string, Found>();
  const togetherOf = ({ kind: { tool, effect } }: Tally): string =>
    `${tool} ${judged.readBy(effect) ?? ""} ${judged.expectOf(effect)}`;
  const writes = new Map<string, number>();
  for (const tally of judged.tallies) {
    writes.set(togetherOf(tally), (writes.get(togetherOf(tally)) ?? 0) + tally.writes);
  }
  for (const tally of judged.tallies) {
    const together = togetherOf(tally);
    for (const wrong of rowWrongs) {
      const { count, first } = tally.wrong[wrong];
      if (count === 0 || (wrong === "lost" && !judged.tellsLost(tally))) continue;
      const { tool, effect } = tally.kind;
      const key = `${wrong} ${together}`;
      const entry = found.get(key) ?? { wrong, tool, effect, of: writes.get(together) ?? 0, count: 0, first: [] };
      found.set(key, entry);
      entry.count += count;
      entry.first = [...entry.first, ...first].toSorted((a, b) => a.turn - b.turn).slice(0, witnessesMax);
    }
  }
  return [...found.values()]
    .toSorted((a, b) => (a.first[0]?.turn ?? 0) - (b.first[0]?.turn ?? 0))
    .map((about) => finding(judged, about, told));
}

interface Found {
  readonly wrong: RowWrong;
  readonly tool: string;
  readonly effect: string;
  /** How many such writes there were. */
  readonly of: number;
  count: number;
  first: Entry[];
}

function finding(judged: Judged, { wrong, tool, effect, of, count, first }: Found, told: Told): Finding {
  const found = first.map((entry) => {
    const op = entry.op();
    const before = wrong === "repeated" ? entry.insteadOf() : undefined;
    const all = before === undefined ? told.effects(op) : [...told.effects(before), ...told.effects(op)];
    return { op, before, entry, rows: all.filter((row) => row.effect === entry.kind.effect) };
  });
  const examples = found.slice(0, 3).map(({ op, before, entry, rows }) => {
    return `${op}${before === undefined ? "" : ` for ${before}`} (${leftBy(entry, rows)})`;
  });
  const more = count > examples.length ? ` and ${count - examples.length} more` : "";
  const story = eventsOf(told, found[0]?.op ?? "").slice(0, witnessesMax - 4);
  const rowEvents = found.flatMap(({ rows }) => rows.map(({ id }) => id));
  const expect = judged.expectOf(effect);
  const by = judged.readBy(effect);
  const { says, saysOf, ...advice } = words[wrong];
  return {
    grade: "violation",
    blames: wrong === "repeated" ? "agents" : "server",
    says: [
      `${count} of ${of} ${tool} ops ${expect === 1 ? says : saysOf(expect)}`,
      ...(by === undefined ? [] : [`, as read back by ${by}`]),
      `: ${examples.join("; ")}${more}`,
    ].join(""),
    ...(wrong === "lost" && by !== undefined ? unread : advice),
    witness: {
      // The story of the first op in full, then the rows of the others.
      events: [...new Set([...story, ...rowEvents])].slice(0, witnessesMax),
      ops: found.flatMap(({ op, before }) => (before === undefined ? [op] : [before, op])).slice(0, witnessesMax),
    },
  };
}

function leftBy(entry: Entry, rows: readonly { readonly row: string }[]): string {
  const names = [...new Set(rows.map(({ row }) => row))].join(", ");
  if (entry.hasGone && entry.rows === 0) return names === "" ? "its row has gone" : `ledger row ${names} has gone`;
  return rows.length === 0 ? "no ledger row" : `ledger rows ${names}`;
}
