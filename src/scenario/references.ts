/** What the schema cannot see: names that name nothing, values used before they are saved, faults out of their time. */
import { compile } from "json-p3";
import { messageOf } from "../errors.ts";
import { shown } from "../units.ts";
import { faultFindings } from "./fault-references.ts";
import { suggest, type Finding } from "./mistakes.ts";
import { phasesOf, splitCall } from "./resolve.ts";
import type { Entry, Step, Survey } from "./survey.ts";
import { targetFindings, type Surroundings } from "./targets.ts";
import { ownNames, partsIn } from "./template.ts";

export function referenceFindings(surveyed: Survey, surroundings: Surroundings): Finding[] {
  return [
    ...targetFindings(surveyed, surroundings),
    ...surveyed.groups.flatMap((group) => groupFindings(group, surveyed, surroundings)),
    ...phaseFindings(surveyed.phases),
    ...surveyed.faults.flatMap((fault) => faultFindings(fault, surveyed)),
    ...effectFindings(surveyed, surroundings),
  ];
}

type Group = Survey["groups"][number];

function groupFindings(group: Group, surveyed: Survey, surroundings: Surroundings): Finding[] {
  const found: Finding[] = [];
  const { rate, agents, count, iterations, thinkTime } = group.arrivals ?? {};
  if (rate !== undefined && (count !== undefined || iterations !== undefined || thinkTime !== undefined)) {
    const says = "rate is the open model; count, iterations and thinkTime are the closed one";
    found.push({ path: [...group.path, "arrivals"], says, hint: "keep one of the two" });
  }
  if (rate === undefined && agents !== undefined) {
    found.push({
      path: [...group.path, "arrivals", "agents"],
      atKey: true,
      says: "goes with rate",
      hint: "in the closed model it is called count",
    });
  }
  const saved = new Map<string, number>();
  for (const [index, { value }] of group.steps.entries()) {
    for (const name of Object.keys(value?.save ?? {})) if (!saved.has(name)) saved.set(name, index);
  }
  return [
    ...found,
    ...group.steps.flatMap((step, index) => [
      ...callFindings(step, surveyed),
      ...saveFindings(step),
      ...valueFindings({ step, index, steps: group.steps, saved }, surroundings),
      ...stepEffectFindings(step, surveyed),
    ]),
  ];
}

function callFindings({ path, value }: Entry<Step>, { servers }: Survey): Finding[] {
  if (value === undefined) return [];
  const at = [...path, "call"];
  const { server, tool } = splitCall(value.call);
  if (server === "" || tool === "") return [{ path: at, says: `expected server.Tool, got ${shown(value.call)}` }];
  const names = servers.map(({ name }) => name);
  if (names.includes(server)) return [];
  return [{ path: at, says: `there is no server "${server}"`, hint: suggest(server, names) }];
}

function saveFindings({ path, value }: Entry<Step>): Finding[] {
  return Object.entries(value?.save ?? {}).flatMap(([name, query]) => {
    try {
      compile(query);
      return [];
    } catch (error) {
      return [
        {
          path: [...path, "save", name],
          says: `${shown(query)} is no JSONPath: ${messageOf(error)}`,
          hint: 'for example "$.items[0].id"',
        },
      ];
    }
  });
}

interface StepAt {
  readonly step: Entry<Step>;
  readonly index: number;
  readonly steps: readonly Entry<Step>[];
  /** Where each name is saved first. */
  readonly saved: ReadonlyMap<string, number>;
}

