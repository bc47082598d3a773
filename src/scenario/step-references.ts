/** What is wrong with a step by itself: no kind or two, keys that go with another kind, a server that is none. */
import { compile } from "json-p3";
import { messageOf } from "../errors.ts";
import { valuesIn, type StepKind, type Values } from "../steps/kinds.ts";
import { stepKinds } from "../steps/registry.ts";
import { shown } from "../units.ts";
import { suggest, type Finding } from "./mistakes.ts";
import type { Survey, SurveyedStep } from "./survey.ts";
import type { Surroundings } from "./targets.ts";
import { partsIn } from "./template.ts";

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
  return [...aimFindings({ step, kind }, surveyed, surroundings), ...keyFindings(step, kind), ...echoFindings(step)];
}

/** The values of a step that may hold `${…}`, where they stand. */
export function filledIn({ kinds, written }: SurveyedStep): Values {
  const own = kinds.flatMap(({ keys }) => Object.keys(keys));
  return Object.fromEntries(
    ["args", "echo", "answers", ...own].flatMap((key) => (key in written ? [[key, written[key]]] : [])),
  );
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

function echoFindings({ path, written }: SurveyedStep): Finding[] {
  const echo = valuesIn(written, "echo");
  const at = [...path, "echo"];
  const paths = Object.keys(echo).flatMap((query) => {
    const wrong = wrongWithPath(query);
    return wrong === undefined ? [] : [{ path: [...at, query], atKey: true as const, ...wrong }];
  });
  // It would be drawn anew, and never be what the call was given.
  const drawn = partsIn(echo, at).filter(({ part }) => part.is === "generated");
  const says = "is drawn anew each time, so no answer can hold it; echo what is saved, or an id";
  return [...paths, ...drawn.map((one) => ({ path: one.path, says }))];
}

/** A JSONPath that cannot be read. */
export function wrongWithPath(query: string): Pick<Finding, "says" | "hint"> | undefined {
  try {
    compile(query);
    return undefined;
  } catch (error) {
    return { says: `${shown(query)} is no JSONPath: ${messageOf(error)}`, hint: 'for example "$.items[0].id"' };
  }
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
