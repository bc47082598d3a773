/** What the schema cannot see: names that name nothing, values used before they are saved, faults out of their time. */
import { answerFindings } from "./answer-references.ts";
import { arrivalFindings, processFindings } from "./arrival-references.ts";
import { effectFindings } from "./effect-references.ts";
import { faultFindings } from "./fault-references.ts";
import { identityFindings } from "./identity-references.ts";
import { suggest, type Finding } from "./mistakes.ts";
import { phaseFindings } from "./phase-references.ts";
import { policyFindings } from "./policy-references.ts";
import { chainFindings } from "./chain-references.ts";
import { filledIn, stepFindings, wrongWithPath } from "./step-references.ts";
import type { Survey, SurveyedGroup, SurveyedStep } from "./survey.ts";
import { thresholdFindings } from "./threshold-references.ts";
import { variableFindings } from "./settings.ts";
import { targetFindings, type Surroundings } from "./targets.ts";
import { ownNames, partsIn } from "./template.ts";

export function referenceFindings(surveyed: Survey, surroundings: Surroundings): Finding[] {
  const nobody: Finding = { path: ["agents"], says: "expected at least one group of agents, got none" };
  return [
    ...targetFindings(surveyed, surroundings),
    ...identityFindings(surveyed, surroundings),
    ...(surveyed.noAgents ? [nobody] : []),
    ...surveyed.groups.flatMap((group) => groupFindings(group, surveyed, surroundings)),
    ...arrivalFindings(surveyed),
    ...processFindings(surveyed),
    ...phaseFindings(surveyed.phases),
    ...surveyed.faults.flatMap((fault) => faultFindings(fault, surveyed)),
    ...effectFindings(surveyed, surroundings),
    ...thresholdFindings(surveyed),
  ];
}

function groupFindings(group: SurveyedGroup, surveyed: Survey, surroundings: Surroundings): Finding[] {
  const saved = new Map<string, number>();
  for (const [index, { save }] of group.steps.entries()) {
    for (const name of save.keys()) if (!saved.has(name)) saved.set(name, index);
  }
  return [
    ...wireFindings(group),
    ...policyFindings(group),
    ...chainFindings(group),
    ...answerFindings(group, surroundings),
    ...group.steps.flatMap((step, index) => [
      ...stepFindings(step, surveyed, surroundings),
      ...saveFindings(step),
      ...valueFindings({ step, index, steps: group.steps, saved }, surroundings),
      ...stepEffectFindings(step, surveyed),
    ]),
  ];
}

/** The SDK of this era knows one way to give up. */
function wireFindings({ path, wire, onTimeout }: SurveyedGroup): Finding[] {
  if (wire !== "sdk" || (onTimeout !== "close" && onTimeout !== "abandon")) return [];
  const says = `"${onTimeout}" cannot be had with wire: sdk, which always cancels and leaves the request open`;
  return [{ path: [...path, "policy", "onTimeout"], says, hint: "say onTimeout: cancel, or wire: lean" }];
}

function saveFindings({ path, save }: SurveyedStep): Finding[] {
  return [...save].flatMap(([name, query]): Finding[] => {
    const at = [...path, "save", name];
    if (ownNames.some((own) => own === name)) {
      return [{ path: at, atKey: true, says: `\${${name}} has a meaning of its own; save it under another name` }];
    }
    const wrong = wrongWithPath(query);
    return wrong === undefined ? [] : [{ path: at, ...wrong }];
  });
}

interface StepAt {
  readonly step: SurveyedStep;
  readonly index: number;
  readonly steps: readonly SurveyedStep[];
  /** Where each name is saved first. */
  readonly saved: ReadonlyMap<string, number>;
}

function valueFindings({ step, index, steps, saved }: StepAt, { env }: Surroundings): Finding[] {
  return partsIn(filledIn(step), step.path).flatMap(({ path, part }): Finding[] => {
    switch (part.is) {
      case "wrong":
        return [{ path, says: part.says }];
      case "link":
      case "file":
        return [{ path, says: `\${${part.is}s.…} is for what a server is told when it starts, not for a call` }];
      case "env":
        return variableFindings(path, part, env);
      case "saved": {
        const at = saved.get(part.name);
        if (at === undefined) {
          const known = [...new Set([...ownNames, ...saved.keys()])];
          return [{ path, says: `nothing saves "${part.name}"`, hint: suggest(part.name, known) }];
        }
        const isBefore = (steps[at]?.stretch ?? 0) < step.stretch;
        return isBefore ? [] : [{ path, ...usedTooEarly({ name: part.name, at, index, steps }) }];
      }
      default:
        return [];
    }
  });
}

function usedTooEarly(about: {
  name: string;
  at: number;
  index: number;
  steps: readonly SurveyedStep[];
}): Pick<Finding, "says" | "hint"> {
  const { name, at, index, steps } = about;
  if (at === index) return { says: `"${name}" is saved only by this step's own answer` };
  if (steps[at]?.stretch === steps[index]?.stretch) {
    return {
      says: `"${name}" is saved only by step ${at + 1}, ${withIt(steps[index], at)}`,
      hint: "it needs one before",
    };
  }
  const mine = new Set(steps[index]?.save.keys());
  const theirs = partsIn(steps[at]?.args).flatMap(({ part }) => (part.is === "saved" ? [part.name] : []));
  const back = theirs.find((needed) => mine.has(needed));
  if (back === undefined) {
    return { says: `"${name}" is saved only later, by step ${at + 1}`, hint: "move that step before this one" };
  }
  return {
    says: `a cycle: this step needs "${name}" of step ${at + 1}, which needs "${back}" of this one`,
    hint: "one of the two must come first",
  };
}

function withIt(step: SurveyedStep | undefined, at: number): string {
  return step?.insteadOf === at ? "which this one stands in for" : "which runs at the same time";
}

function stepEffectFindings({ path, args, effect }: SurveyedStep, { effects }: Survey): Finding[] {
  if (effect === undefined) return [];
  const names = effects.map(({ name }) => name);
  const found: Finding[] = [];
  if (!names.includes(effect)) {
    found.push({
      path: [...path, "effect"],
      says: `there is no effect "${effect}"`,
      hint: suggest(effect, names),
    });
  }
  const isKeyed = effects.find(({ name }) => name === effect)?.needsOpId ?? true;
  if (isKeyed && !partsIn(args).some(({ part }) => part.is === "own" && part.name === "op.id")) {
    const says = "has an effect, but its args do not hold ${op.id}, so the ledger cannot tell its ops apart";
    found.push({ path, says, hint: 'for example args: { requestId: "${op.id}" }' });
  }
  return found;
}
