/**
 * Effects that are only a number which grows, such as a counter that ops add to: whose they are nobody can tell, but
 * all together must be at least those of the ops that succeeded, and at most those of all that may have happened.
 */
import type { Declared, DeclaredEffect } from "../history/declared.ts";
import type { EventOf } from "../history/events.ts";
import { counted as countedIn } from "../units.ts";
import type { Finding, Plant } from "./check.ts";
import type { Counted, EffectCount } from "./duplicate-effects.ts";
import type { Write } from "./writes.ts";

interface Total {
  readonly effect: DeclaredEffect;
  readonly expect: number;
  readonly tools: Set<string>;
  all: number;
  exposed: number;
  ok: number;
  unknown: number;
  /** Begun before anything was broken, and what the number had grown by then. */
  begunBefore: number;
  grownBefore: number;
  last: EventOf<"ledger-read"> | undefined;
}

export function countTotals(
  effects: readonly DeclaredEffect[],
  { declared, control }: { readonly declared: Declared; readonly control: boolean },
): EffectCount {
  const totals = new Map(effects.map((effect) => [effect.effect, emptyTotal(effect)]));
  const byLedger = new Map([...totals.values()].map((total) => [total.effect.ledger, total]));
  const quietPhases = new Set(
    declared.phases.filter(({ role }) => role === "warm-up" || role === "baseline").map(({ phase }) => phase),
  );
  let isBroken = false;

  return {
    onWrite: (write, { started }) => {
      const total = totals.get(write.effect);
      if (total === undefined) return;
      add(total, write);
      if (quietPhases.has(started.phase)) total.begunBefore += 1;
    },
    on: (record) => {
      if (record.type === "phase" && record.role === "fault") isBroken = true;
      else if (record.type === "effect" && !isBroken) {
        const total = totals.get(record.effect);
        if (total !== undefined) total.grownBefore += 1;
      } else if (record.type === "ledger-read") {
        const total = byLedger.get(record.ledger);
        if (total !== undefined) total.last = record;
      }
    },
    end: (): Counted => {
      const all = [...totals.values()].filter((total) => total.all > 0);
      const looked = all.reduce((sum, total) => sum + (control ? total.all : total.exposed), 0);
      const doubt = all.map(doubtOf).find((found) => found !== undefined);
      const idle = all.length === 0 ? "no write was called" : "no write that was sent met a fault or was tried again";
      return {
        looked,
        findings: all.flatMap((total) => (doubtOf(total) === undefined ? findingsOf(total) : [])),
        doubt: doubt ?? (looked === 0 ? idle : undefined),
        strength: `0 too many or too few in all, of ${countedIn(looked, control ? "write" : "exposed write")} that a total counts`,
      };
    },
  };
}

/** Nearly all that was added is lost. */
export function plantSmallerTotal(): Plant {
  return (event) => {
    if (event.type !== "ledger-read" || event.grown === undefined) return undefined;
    return [{ ...event, grown: Math.min(1, event.grown) }];
  };
}

function emptyTotal(effect: DeclaredEffect): Total {
  const none = { all: 0, exposed: 0, ok: 0, unknown: 0, begunBefore: 0, grownBefore: 0 };
  return { effect, expect: effect.expect ?? 1, tools: new Set(), ...none, last: undefined };
}

function add(total: Total, { tool, outcome, exposed }: Write): void {
  total.tools.add(tool);
  total.all += 1;
  if (exposed) total.exposed += 1;
  if (outcome === "ok") total.ok += 1;
  if (outcome === "unknown") total.unknown += 1;
}

function doubtOf({ effect, expect, last, ok, begunBefore, grownBefore }: Total): string | undefined {
  const { ledger } = effect;
  if (last === undefined) return `the ledger ${ledger} cannot be trusted: it was never read`;
  const { failed, quiet, grown = 0 } = last;
  if (failed !== undefined) return `the ledger ${ledger} cannot be trusted: ${failed}`;
  if (!quiet) return `the ledger ${ledger} cannot be trusted: it was still changing when the run ended`;
  if (grown === 0 && ok > 0) return `the ledger ${ledger} never grew, though ${countedIn(ok, "op")} succeeded`;
  if (grownBefore > begunBefore * expect) {
    return `the ledger ${ledger} grew by ${grownBefore} in the baseline, more than ops could have made it: others write it, too`;
  }
  return undefined;
}

function findingsOf({ effect, expect, tools, all, ok, unknown, last }: Total): Finding[] {
  const grown = last?.grown ?? 0;
  const least = ok * expect;
  const most = (ok + unknown) * expect;
  const of = `of ${countedIn(all, `${[...tools].join(", ")} op`)} ${ok} succeeded and ${unknown} may have`;
  const read = `${effect.ledger} grew by ${grown}`;
  const witness = { events: last === undefined ? [] : [last.id], ops: [] };
  if (grown < least) {
    return [
      {
        grade: "violation",
        blames: "server",
        says: `${least - grown} of ${least} effects are lost although their callers were told of success: ${of}, but ${read}`,
        why: "Writes that began at the same time have written over each other: each put back what it had read before.",
        fix: "Let the database add (SET n = n + 1, INCR), or let writes that read first wait for each other.",
        witness,
      },
    ];
  }
  if (grown <= most) return [];
  return [
    {
      grade: "violation",
      blames: "server",
      says: `${grown - most} more effects than ops can have: ${of}, but ${read}`,
      why: "A call that was made again has changed the world again, or one that was said to have failed has not.",
      fix: "Take a request id from the caller, pass it on as the upstream's idempotency key, and answer a known id with the first result.",
      witness,
    },
  ];
}
