/**
 * Effects of which only the requests for them are seen: those that an upstream has answered with success. A request is
 * no commit: a repeat may be known by its key, and what failed may have been taken back, so these are weaknesses. That
 * an upstream was never asked is certain, unless requests were seen that name no op. And where one was sent and never
 * answered, nobody can tell what came of it.
 */
import type { Declared, DeclaredEffect } from "../history/declared.ts";
import type { Exchange } from "../history/events.ts";
import type { JoinedExchange, OpRecord } from "../history/records.ts";
import { eventsOf, type Told } from "../history/told.ts";
import { counted as countedIn } from "../units.ts";
import { witnessesMax, type Finding, type Plant } from "./check.ts";
import type { Counted, EffectCount } from "./duplicate-effects.ts";
import { wrongs, wrongWith, type Wrong } from "./effect-tallies.ts";
import type { Write } from "./writes.ts";

type Requests = NonNullable<DeclaredEffect["requests"]>;

interface Asked {
  readonly write: Write;
  readonly rule: Rule;
  /** Answered with success, by method. */
  accepted: number;
  /** Of these such as do the same again when they are repeated: POST and PATCH. */
  repeatable: number;
  /** Of these such as were answered with 201: beside one of them any other answer tells of a known repeat. */
  created: number;
  /** Sent, and nobody knows what came of it. */
  open: number;
}

interface Rule {
  readonly effect: string;
  readonly expect: number;
  readonly requests: Requests;
  readonly links: ReadonlySet<string>;
  readonly path: RegExp;
}

export function countRequests(
  effects: readonly DeclaredEffect[],
  { declared, control }: { readonly declared: Declared; readonly control: boolean },
): EffectCount {
  const rules = rulesOf(effects, declared);
  const asked = new Map<string, Asked>();
  const nameless = new Set<Rule>();
  const noteNameless = (exchange: Exchange): void => {
    if (exchange.ops.length > 0 || fateOf(exchange).is === "refused") return;
    for (const rule of rules.values()) if (isFor(rule, exchange)) nameless.add(rule);
  };
  return {
    onWrite: (write, record) => {
      for (const exchange of record.exchanges) noteNameless(exchange);
      const rule = rules.get(write.effect);
      if (rule === undefined) return;
      const of: Asked = { write, rule, accepted: 0, repeatable: 0, created: 0, open: 0 };
      asked.set(write.op, of);
      for (const exchange of exchangesOf(record)) count(of, exchange);
    },
    on: (record) => {
      // Its op's record had been closed before.
      if (record.type !== "exchange") return;
      for (const op of record.ops) countLate(asked.get(op), record);
      noteNameless(record);
    },
    end: (told): Counted => {
      const all = [...asked.values()];
      const judged = all.filter(({ write }) => control || write.exposed);
      const findings = [...findingsOf(all, nameless, told), ...repeatsOf(asked, told)];
      const few = findings.length === 0 ? "0 duplicated, lost or orphaned" : "some doubtful";
      const strength = `${few} in ${countedIn(judged.length, control ? "write" : "exposed write")}, by the requests that were accepted`;
      return { looked: judged.length, findings, doubt: doubtOf(all, judged), strength };
    },
  };
}

function rulesOf(effects: readonly DeclaredEffect[], declared: Declared): ReadonlyMap<string, Rule> {
  return new Map(effects.flatMap((effect) => ruleOf(effect, declared).map((rule) => [effect.effect, rule])));
}

const plantedMost = 20;

/** Of some ops each request fails; the first stays as it is, as a proof that requests can be seen. */
export function plantRefused(effects: readonly DeclaredEffect[], declared: Declared): Plant {
  const rules = [...rulesOf(effects, declared).values()];
  const order: string[] = [];
  return (event) => {
    if (event.type !== "exchange" || !rules.some((rule) => isFor(rule, event))) return undefined;
    const [op] = event.ops;
    if (op === undefined) return undefined;
    if (!order.includes(op) && order.length < plantedMost) order.push(op);
    const { meddled: _, ...rest } = event;
    return order.indexOf(op) % 2 === 1 ? [{ ...rest, ended: "answered", status: 500 }] : undefined;
  };
}