function valueFindings({ step, index, steps, saved }: StepAt, { env }: Surroundings): Finding[] {
  return partsIn(step.value?.args ?? {}, [...step.path, "args"]).flatMap(({ path, part }): Finding[] => {
    switch (part.is) {
      case "wrong":
        return [{ path, says: part.says }];
      case "env":
        if (env[part.name] !== undefined || part.otherwise !== undefined) return [];
        return [
          {
            path,
            says: `the variable ${part.name} is not set`,
            hint: `set it, or give a default: \${env.${part.name}:-value}`,
          },
        ];
      case "saved": {
        const at = saved.get(part.name);
        if (at === undefined) {
          const known = [...ownNames, ...saved.keys()];
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
  steps: readonly Entry<Step>[];
}): Pick<Finding, "says" | "hint"> {
  const { name, at, index, steps } = about;
  if (at === index) return { says: `"${name}" is saved only by this step's own answer` };
  const mine = new Set(Object.keys(steps[index]?.value?.save ?? {}));
  const theirs = partsIn(steps[at]?.value?.args ?? {}).flatMap(({ part }) => (part.is === "saved" ? [part.name] : []));
  const back = theirs.find((needed) => mine.has(needed));
  if (back === undefined) {
    return { says: `"${name}" is saved only later, by step ${at + 1}`, hint: "move that step before this one" };
  }
  return {
    says: `a cycle: this step needs "${name}" of step ${at + 1}, which needs "${back}" of this one`,
    hint: "one of the two must come first",
  };
}

function stepEffectFindings({ path, value }: Entry<Step>, { effects }: Survey): Finding[] {
  if (value?.effect === undefined) return [];
  const names = effects.map(({ name }) => name);
  const found: Finding[] = [];
  if (!names.includes(value.effect)) {
    found.push({
      path: [...path, "effect"],
      says: `there is no effect "${value.effect}"`,
      hint: suggest(value.effect, names),
    });
  }
  if (!partsIn(value.args).some(({ part }) => part.is === "own" && part.name === "op.id")) {
    const says = "has an effect, but its args do not hold ${op.id}, so the ledger cannot tell its ops apart";
    found.push({ path, says, hint: 'for example args: { requestId: "${op.id}" }' });
  }
  return found;
}

function effectFindings({ effects, groups, upstreams }: Survey, { fixtures }: Surroundings): Finding[] {
  const used = new Set(groups.flatMap(({ steps }) => steps.map(({ value }) => value?.effect)));
  const allStepsRead = groups.every(({ steps }) => steps.every(({ value }) => value !== undefined));
  return effects.flatMap(({ name, path, value }): Finding[] => {
    const found: Finding[] = [];
    if (allStepsRead && !used.has(name)) {
      found.push({
        path,
        atKey: true,
        says: "no step has this effect",
        hint: `say effect: ${name} at the step that makes it`,
      });
    }
    if (value === undefined) return found;
    const at = [...path, "ledger"];
    const names = upstreams.map((upstream) => upstream.name);
    const upstream = upstreams.find((candidate) => candidate.name === value.ledger);
    const fixture = fixtures.find((candidate) => candidate.name === upstream?.value?.fixture);
    if (upstream === undefined) {
      found.push({ path: at, says: `there is no upstream "${value.ledger}"`, hint: suggest(value.ledger, names) });
    } else if (upstream.value !== undefined && fixture?.ledger === undefined) {
      const keepers = fixtures.filter(({ ledger }) => ledger !== undefined).map((keeper) => keeper.name);
      found.push({
        path: at,
        says: `"${value.ledger}" keeps no ledger`,
        hint: `fixtures that keep one: ${keepers.join(", ")}`,
      });
    }
    return found;
  });
}

function phaseFindings(phases: Survey["phases"]): Finding[] {
  // Without any phase the schema has said all there is to say.
  if (phases.length === 0) return [];
  const found: Finding[] = [];
  const seen = new Set<string>();
  let baselines = 0;
  for (const [index, { path, value }] of phases.entries()) {
    if (value === undefined) return found;
    const kinds = (["warm-up", "baseline", "fault"] as const).filter((kind) => value[kind] !== undefined);
    if (kinds.length !== 1) {
      found.push({ path, says: "expected one of { warm-up }, { baseline } or { fault, recovery }" });
      continue;
    }
    if (kinds[0] !== "fault" && (value.recovery !== undefined || value.name !== undefined)) {
      found.push({ path, says: "recovery and name belong to a fault" });
    }
    if (kinds[0] === "warm-up" && index > 0) found.push({ path, says: "a warm-up comes first" });
    if (kinds[0] === "baseline") baselines += 1;
    if (kinds[0] === "fault" && baselines === 0)
      found.push({ path, says: "a baseline comes before the first fault", hint: "put - { baseline: 5s } before it" });
  }
  if (baselines !== 1) found.push({ path: ["phases"], says: `expected one baseline, got ${baselines}` });
  const names = phasesOf(phases.flatMap(({ value }) => (value === undefined ? [] : [value])));
  for (const { phase, role } of names) {
    if (role === "fault" && seen.has(phase))
      found.push({ path: ["phases"], says: `two episodes are called "${phase}"` });
    seen.add(phase);
  }
  return found;
}
