/** What `survives` has to say, in words: who, when, what was broken then, and how to mend it. */
import type { HealForm } from "../history/declared.ts";
import { placeInWords, type FaultPlace } from "../history/fault-place.ts";
import { eventsOf, type Told } from "../history/told.ts";
import { formatDuration } from "../units.ts";
import type { Episode, Tried } from "./after-healing.ts";
import { witnessesMax, type Finding } from "./check.ts";
import type { Recovery, Stuck, Tail } from "./recovered.ts";
import { howItEnded, type ServerExits } from "./server-exits.ts";
import type { ServerKills } from "./server-kills.ts";
import type { ServerTools } from "./vanished-tools.ts";

/** One activation of a fault, as the history tells it. */
export interface FaultSpan extends FaultPlace {
  readonly fault: string;
  readonly kind: string;
  readonly window: number;
  readonly control: boolean;
  readonly fromUs: number;
  toUs?: number;
  form?: HealForm;
  observed: boolean;
  readonly events: string[];
}

/** Ops that were not ok and were under way when their server ended. */
export interface Hurt {
  count: number;
  readonly ops: string[];
}

const shownMax = 3;

export function exitFinding(
  of: ServerExits,
  { faults, hurt }: { readonly faults: readonly FaultSpan[]; readonly hurt: Hurt | undefined },
): Finding[] {
  const { server, policy, perSession: ofSessions, exits, is } = of;
  const [first] = exits;
  if (first === undefined || is === "undecided") return [];
  const { event } = first;
  const near = faultsAt(event.atUs, faults);
  const wrote = tellingLine(event.stderr);
  const under = hurt === undefined ? "" : `; ${hurt.count} of its ops were under way: ${shown(hurt.ops)}`;
  const allowed = policy === undefined ? "" : allowedBy(policy, ofSessions);
  const verdicts: Readonly<Record<typeof is, string>> = {
    "no-policy": "",
    "too-often": `, and its restart policy allows that ${allowed}`,
    "not-back": ` and was not back as its restart policy asks (${allowed})`,
    "within-policy": ofSessions
      ? `, as its restart policy allows (${allowed})`
      : ` and was back as its restart policy says (${allowed})`,
  };
  return [
    {
      grade: is === "within-policy" ? "info" : "violation",
      blames: "server",
      says:
        `${server} ended by itself ${times(exits.length)}${verdicts[is]}: at ${secondsOf(event.atUs)} with ${howItEnded(event)}, ` +
        `${near.says}${wrote === undefined ? "" : `; it wrote "${wrote}"`}${under}`,
      why: "Every call that was under way is lost, and so is every session; what nobody starts again stays away.",
      fix: "Handle the error where it happens (a listener on every socket and stream) and answer the call with isError.",
      witness: {
        events: [...exits.map((exit) => exit.event.id), ...near.events].slice(0, witnessesMax),
        ops: hurt?.ops ?? [],
      },
    },
  ];
}

/** A fault ended it, it was started again, and it is not there. */
export function awayFinding(
  { server, kills, unready }: ServerKills,
  { faults }: { readonly faults: readonly FaultSpan[] },
): Finding[] {
  const last = kills.at(-1);
  if (unready === undefined || last === undefined) return [];
  const near = faultsAt(last.event.atUs, faults);
  return [
    {
      grade: "violation",
      blames: "server",
      says:
        `${server} was killed at ${secondsOf(last.event.atUs)} (${howItEnded(last.event)}), ${near.says}; ` +
        `it was started again, and by ${secondsOf(unready.atUs)} it had not answered`,
      why: "A process that was killed comes back to what it left behind; one that cannot start from that stays away.",
      fix: "Let nothing that a killed process leaves (locks, sockets, half-written files) keep the next one from starting.",
      witness: { events: [last.event.id, unready.id, ...near.events].slice(0, witnessesMax), ops: [] },
    },
  ];
}

