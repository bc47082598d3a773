/**
 * What the run could not see. A gap never makes a check fail; it keeps every pass from being believed. The gaps are
 * the harness's own account of itself: blind spots, broken premises, a history that ends too early.
 */
import type { Declared, Mode } from "../history/declared.ts";
import type { EngineReady } from "../history/engine-events.ts";
import type { Attempt, HistoryEvent, RunEnded, TargetEvent } from "../history/events.ts";
import type { FailedThreshold } from "../history/failed-threshold.ts";
import { whyBehind, type GeneratorHealth } from "../history/generator.ts";
import { followEgress, type EgressAccount } from "./egress.ts";
import { followListening, type Unheard } from "./listening.ts";
import { troubleOf, type Trouble } from "./engine-trouble.ts";
import { followFaults } from "./unseen-faults.ts";
import { followTokens } from "./token-trouble.ts";
import { followExits, howItEnded } from "./server-exits.ts";

export interface Gap {
  readonly gap:
    | "history-cut"
    | "run-stopped"
    | "nothing-called"
    | "fault-not-observed"
    | "fault-not-healed"
    | "link-unused"
    | "egress-not-seen"
    | "target-ended"
    | "generator-behind"
    | "engine-restarted"
    | "token-missing"
    | "ops-not-followed"
    | "nothing-judged";
  readonly says: string;
}

export interface Account {
  readonly gaps: readonly Gap[];
  readonly reason: RunEnded["reason"] | "cut";
  readonly unhealed: readonly string[];
  /** The thresholds that ended the run. */
  readonly aborted: readonly FailedThreshold[];
  /** What made the faults; an older history does not tell. */
  readonly engine?: EngineReady;
  /** When its own trouble may have made some as well. */
  readonly troubles: readonly Trouble[];
  /** Absent where no server has a gateway. */
  readonly egress?: EgressAccount;
  /** What agents were to hear, and could not. */
  readonly unheard: readonly Unheard[];
  /** When the last event was recorded. */
  readonly endUs: number;
}

export interface EvidenceFold {
  readonly on: (event: HistoryEvent) => void;
  readonly end: () => Account;
}

export function weighEvidence({ declared, mode }: { declared: Declared; mode: Mode }): EvidenceFold {
  const usedLinks = new Set<string>();
  const faults = followFaults(declared);
  const endedTargets: string[] = [];
  const serverExits = followExits(declared);
  const egress = followEgress(declared);
  const listening = followListening(declared);
  let attempts = 0;
  let firstTrouble: string | undefined;
  let lastUs = 0;
  let closing = false;
  let ended: RunEnded | undefined;
  let behind: string | undefined;
  let engine: EngineReady | undefined;
  const engineTroubles: Trouble[] = [];
  const tokens = followTokens();

  const on = (event: HistoryEvent): void => {
    lastUs = event.atUs;
    egress.on(event);
    listening.on(event);
    if (event.type === "attempt") {
      attempts += 1;
      firstTrouble ??= troubleIn(event);
    } else if (event.type === "connection") usedLinks.add(event.link);
    else if (event.type === "fault" || event.type === "fault-condition") faults.on(event);
    else if (event.type === "target" || event.type === "phase") {
      serverExits.on(event);
      if (event.type === "phase" && event.role === "final" && event.edge === "end") closing = true;
      // What ends while all is being closed has been there for as long as it was needed.
      const says = event.type === "target" && !closing ? lossOf(event) : undefined;
      if (says !== undefined) endedTargets.push(says);
    } else if (event.type === "generator") behind = behindSays(event);
    else if (event.type === "engine-ready") engine = event;
    else if (event.type === "engine-restarted") engineTroubles.push(troubleOf(event));
    else if (event.type === "token") tokens.on(event);
    else if (event.type === "run-ended") ended = event;
  };

  const end = (): Account => {
    const gaps = cutShort(ended, { lastUs, firstTrouble });
    if (attempts === 0) gaps.push({ gap: "nothing-called", says: "no tool was called" });
    if (mode === "faults") {
      for (const says of faults.unseen()) gaps.push({ gap: "fault-not-observed", says });
    }
    for (const says of faults.unhealed) gaps.push({ gap: "fault-not-healed", says });
    // One that came back as its policy says was away for a moment only, and its absence is what the run is about.
    const endedServers = serverExits
      .end(lastUs)
      .flatMap(({ is, exits }) => (is === "within-policy" ? [] : exits.map(({ event }) => endedSays(event))));
    for (const says of withoutRepeats([...endedTargets, ...endedServers])) gaps.push({ gap: "target-ended", says });
    const passed = egress.end();
    gaps.push(...unusedLinks(declared, usedLinks, passed));
    const troubles = [...engineTroubles, ...tokens.end(lastUs)];
    for (const { gap, says } of troubles) gaps.push({ gap, says });
    if (behind !== undefined) gaps.push({ gap: "generator-behind", says: behind });
    return {
      gaps,
      reason: ended?.reason ?? "cut",
      unhealed: faults.unhealed,
      aborted: ended?.thresholds ?? [],
      ...(engine === undefined ? {} : { engine }),
      troubles,
      ...(passed === undefined ? {} : { egress: passed }),
      unheard: listening.end(),
      endUs: lastUs,
    };
  };

  return { on, end };
}

