/** What timeout-cascade says of what it has seen: work for nobody, and budgets that one step has eaten. */
import type { Declared } from "../history/declared.ts";
import type { Told } from "../history/told.ts";
import { counted, formatDuration } from "../units.ts";
import { witnessesMax, type Finding } from "./check.ts";
import type { Budgets, Cascade } from "./eaten-budget.ts";
import { endOf, wasLetGo, type GaveUp } from "./orphaned-work.ts";

const examplesMax = 3;

/** Work that went on after a cancel, of one server. */
export function aboutCancelled(
  left: readonly GaveUp[],
  about: {
    readonly proven: boolean;
    readonly judged: number;
    /** Requests of this server that met a fault. */
    readonly underFault: number;
    readonly told: Told;
    readonly notFollowed: string | undefined;
  },
): Finding {
  const { proven, judged, underFault, told, notFollowed } = about;
  const exchanges = left.flatMap(({ work }) => (work.is === "left" ? work.exchanges : []));
  const links = [...new Set(exchanges.map(({ link }) => link))].join(", ");
  const notes: string[] = [];
  if (underFault > 0) {
    const wasted = left.reduce((sum, gaveUp) => sum + gaveUp.wasted, 0);
    notes.push(`wasted work: ${wasted} of ${counted(underFault, "request")} under the fault`);
  }
  if (!exchanges.some((exchange) => wasLetGo(exchange) || exchange.ended === "answered")) {
    const longestUs = exchanges.reduce((most, exchange) => Math.max(most, endOf(exchange) - exchange.startedUs), 0);
    notes.push(
      `the server let go of none of them by itself, so it has no deadline of its own below ${shownUs(longestUs)}`,
    );
  }
  const late = left.flatMap(({ op, gaveUpUs }) => {
    const commit = told.effects(op).at(-1);
    return commit !== undefined && commit.committedUs[0] > gaveUpUs ? [commit] : [];
  });
  if (late.length > 0) notes.push(`${late.length} had their effect after the cancel`);
  if (notFollowed !== undefined) notes.push(notFollowed);
  return {
    grade: proven ? "violation" : "weakness",
    blames: "server",
    says: [
      `${left.length} of ${counted(judged, "cancelled call")} left work behind at ${links}: ${examplesOf(left, "the cancel")}`,
      ...notes,
    ].join("; "),
    why: "Work that nobody waits for holds connections and memory; while an upstream stalls it piles up until the server stalls as well.",
    fix: "Pass each call's cancellation on to its upstream requests, and give every one of them a deadline of its own, shorter than the callers' patience.",
    witness: witnessOf(
      left,
      late.map(({ id }) => id),
    ),
  };
}

/** Work that went on for callers who left without a word: no disobedience, but nothing bounds it either. */
export function aboutUntold(left: readonly GaveUp[]): Finding {
  return {
    grade: "weakness",
    blames: "server",
    says: `${left.length} calls left work behind whose callers had gone without a cancel: ${examplesOf(left, "that")}`,
    why: "A caller that vanishes cannot be heard; only a deadline of the server's own ends the work for it.",
    fix: "Give every upstream request a deadline, and answer with an error (outcome: unknown for writes) when it is over.",
    witness: witnessOf(left, []),
  };
}

/** Cascades by the step that ate the budget, blamed on whom it belongs to. */
export function aboutBudgets(budgets: Budgets, declared: Declared, orphaned: ReadonlySet<string>): readonly Finding[] {
  const groups = new Map<string, { readonly blame: Blame; readonly of: Cascade[] }>();
  for (const cascade of budgets.cascades()) {
    const blame = blameFor(cascade, declared, orphaned);
    const key = `${cascade.group} ${cascade.eater.tool} ${blame.blames}`;
    const entry = groups.get(key) ?? { blame, of: [] };
    groups.set(key, entry);
    entry.of.push(cascade);
  }
  return [...groups.values()].map(({ blame, of }) => budgetFinding(of, blame, budgets));
}

type Blame = Pick<Finding, "grade" | "blames" | "why" | "fix">;

function blameFor({ group, budgetUs, eater }: Cascade, declared: Declared, orphaned: ReadonlySet<string>): Blame {
  const step = declared.steps.find((candidate) => candidate.group === group && candidate.step === eater.step);
  const attemptsMax = declared.groups.find((candidate) => candidate.group === group)?.attemptsMax ?? 1;
  const why = "The turn fails as a whole although the steps that were left would have answered at once.";
  if ((step?.timeoutMs ?? 0) * attemptsMax * 1000 >= budgetUs) {
    return {
      grade: "weakness",
      blames: "agents",
      why,
      fix: "Let patience times attempts of one step be well below the budget of the chain, and keep a reserve for the last step.",
    };
  }
  if (orphaned.has(eater.op)) {
    return {
      grade: "violation",
      blames: "server",
      why,
      fix: "Give up on a slow upstream before the caller does, say so, and stop the work.",
    };
  }
  return { grade: "info", blames: "upstream", why, fix: "Ask first what is cheap to lose, or ask side by side." };
}

function budgetFinding(cascades: readonly Cascade[], blame: Blame, budgets: Budgets): Finding {
  const [first] = cascades;
  if (first === undefined) throw new Error("a finding is about at least one cascade");
  const { eater, budgetUs, tookUs, group, starved } = first;
  const share = Math.round((100 * tookUs) / budgetUs);
  const lost = starved.map(
    ({ step, usualUs }) =>
      `${step.tool} (${shownUs(usualUs)} in the baseline) was ${step.notRun ? "not run" : "cut short"}`,
  );
  const more = budgets.leftOut(group);
  const aside = more === 0 ? "" : `; ${counted(more, "more walk")} that ran short of time were not looked at`;
  const ops = cascades.flatMap((cascade) => [cascade.eater.op, ...cascade.starved.map(({ step }) => step.op)]);
  const steps = [eater, ...starved.map(({ step }) => step)];
  return {
    ...blame,
    says:
      `in ${counted(cascades.length, "walk")} of ${group} ${eater.tool} ate the budget: ` +
      `${eater.op} took ${shownUs(tookUs)} of ${shownUs(budgetUs)} (${share} %), so ${lost.join(", ")}${aside}`,
    witness: {
      events: steps.flatMap(({ events }) => events).slice(0, witnessesMax),
      ops: ops.slice(0, witnessesMax),
    },
  };
}

function examplesOf(left: readonly GaveUp[], after: string): string {
  const shown = left.slice(0, examplesMax).map(({ op, gaveUpUs, work }) => {
    if (work.is !== "left") return op;
    const longest = work.exchanges.reduce((one, other) => (endOf(other) > endOf(one) ? other : one));
    const { method, path, startedUs } = longest;
    const went =
      startedUs > gaveUpUs
        ? `began ${shownUs(startedUs - gaveUpUs)}`
        : `went on for ${shownUs(endOf(longest) - gaveUpUs)}`;
    return `${op} (${method} ${path} ${went} after ${after})`;
  });
  const more = left.length > shown.length ? ` and ${left.length - shown.length} more` : "";
  return `${shown.join(", ")}${more}`;
}

function shownUs(us: number): string {
  return formatDuration(Math.round(us / 1000));
}

function witnessOf(left: readonly GaveUp[], more: readonly string[]): Finding["witness"] {
  const events = left.flatMap((gaveUp) => gaveUp.events);
  return {
    events: [...new Set([...events.slice(0, witnessesMax - 2), ...more, ...events])].slice(0, witnessesMax),
    ops: left.slice(0, witnessesMax).map(({ op }) => op),
  };
}
