/** What the schema cannot see: names that name nothing, values used before they are saved, faults out of their time. */
import { compile } from "json-p3";
import { messageOf } from "../errors.ts";
import { shown } from "../units.ts";
import { arrivalFindings, processFindings } from "./arrival-references.ts";
import { effectFindings } from "./effect-references.ts";
import { faultFindings } from "./fault-references.ts";
import { identityFindings } from "./identity-references.ts";
import { suggest, type Finding } from "./mistakes.ts";
import { phaseFindings } from "./phase-references.ts";
import { policyFindings } from "./policy-references.ts";
import { splitCall } from "./resolve.ts";
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
    ...group.steps.flatMap((step, index) => [
      ...callFindings(step, surveyed, surroundings),
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

function callFindings(
  { path, call }: SurveyedStep,
  { servers, read }: Survey,
  { configured = [] }: Surroundings,
): Finding[] {
  if (call === undefined) return [];
  const at = [...path, "call"];
  const { server, tool } = splitCall(call);
  if (server === "" || tool === "") return [{ path: at, says: `expected server.Tool, got ${shown(call)}` }];
  const names = servers.map(({ name }) => name);
  if (names.includes(server) || !read.servers) return [];
  // One of the client's file that is listed nowhere has a name that no scenario can.
  if (configured.includes(server)) return [{ path: at, ...needsName(server) }];
  return [{ path: at, says: `there is no server "${server}"`, hint: suggest(server, [...names, ...configured]) }];
}

function needsName(name: string): Pick<Finding, "says" | "hint"> {
  return {
    says: `"${name}" cannot be the name of a server here: letters, digits, "-" and "_" can`,
    hint: `give it another: servers: { mine: { config: "${name}" } }`,
  };
}

function saveFindings({ path, save }: SurveyedStep): Finding[] {
  return [...save].flatMap(([name, query]): Finding[] => {
    const at = [...path, "save", name];
    if (ownNames.some((own) => own === name)) {
      return [{ path: at, atKey: true, says: `\${${name}} has a meaning of its own; save it under another name` }];
    }
    try {
      compile(query);
      return [];
    } catch (error) {
      return [
        {
          path: at,
          says: `${shown(query)} is no JSONPath: ${messageOf(error)}`,
          hint: 'for example "$.items[0].id"',
        },
      ];
    }
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
  return partsIn(step.args, [...step.path, "args"]).flatMap(({ path, part }): Finding[] => {
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
        return at < index ? [] : [{ path, ...usedTooEarly({ name: part.name, at, index, steps }) }];
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
