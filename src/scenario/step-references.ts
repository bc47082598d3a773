/** What is wrong with a step by itself: no kind or two, keys that go with another kind, a server that is none. */
import type { StepKind, Values } from "../steps/kinds.ts";
import { stepKinds } from "../steps/registry.ts";
import { shown } from "../units.ts";
import { suggest, type Finding } from "./mistakes.ts";
import type { Survey, SurveyedStep } from "./survey.ts";
import type { Surroundings } from "./targets.ts";

const everyKind: readonly StepKind[] = stepKinds;

export function stepFindings(step: SurveyedStep, surveyed: Survey, surroundings: Surroundings): Finding[] {
  const { path, kinds } = step;
  const [kind, ...others] = kinds;
  const keys = everyKind.map(({ key }) => key);
  if (kind === undefined) {
    const example = everyKind.map(({ key, like }) => `${key}: ${like}`).slice(0, 2);
    return [{ path, says: `expected one of ${keys.join(", ")}`, hint: `for example ${example.join(", or ")}` }];
  }
  if (others.length > 0) {
    const says = `is ${kinds.map(({ key }) => key).join(" and ")} at once`;
    return [{ path, says, hint: "a step asks for one thing; make each a step of its own" }];
  }
  return [...aimFindings({ step, kind }, surveyed, surroundings), ...keyFindings(step, kind)];
}

/** The values of a step that may hold `${…}`, where they stand. */
export function filledIn({ kinds, written }: SurveyedStep): Values {
  const own = kinds.flatMap(({ keys }) => Object.keys(keys));
  return Object.fromEntries(["args", ...own].flatMap((key) => (key in written ? [[key, written[key]]] : [])));
}

function aimFindings(
  { step: { path, aim, written }, kind }: { readonly step: SurveyedStep; readonly kind: StepKind },
  { servers, read }: Survey,
  { configured = [] }: Surroundings,
): Finding[] {
  if (aim === undefined) return [];
  const at = [...path, kind.key];
  if (aim.server === "" || aim.tool === "") {
    return [{ path: at, says: `expected ${kind.like}, got ${shown(written[kind.key])}` }];
  }
  const names = servers.map(({ name }) => name);
  if (names.includes(aim.server) || !read.servers) return [];
  // One of the client's file that is listed nowhere has a name that no scenario can.
  if (configured.includes(aim.server)) return [{ path: at, ...needsName(aim.server) }];
  return [
    { path: at, says: `there is no server "${aim.server}"`, hint: suggest(aim.server, [...names, ...configured]) },
  ];
}

function needsName(name: string): Pick<Finding, "says" | "hint"> {
  return {
    says: `"${name}" cannot be the name of a server here: letters, digits, "-" and "_" can`,
    hint: `give it another: servers: { mine: { config: "${name}" } }`,
  };
}

function keyFindings({ path, written }: SurveyedStep, kind: StepKind): Finding[] {
  const missing = (kind.needs ?? []).filter((key) => written[key] === undefined);
  const strange = everyKind
    .filter((other) => other !== kind)
    .flatMap(({ key: of, keys }) => Object.keys(keys).map((key) => ({ key, of })))
    .filter(({ key }) => written[key] !== undefined && !(key in kind.keys));
  const takers = everyKind.filter(({ takesArgs }) => takesArgs).map(({ key }) => key);
  return [
    ...missing.map((key) => ({ path, says: `${kind.key} takes ${key}, and there is none` })),
    ...strange.map(({ key, of }) => ({ path: [...path, key], atKey: true as const, says: `goes with ${of}` })),
    ...(kind.takesArgs || written["args"] === undefined
      ? []
      : [{ path: [...path, "args"], atKey: true as const, says: `goes with ${takers.join(" and ")}` }]),
  ];
}