function ruleOf({ effect, expect = 1, requests }: DeclaredEffect, { links }: Declared): Rule[] {
  if (requests === undefined) return [];
  const { upstream, path = "*" } = requests;
  const anyPart = path === "*" ? ".*" : path.split("*").map(literally).join("[^/]+");
  const to = links.filter(({ link, plane }) => plane === "server-upstream" && link.endsWith(`->${upstream}`));
  return [
    {
      effect,
      expect,
      requests,
      links: new Set(to.map(({ link }) => link)),
      path: new RegExp(`^(?:${anyPart})(?:\\?|$)`),
    },
  ];
}

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

/** Only those that name the op: one that is joined by its time alone may be another's. */
function exchangesOf({ exchanges }: OpRecord): readonly JoinedExchange[] {
  return exchanges.filter(({ joinedBy }) => joinedBy === "canary");
}

function countLate(of: Asked | undefined, exchange: Exchange): void {
  if (of !== undefined) count(of, exchange);
}

function isFor({ links, requests, path }: Rule, { link, method, path: asked }: Exchange): boolean {
  return links.has(link) && requests.methods.includes(method) && path.test(asked);
}

function count(of: Asked, exchange: Exchange): void {
  if (!isFor(of.rule, exchange)) return;
  const { is, times, status } = fateOf(exchange);
  if (is === "open") of.open += 1;
  if (is !== "accepted") return;
  of.accepted += times;
  if (exchange.method !== "POST" && exchange.method !== "PATCH") return;
  of.repeatable += times;
  if (status === 201) of.created += times;
}

interface Fate {
  readonly is: "accepted" | "refused" | "open";
  readonly times: number;
  readonly status?: number;
}

/** What the upstream did, as far as it has said so; a fault may have kept that from whoever asked. */
function fateOf({ ended, status, meddled, sentUs }: Exchange): Fate {
  if (meddled?.delivered === 0) return { is: "refused", times: 0 };
  const said = meddled === undefined ? status : (meddled.status ?? (meddled.made === undefined ? status : undefined));
  const times = meddled?.delivered ?? 1;
  if ((ended === "answered" || ended === "eaten") && said !== undefined) {
    return { is: said >= 200 && said < 300 ? "accepted" : "refused", times, status: said };
  }
  if (ended === "refused" || ended === "lost" || sentUs === undefined) return { is: "refused", times };
  return { is: "open", times };
}

function doubtOf(all: readonly Asked[], judged: readonly Asked[]): string | undefined {
  if (all.length === 0) return "no write was called";
  for (const effect of new Set(all.map(({ rule }) => rule.effect))) {
    const baseline = all.filter(
      ({ rule, write }) => rule.effect === effect && write.inBaseline && write.outcome === "ok",
    );
    if (baseline.length === 0)
      return `no op with the effect ${effect} succeeded in the baseline, so its requests are unproven`;
    if (baseline.every(({ accepted }) => accepted === 0)) {
      return `of ${countedIn(baseline.length, "op")} that succeeded in the baseline no request was seen that names its op: the server must pass on traceparent, or the op's id`;
    }
  }
  if (judged.length === 0) return "no write that was sent met a fault or was tried again";
  const open = judged.filter((of) => of.open > 0).length;
  if (open === 0) return undefined;
  return `${open} of ${countedIn(judged.length, "write")} sent a request that was never answered: what came of it only a ledger can tell`;
}