/** Over stdio each session has a process of its own, which comes back with the next call. */
function allowedBy({ most, withinMs }: NonNullable<ServerExits["policy"]>, ofSessions: boolean): string {
  return `${times(most)}${ofSessions ? " in each session" : `, for ${formatDuration(withinMs)} at most`}`;
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

export function vanishedFinding({ server, before, vanished }: ServerTools): Finding[] {
  if (before === undefined || vanished === undefined) return [];
  const { tools, phase, listing } = vanished;
  const names = tools.length > shownMax ? `${tools.slice(0, shownMax).join(", ")}, …` : tools.join(", ");
  return [
    {
      grade: "violation",
      blames: "server",
      says: `${tools.length} of ${before.tools.length} tools of ${server} are listed no more in ${phase}: ${names}`,
      why: "An agent that lists the tools anew plans without them, and nobody is told that something is missing.",
      fix: "Keep the list as it is while something behind it is broken, and put back what was taken away once it is well.",
      witness: { events: [before.id, listing.id], ops: [] },
    },
  ];
}

const formWords = {
  "let-through": "by letting through",
  "drop-connections": "by dropping connections",
  "start-again": "by starting it again",
} as const;

const fixes = {
  "let-through":
    "Wait for no answer for ever: give up a connection that fell silent, and make the next call over a new one.",
  "drop-connections": "Throw away every pooled connection that was closed or broken, and connect anew.",
  "start-again":
    "Come up without any help, with what is needed from before kept outside the process; answer 404 to sessions that are gone.",
} as const;

export function stuckFinding(
  tail: Tail,
  recovery: Recovery,
  { heals, told }: { readonly heals: readonly FaultSpan[]; readonly told: Told },
): Finding[] {
  if (recovery.is !== "persists" && recovery.is !== "partly") return [];
  const { episode, server } = tail.episode;
  const forms = [...new Set(heals.flatMap(({ form }) => (form === undefined ? [] : [form])))];
  const healed = healedSays(heals, forms);
  const grace = formatDuration((tail.fromUs - tail.healedUs) / 1000);
  const bad = recovery.stuck.flatMap((stuck) => stuck.bad);
  return [
    {
      grade: recovery.is === "persists" ? "violation" : "weakness",
      blames: "server",
      says:
        `${recovery.stuck.map(stuckSays).join("; ")}, though ${episode} was over for ${grace} and more ` +
        `(${healed}) and the way of ${server} was open: ${shown(bad.map(({ op }) => op))}`,
      why: "The trouble is over and the server is not well: whoever needs it goes without for as long as that lasts.",
      fix: `${forms.map((form) => fixes[form]).join(" ") || fixes["drop-connections"]} ${longer(tail)}`,
      witness: {
        events: [...heals.flatMap(({ events }) => events.slice(-1)), ...eventsOfAll(bad, told)].slice(0, witnessesMax),
        ops: bad.slice(0, witnessesMax).map(({ op }) => op),
      },
    },
  ];
}

/** To be stuck and to wait for longer than was looked are alike to who stops looking. */
function longer({ healedUs, untilUs }: Tail): string {
  const lookedMs = Math.round((untilUs - healedUs) / 1000);
  return (
    `If it means to come back by itself only later than ${formatDuration(lookedMs)} after healing ` +
    "(a breaker, a backoff), give it a longer recovery."
  );
}

/** Calls that failed because what the server needs still failed: the server cannot be seen to recover from that. */
export function upstreamFinding(tail: Tail, told: Told): Finding[] {
  const failed = tail.ops.filter(({ came }) => came === "upstream");
  if (failed.length === 0) return [];
  const { episode, server } = tail.episode;
  return [
    {
      grade: "info",
      blames: "upstream",
      says:
        `${failed.length} ops of ${server} were not ok after ${episode} because its upstream still failed: ` +
        shown(failed.map(({ op }) => op)),
      why: "What a server needs and does not get it cannot be blamed for.",
      fix: "See why the upstream itself does not recover.",
      witness: {
        events: eventsOfAll(failed, told).slice(0, witnessesMax),
        ops: failed.slice(0, witnessesMax).map(({ op }) => op),
      },
    },
  ];
}

function eventsOfAll(tried: readonly Tried[], told: Told): readonly string[] {
  return tried.slice(0, witnessesMax).flatMap(({ op }) => eventsOf(told, op).slice(0, witnessesMax));
}

function stuckSays({ name, bad, ops, baseline }: Stuck): string {
  return `${bad.length} of ${ops} ops of ${name} were not ok (${classesOf(bad)}; baseline ${baseline.bad} of ${baseline.ops})`;
}

function classesOf(bad: readonly Tried[]): string {
  const counts = [...Map.groupBy(bad, ({ class: is = "unknown" }) => is)].map(([is, of]) => ({ is, n: of.length }));
  return counts
    .sort((a, b) => b.n - a.n)
    .slice(0, shownMax)
    .map(({ is, n }) => `${n} ${is}`)
    .join(", ");
}

function healedSays(heals: readonly FaultSpan[], forms: readonly (keyof typeof formWords)[]): string {
  const what = [...new Set(heals.map(named))].join(", ");
  return what === "" ? "nothing was broken" : `${what}, healed ${forms.map((form) => formWords[form]).join(" and ")}`;
}

// What a server dies of, it mostly dies of soon.
const justNowUs = 2_000_000;

function faultsAt(atUs: number, faults: readonly FaultSpan[]): { readonly says: string; readonly events: string[] } {
  const real = faults.filter(({ control, fromUs }) => !control && fromUs <= atUs);
  const on = real.filter(({ toUs = Number.POSITIVE_INFINITY }) => toUs > atUs);
  const just = real.findLast(({ toUs = 0 }) => toUs > atUs - justNowUs);
  const says =
    on.length > 0
      ? `while ${[...new Set(on.map(named))].join(", ")} was on`
      : just === undefined
        ? "while nothing was broken"
        : `${formatDuration((atUs - (just.toUs ?? atUs)) / 1000)} after ${named(just)} was healed`;
  const witnesses = on.length > 0 ? on : just === undefined ? [] : [just];
  return { says, events: witnesses.flatMap(({ events }) => events) };
}

function named({ kind, ...fault }: FaultSpan): string {
  return `${kind} on ${placeInWords(fault)}`;
}

// Some draw a frame around what they say: Python's rich, and Python's own groups of exceptions ("| " and "+----").
const frames = /[\u2500-\u257f]+|^[\s|]*\|\s|^[\s|]*\+[-+]+/g;
// With what happened behind it, or as a name of its own, such as anyio.BrokenResourceError.
const telling = /^\S*(?:error|exception|panic|fatal)\b.*\S|^\S+(?:error|exception)$/i;

/** The line of its last words that says what happened; a stack is for those who open the history. */
function tellingLine(stderr: string | undefined): string | undefined {
  const lines = (stderr ?? "").split("\n").map((line) => line.replace(frames, "").trim());
  const told = lines.findLast((line) => telling.test(line));
  return (told ?? lines.findLast((line) => line !== ""))?.slice(0, 200);
}

function secondsOf(us: number): string {
  return `${(us / 1e6).toFixed(1)} s`;
}

function shown(ops: readonly string[]): string {
  return ops.slice(0, shownMax).join(", ") + (ops.length > shownMax ? ", …" : "");
}

/** The faults of an episode whose heal its recovery stands on. */
export function healsOf({ faults }: Episode, spans: readonly FaultSpan[]): readonly FaultSpan[] {
  const names = new Set(faults.map(({ fault }) => fault));
  return spans.filter(({ fault, toUs }) => names.has(fault) && toUs !== undefined);
}
