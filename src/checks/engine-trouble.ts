/**
 * When a real engine hung or died and was started anew, every connection over it was cut, and nobody that Squall tests
 * has done that. What was found in that time is nobody's, so it is told but not held against anybody.
 */
import type { FailOn } from "../history/declared.ts";
import type { EventOf, HistoryEvent } from "../history/events.ts";
import type { Finding, Judgement } from "./check.ts";
import { each, type ReadEvents } from "./trials.ts";

export interface Trouble {
  /** What it is among the gaps in the evidence. */
  readonly gap: "engine-restarted" | "token-missing";
  readonly fromUs: number;
  /** Until the last of those who were cut off had surely tried again. */
  readonly untilUs: number;
  readonly says: string;
  /** Why what was found meanwhile is believed to be nobody's. */
  readonly excuse: string;
}

const aftermathUs = 5_000_000;

export function troubleOf({ kind, fromUs, untilUs, because, links }: EventOf<"engine-restarted">): Trouble {
  const at = (us: number): string => `${(us / 1e6).toFixed(3)} s`;
  const says =
    `the ${kind} engine was started anew between ${at(fromUs)} and ${at(untilUs)} (${because}), ` +
    `which cut all connections over ${links.join(", ")}`;
  return {
    gap: "engine-restarted",
    fromUs,
    untilUs: untilUs + aftermathUs,
    says,
    excuse: "what it found may be the engine's doing",
  };
}

export function overlaps(troubles: readonly Trouble[], fromUs: number, untilUs: number): boolean {
  return troubles.some((trouble) => fromUs <= trouble.untilUs && untilUs >= trouble.fromUs);
}

/** The events among these that tell of such a time, in one more reading that hardly any history needs. */
export async function troubledAmong(
  read: ReadEvents,
  { ids, troubles }: { readonly ids: ReadonlySet<string>; readonly troubles: readonly Trouble[] },
): Promise<ReadonlySet<string>> {
  const troubled = new Set<string>();
  if (troubles.length === 0 || ids.size === 0) return troubled;
  await each(read, (event) => {
    if (ids.has(event.id) && overlaps(troubles, ...spanOf(event))) troubled.add(event.id);
  });
  return troubled;
}

/** Many are recorded only when what they tell of is over. */
function spanOf(event: HistoryEvent): readonly [fromUs: number, untilUs: number] {
  if (event.type === "attempt" || event.type === "exchange") return [event.startedUs, event.atUs];
  return event.type === "effect" ? event.committedUs : [event.atUs, event.atUs];
}

/** A failure that no finding from outside such a time holds up is none. */
export function withoutTrouble(
  judgement: Judgement,
  about: {
    readonly troubled: ReadonlySet<string>;
    readonly troubles: readonly Trouble[];
    readonly failOn: FailOn;
  },
): Judgement {
  const { troubled, troubles, failOn } = about;
  if (judgement.verdict !== "fail" || troubled.size === 0) return judgement;
  const isTroubled = ({ witness }: Finding): boolean => witness.events.some((id) => troubled.has(id));
  const findings = judgement.findings.map((finding): Finding =>
    isTroubled(finding) ? { ...finding, grade: "info", blames: "harness" } : finding,
  );
  const fails = ({ grade }: Finding): boolean =>
    grade === "violation" || (failOn === "weakness" && grade === "weakness");
  if (findings.some(fails)) return { ...judgement, findings };
  return {
    ...judgement,
    verdict: "unknown",
    because: [...new Set(troubles.map(({ excuse }) => excuse))].join("; "),
    findings,
  };
}
