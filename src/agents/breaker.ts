import { z } from "zod";
import { duration, percentage } from "../units.ts";
import { policyPart, type Ask, type Came, type Guard, type Said } from "./policy.ts";
import { counted, emptyWindow, sumOf, type Window } from "./sliding-window.ts";
import { isAmong, serverTroubles, tellsNothing, troubles } from "./troubles.ts";

const attributes = z.strictObject({
  counts: z
    .enum(["consecutive", "cumulative", "rate"])
    .default("consecutive")
    .describe(
      "what opens it: failures in a row; all failures since it closed, as in a popular article; a share of all",
    ),
  failures: z.int().min(1).max(10_000).default(5).describe("how many open it; with rate: unused"),
  rate: percentage({ least: 1 }).default(50).describe("with counts: rate, the share of failures that opens it"),
  window: duration({ leastMs: 100, mostMs: 3_600_000 }).default(10_000).describe("with counts: rate, how far back"),
  atLeast: z.int().min(1).max(10_000).default(10).describe("with counts: rate, of at least so many attempts"),
  openFor: duration({ leastMs: 1, mostMs: 3_600_000 }).default(60_000).describe("how long it lets nothing through"),
  probes: z.int().min(1).max(1000).default(1).describe("half open, so many attempts are let through; all must be ok"),
  failureIs: troubles([...serverTroubles]).describe("what counts as a failure"),
  slow: duration({ leastMs: 1 }).optional().describe("an answer that took longer counts as a failure too"),
  per: z.enum(["server", "tool"]).default("server").describe("each of them has a breaker of its own"),
  gates: z.enum(["all", "repeats"]).default("all").describe("repeats: first attempts always go, and are its probes"),
  fallback: z
    .enum(["none", "last-answer"])
    .default("none")
    .describe("last-answer: while it is open, later steps go on with the tool's last answer that was ok"),
});
type Settings = z.output<typeof attributes>;

interface Era {
  /** Attempts carry it as their stamp: what was let through in another era does not count in this one. */
  readonly era: number;
}

export type Breaker =
  | ({ readonly is: "closed"; readonly failures: number; readonly window: Window } & Era)
  | ({ readonly is: "open"; readonly untilMs: number } & Era)
  | ({ readonly is: "half-open"; readonly probing: number; readonly succeeded: number } & Era);

export const breaker = policyPart({
  about: "After failures it lets nothing through for a while, then a few attempts to try: a circuit breaker.",
  source: "Nygard, Release It; failures in a row or a rate over a window as in resilience4j; the numbers are ours",
  attributes,
  prepare: (settings) => {
    const guard: Guard<Breaker> = {
      per: settings.per,
      start: closed(0),
      ask: (state, ask) => asked(settings, state, ask),
      came: (state, came) => heard(settings, state, came),
      fallsBack: settings.fallback === "last-answer",
    };
    return { guard };
  },
});

function closed(era: number): Breaker {
  return { is: "closed", era, failures: 0, window: emptyWindow };
}

/** A stamp of no era: what the attempt comes to changes nothing. */
const uncounted = -1;

function asked({ probes, gates }: Settings, state: Breaker, { nowMs, isFirst }: Ask): Said<Breaker> {
  const mayPass = gates === "repeats" && isFirst;
  const mayProbe = gates === "all" || isFirst;
  const otherwise: Said<Breaker> = {
    state,
    say: mayPass ? { do: "go", stamp: uncounted } : { do: "hold", because: "breaker open" },
  };
  switch (state.is) {
    case "closed":
      return { state, say: { do: "go", stamp: state.era } };
    case "open": {
      if (nowMs < state.untilMs || !mayProbe) return otherwise;
      const era = state.era + 1;
      return { state: { is: "half-open", era, probing: 1, succeeded: 0 }, say: { do: "go", stamp: era } };
    }
    case "half-open":
      return mayProbe && state.probing + state.succeeded < probes
        ? { state: { ...state, probing: state.probing + 1 }, say: { do: "go", stamp: state.era } }
        : otherwise;
    default:
      return state satisfies never;
  }
}

function heard(settings: Settings, state: Breaker, came: Came): Breaker {
  if (came.stamp !== state.era) return state;
  const { nowMs } = came;
  const seen = came.seen !== undefined && tellsNothing(came.seen) ? undefined : came.seen;
  const open = (): Breaker => ({ is: "open", era: state.era + 1, untilMs: nowMs + settings.openFor });
  switch (state.is) {
    case "closed": {
      if (seen === undefined) return state;
      const after = noted(settings, state, { failed: hasFailed(settings, came), nowMs });
      return opens(settings, after) ? open() : after;
    }
    case "half-open": {
      const probing = state.probing - 1;
      if (seen === undefined) return { ...state, probing };
      if (hasFailed(settings, came)) return open();
      const succeeded = state.succeeded + 1;
      return succeeded >= settings.probes ? closed(state.era + 1) : { ...state, probing, succeeded };
    }
    case "open":
      return state;
    default:
      return state satisfies never;
  }
}

type Closed = Extract<Breaker, { readonly is: "closed" }>;

function noted(
  { counts, window: lastsMs }: Settings,
  state: Closed,
  { failed, nowMs }: { readonly failed: boolean; readonly nowMs: number },
): Closed {
  switch (counts) {
    case "consecutive":
      return { ...state, failures: failed ? state.failures + 1 : 0 };
    case "cumulative":
      return { ...state, failures: failed ? state.failures + 1 : state.failures };
    case "rate":
      return { ...state, window: counted(state.window, { nowMs, lastsMs }, failed ? { no: 1 } : { yes: 1 }) };
    default:
      return counts satisfies never;
  }
}

function opens(settings: Settings, { failures, window }: Closed): boolean {
  if (settings.counts !== "rate") return failures >= settings.failures;
  const { yes, no } = sumOf(window);
  return yes + no >= settings.atLeast && (no / (yes + no)) * 100 >= settings.rate;
}

function hasFailed({ failureIs, slow }: Settings, { seen }: Came): boolean {
  if (seen === undefined) return false;
  return isAmong(failureIs, seen) || (slow !== undefined && (seen.tookMs ?? 0) > slow);
}
