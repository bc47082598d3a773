/** Schedules that cannot be: conditions on what nobody calls or commits, and ramps that lead nowhere or do harm. */
import type { FaultKind } from "../faults/kinds.ts";
import { faultKindNamed } from "../faults/registry.ts";
import { formatDuration } from "../units.ts";
import { suggest, type Finding, type Path } from "./mistakes.ts";
import type { Growth, WrittenCondition } from "./schedule-schema.ts";
import { calledTool, stepsTo, writtenAttributes } from "./schedules.ts";
import type { ScenarioOutput } from "./schema.ts";
import { toolsCalledAt, type Survey } from "./survey.ts";

type Fault = ScenarioOutput["faults"][number];

export function conditionFindings(path: Path, { when, within, for: lasts }: Fault, surveyed: Survey): Finding[] {
  if (when === undefined) {
    const says = "has a meaning only with when: it says how long that is waited for";
    return within === undefined ? [] : [{ path: [...path, "within"], atKey: true, says }];
  }
  const found = formFindings([...path, "when"], when) ?? targetFindings([...path, "when"], when, surveyed);
  if (lasts !== undefined) return found;
  const says = "a fault that waits for something must say for how long it is on then";
  return [...found, { path: [...path, "when"], atKey: true, says, hint: "add for: 2s" }];
}

/** What is wrong with its form; undefined where nothing is. */
function formFindings(path: Path, { step, is, calls, returns, of, first }: WrittenCondition): Finding[] | undefined {
  const forms = [
    [step, is],
    [calls ?? returns, of],
    [first, first],
  ].filter((form) => form.some((part) => part !== undefined));
  const isBoth = calls !== undefined && returns !== undefined;
  const isWhole = !isBoth && forms.length === 1 && forms[0]?.every((part) => part !== undefined) === true;
  if (isWhole) return undefined;
  const says = "expected one of { step, is: in-flight }, { calls, of }, { returns, of } or { first }";
  return [{ path, atKey: true, says }];
}

function targetFindings(path: Path, { step, of, first }: WrittenCondition, surveyed: Survey): Finding[] {
  if (first !== undefined) {
    const effects = surveyed.effects.map(({ name }) => name);
    if (effects.includes(first)) return [];
    return [{ path: [...path, "first"], says: `there is no effect "${first}"`, hint: suggest(first, effects) }];
  }
  const call = step ?? of ?? "";
  const at = [...path, step === undefined ? "of" : "step"];
  if (!surveyed.read.servers || !surveyed.read.chains) return [];
  const { group, server, tool } = calledTool(call);
  const groups = surveyed.groups.map(({ name }) => name);
  if (group !== undefined && !groups.includes(group)) {
    return [{ path: at, says: `there is no group "${group}"`, hint: suggest(group, groups) }];
  }
  const ofGroup = { ...surveyed, groups: surveyed.groups.filter(({ name }) => group === undefined || name === group) };
  if (!toolsCalledAt(server, ofGroup).includes(tool)) {
    const called = surveyed.servers.flatMap(({ name }) => toolsCalledAt(name, ofGroup).map((one) => `${name}.${one}`));
    const who = group === undefined ? "no chain" : `no chain of ${group}`;
    return [{ path: at, says: `${who} calls "${server}.${tool}"`, hint: suggest(`${server}.${tool}`, called) }];
  }
  if (surveyed.servers.find(({ name }) => name === server)?.value?.direct !== true) return [];
  const says = `cannot be seen: agents call ${server} straight`;
  return [{ path: at, says, hint: `take direct away from servers.${server}` }];
}

/** A fault that waits must be over in its phase, however late it begins. */
export function waitingFindings(
  path: Path,
  { when, at = 0, for: lasts = 0, within }: Fault,
  { phase, durationMs }: { readonly phase: string; readonly durationMs: number },
): Finding[] {
  if (when === undefined) return [];
  const limit = `${phase}, whose fault phase lasts ${formatDuration(durationMs)}`;
  const latestMs = at + (within ?? 0) + lasts;
  if (within !== undefined && latestMs > durationMs) {
    return [{ path: [...path, "within"], says: `may end as late as ${formatDuration(latestMs)} into ${limit}` }];
  }
  if (within !== undefined || latestMs < durationMs) return [];
  const says = `leaves no time to wait in ${limit}`;
  return [{ path: [...path, "for"], says, hint: "let it be on for less" }];
}

const stepsMost = 1000;
/** At most one in so many of what passes is let go early by a step. */
const heldShare = 10;

export function rampFindings(path: Path, fault: Fault, lengthMs: number): Finding[] {
  const { ramp = {}, every, kind: name } = fault;
  const kind = faultKindNamed(name);
  if (fault.ramp !== undefined && Object.keys(ramp).length === 0) {
    return [{ path: [...path, "ramp"], atKey: true, says: `expected what grows: ${kind.grows?.join(", ")}` }];
  }
  const values: Readonly<Record<string, unknown>> = { ...fault };
  const growths = Object.entries(ramp).flatMap(([attribute, growth]) => {
    const from = values[attribute];
    return growth === undefined || typeof from !== "number" ? [] : [{ attribute, growth, from }];
  });
  // What does not go together from the start has been told.
  if (!kind.attributes.safeParse(writtenAttributes(kind, values)).success) return [];
  const [held, wrong] = worstOf(kind, values, growths);
  return growths.flatMap(({ attribute, growth, from }): Finding[] => {
    const at = [...path, "ramp", attribute];
    if (growth.to === from) return [{ path: [...at, "to"], says: `is where ${attribute} begins` }];
    if (wrong !== undefined) return [{ path: [...at, "to"], says: `does not go with the rest: ${wrong}` }];
    const steps = stepsTo(growth, from);
    if (steps > stepsMost) {
      return [{ path: [...at, "by"], says: `makes ${steps} steps, expected at most ${stepsMost}` }];
    }
    if (growth.every < heldShare * held) {
      const least = formatDuration(heldShare * held);
      const says = `expected at least ${least}: a step lets go at once what ${name} holds, and that may be ${formatDuration(held)} of data`;
      return [{ path: [...at, "every"], says, hint: "take fewer, larger steps" }];
    }
    const spellMs = every?.on ?? lengthMs;
    if (growth.every < spellMs) return [];
    return [{ path: [...at, "every"], says: `its first step comes after the ${formatDuration(spellMs)} are over` }];
  });
}

interface Grown {
  readonly attribute: string;
  readonly growth: Growth;
  readonly from: number;
}

/** Over all that the attributes may come to: how long it holds what passes at most, and what is not allowed. */
function worstOf(
  kind: FaultKind,
  values: Readonly<Record<string, unknown>>,
  growths: readonly Grown[],
): readonly [heldMs: number, wrong: string | undefined] {
  let ends: Readonly<Record<string, unknown>>[] = [values];
  for (const { attribute, growth } of growths) {
    ends = ends.flatMap((before) => [before, { ...before, [attribute]: growth.to }]);
  }
  let heldMs = 0;
  for (const end of ends) {
    const parsed = kind.attributes.safeParse(writtenAttributes(kind, end));
    if (!parsed.success) return [heldMs, parsed.error.issues[0]?.message];
    heldMs = Math.max(heldMs, kind.prepare(writtenAttributes(kind, end)).holdsMs ?? 0);
  }
  return [heldMs, undefined];
}