function cutShort(
  ended: RunEnded | undefined,
  { lastUs, firstTrouble }: { readonly lastUs: number; readonly firstTrouble: string | undefined },
): Gap[] {
  if (ended === undefined) {
    return [{ gap: "history-cut", says: `history ends at ${(lastUs / 1e6).toFixed(3)} s, no end mark` }];
  }
  if (ended.reason === "finished") return [];
  const says = ended.says ?? `the run was ${ended.reason}`;
  // Nothing was broken yet, so it is what a person has to mend before anything else.
  const first = ended.reason === "baseline-failed" ? firstTrouble : undefined;
  return [{ gap: "run-stopped", says: first === undefined ? says : `${says}; the first: ${first}` }];
}

function troubleIn({ class: how, outcome, says, op }: Attempt): string | undefined {
  if (outcome === "ok") return undefined;
  return `${op} came to ${how}${says === undefined ? "" : `, "${says}"`}`;
}

/** An older history has only its own word for it; of others it is judged again. */
function behindSays(health: GeneratorHealth): string | undefined {
  const { budgetUs, healthy, lagMaxUs } = health;
  const worst = `its worst start was ${Math.round(lagMaxUs / 1000)} ms late`;
  const reasons = budgetUs === undefined ? (healthy ? [] : [worst]) : whyBehind(health);
  return reasons.length === 0 ? undefined : `the load generator fell behind: ${reasons.join(". ")}`;
}

/** Links that nothing came over. Why a gateway's did not, the gateway tells. */
function unusedLinks({ links }: Declared, used: ReadonlySet<string>, egress: EgressAccount | undefined): Gap[] {
  const unseen = egress?.gaps ?? [];
  const told = new Set(unseen.flatMap((of) => of.links));
  return [
    ...unseen.map(({ says }) => ({ gap: "egress-not-seen" as const, says })),
    ...links
      .filter(({ link }) => !used.has(link) && !told.has(link))
      .map(({ link }) => ({ gap: "link-unused" as const, says: `nothing ever connected over ${link}` })),
  ];
}

/** What of a target the run had to do without; of the ends of servers their restart policies know more. */
function lossOf(event: TargetEvent): string | undefined {
  if (event.edge === "unready") return `the ${event.role} ${event.target} was started again and does not answer`;
  return event.edge === "exited" && event.role === "upstream" ? endedSays(event) : undefined;
}

/** Over stdio one server may end in a hundred sessions. */
function withoutRepeats(texts: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].map(([text, count]) => (count === 1 ? text : `${text}, ${count} times`));
}

function endedSays(event: TargetEvent): string {
  return `the ${event.role} ${event.target} ended by itself (${howItEnded(event)})`;
}