const words: Readonly<Record<Wrong, { readonly says: string; readonly why: string; readonly fix: string }>> = {
  duplicated: {
    says: "had more requests accepted than effects are meant",
    why: "Unless the upstream knows a repeat by its key, the world has changed twice.",
    fix: "Pass the caller's request id on as the upstream's idempotency key; to be sure, let the effect be read back (read: …).",
  },
  orphaned: {
    says: "had a request accepted although the caller was told that it failed",
    why: "The caller believes that nothing happened, so it will do it again or report a failure that is none.",
    fix: 'Say "failed" only where nothing can have happened; to be sure, let the effect be read back (read: …).',
  },
  lost: {
    says: "had no request accepted although the caller was told that it succeeded",
    why: "The caller goes on as if it were done, and the upstream was never asked, or has said no.",
    fix: "Report success only after the upstream has confirmed the write; turn its failures into tool errors (isError).",
  },
};

function findingsOf(all: readonly Asked[], nameless: ReadonlySet<Rule>, told: Told): Finding[] {
  const proven = new Set(all.filter(({ write, accepted }) => write.inBaseline && accepted > 0).map(({ rule }) => rule));
  return wrongs.flatMap((wrong): Finding[] => {
    const found = all.filter((of) => proven.has(of.rule) && wrongOf(of) === wrong);
    const [first] = found;
    if (first === undefined) return [];
    const { says, ...advice } = words[wrong];
    const { upstream, methods } = first.rule.requests;
    const examples = found.slice(0, 3).map(({ write, accepted }) => `${write.op} (${countedIn(accepted, "request")})`);
    const more = found.length > examples.length ? ` and ${found.length - examples.length} more` : "";
    const tools = [...new Set(found.map(({ write }) => write.tool))].join(", ");
    const exchanges = told.op(first.write.op)?.exchanges.filter(({ link }) => first.rule.links.has(link)) ?? [];
    return [
      {
        grade: wrong === "lost" && !nameless.has(first.rule) ? "violation" : "weakness",
        blames: "server",
        says: `${found.length} of ${all.length} ${tools} ops ${says} (${methods.join(", ")} at ${upstream}): ${examples.join("; ")}${more}`,
        ...advice,
        witness: {
          events: [...eventsOf(told, first.write.op), ...exchanges.map(({ id }) => id)].slice(0, witnessesMax),
          ops: found.slice(0, witnessesMax).map(({ write }) => write.op),
        },
      },
    ];
  });
}

/** A write and what stands in for it, where both had a request accepted and the first was not said to have failed. */
function repeatsOf(asked: ReadonlyMap<string, Asked>, told: Told): Finding[] {
  const pairs = [...asked.values()].flatMap((of) => {
    const first = asked.get(of.write.insteadOf ?? "");
    return first === undefined || first.write.wasRefused || first.accepted === 0 || of.accepted === 0
      ? []
      : [{ first: first.write.op, second: of.write.op }];
  });
  const [pair] = pairs;
  if (pair === undefined) return [];
  const examples = pairs.slice(0, 3).map(({ first, second }) => `${second} for ${first}`);
  const more = pairs.length > examples.length ? ` and ${pairs.length - examples.length} more` : "";
  return [
    {
      grade: "weakness",
      blames: "agents",
      says: `${countedIn(pairs.length, "op")} stood in for a write that had its request accepted all the same: ${examples.join("; ")}${more}`,
      why: "A write of unknown fate was made again by another way; unless the upstream knows a repeat, both were done.",
      fix: "Fall back only from writes that surely failed; of one whose fate is unknown, ask first whether it was done.",
      witness: {
        events: [...eventsOf(told, pair.first), ...eventsOf(told, pair.second)].slice(0, witnessesMax),
        ops: pairs.flatMap(({ first, second }) => [first, second]).slice(0, witnessesMax),
      },
    },
  ];
}

/** To repeat a PUT or a DELETE changes nothing more. */
function wrongOf({ write, rule, accepted, repeatable, created, open }: Asked): Wrong | undefined {
  const wrong = wrongWith(write.outcome, accepted, rule.expect);
  if (wrong === "duplicated" && (created > 0 ? created : repeatable) <= rule.expect) return undefined;
  return wrong === "lost" && open > 0 ? undefined : wrong;
}
