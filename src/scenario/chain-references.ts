/** What is wrong with a chain as a whole: what holds steps, what stands between them, and what stands in for them. */
import { valuesIn, type Values } from "../steps/kinds.ts";
import { stepKindsIn } from "../steps/registry.ts";
import { counted } from "../units.ts";
import type { Finding, Path } from "./mistakes.ts";
import type { SurveyedGroup } from "./survey.ts";
import { entriesIn, isPause } from "./written-chain.ts";

/** Each step of each turn is one more to plan, to count and to tell of. */
const stepsMax = 1000;

export function chainFindings({ path, written, steps }: SurveyedGroup): Finding[] {
  const { chain, turns, pause } = written;
  const entries = entriesIn(chain);
  const found = entries.flatMap((entry, index) => entryFindings(entry, [...path, "chain", index]));
  if (entries.length > 0 && entries.every(isPause)) {
    found.push({ path: [...path, "chain"], says: "expected at least one step, got nothing but pauses" });
  }
  if (pause !== undefined && (turns === undefined || turns === 1)) {
    const hint = "say turns: 3; a pause inside the chain is an entry of its own: - pause: 2s";
    found.push({ path: [...path, "pause"], atKey: true, says: "goes with turns", hint });
  }
  const all = steps.length * (typeof turns === "number" ? turns : 1);
  if (all > stepsMax) {
    found.push({ path, says: `${counted(all, "step")} in one walk, over all turns; at most ${stepsMax}` });
  }
  return [...found, ...clashFindings(steps), ...steps.flatMap(standInFindings)];
}

/** What holds steps or is a pause is nothing else. */
function entryFindings(entry: Values, path: Path): Finding[] {
  const { parallel, pause } = entry;
  const whole = parallel === undefined ? (pause === undefined ? undefined : "pause") : "parallel";
  if (whole === undefined) return [];
  const first = Object.keys(entry).find((key) => key !== whole && entry[key] !== undefined);
  if (first === undefined) return [];
  const hint = whole === "pause" ? "make the pause an entry of its own" : "say it at the steps that run at once";
  return [{ path: [...path, first], atKey: true, says: `cannot stand beside ${whole}`, hint }];
}

/** Steps that run at once end in any order. */
function clashFindings(steps: SurveyedGroup["steps"]): Finding[] {
  const savers = steps.flatMap(({ path, stretch, insteadOf, save }) =>
    insteadOf === undefined ? [...save.keys()].map((name) => ({ path, stretch, name })) : [],
  );
  return savers.flatMap(({ path, stretch, name }, index): Finding[] => {
    const isTaken = savers.slice(0, index).some((other) => other.stretch === stretch && other.name === name);
    const says = `a step that runs at the same time saves "${name}" too`;
    return isTaken ? [{ path: [...path, "save", name], atKey: true, says, hint: "save it under another name" }] : [];
  });
}

function standInFindings({ path, written, save }: SurveyedGroup["steps"][number]): Finding[] {
  const { otherwise } = written;
  if (typeof otherwise !== "object" || otherwise === null) return [];
  const at = [...path, "otherwise"];
  const standIn = valuesIn({ otherwise }, "otherwise");
  const { cached, values } = standIn;
  const ways = [
    ...stepKindsIn(standIn).map(({ key }) => key),
    ...(cached === undefined ? [] : ["cached"]),
    ...(values === undefined ? [] : ["values"]),
  ];
  if (ways.length === 0) {
    const hint = "for example otherwise: { call: backup.Find }, or otherwise: { cached: true }";
    return [{ path: at, says: "expected another step, cached: true, or values", hint }];
  }
  if (ways.length > 1) return [{ path: at, says: `is ${ways.join(" and ")} at once`, hint: "keep one of them" }];
  if (cached !== undefined && save.size === 0) {
    return [{ path: at, says: "cached is what the step has saved, and it saves nothing", hint: "say what: save: …" }];
  }
  if (values === undefined) return [];
  const strange = Object.keys(valuesIn(standIn, "values")).filter((name) => !save.has(name));
  return strange.map((name) => ({
    path: [...at, "values", name],
    atKey: true as const,
    says: `the step does not save "${name}"`,
  }));
}
