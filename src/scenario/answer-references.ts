/** What is wrong with scripted answers: none or two ways to answer one thing, and values that nobody can fill in. */
import { waysToAnswer } from "../steps/answers.ts";
import { valuesIn, type Values } from "../steps/kinds.ts";
import type { Finding, Path } from "./mistakes.ts";
import type { SurveyedGroup } from "./survey.ts";
import { variableFindings } from "./settings.ts";
import type { Surroundings } from "./targets.ts";
import { partsIn } from "./template.ts";

export function answerFindings({ path, written, steps }: SurveyedGroup, { env }: Surroundings): Finding[] {
  const at = [...path, "answers"];
  // Each step would have to save them first, and the others have nothing to fill in.
  const unfilled = partsIn(written["answers"], at).flatMap(({ path: place, part }): Finding[] => {
    if (part.is === "env") return variableFindings(place, part, env);
    if (part.is === "wrong") return [{ path: place, says: part.says }];
    if (part.is !== "saved") return [];
    return [
      { path: place, says: `"${part.name}" is saved by a step`, hint: "say it in the answers of the steps behind it" },
    ];
  });
  return [...wayFindings(written, path), ...unfilled, ...steps.flatMap((step) => wayFindings(step.written, step.path))];
}

function wayFindings(written: Values, path: Path): Finding[] {
  const answers = valuesIn(written, "answers");
  return Object.entries(waysToAnswer).flatMap(([kind, ways]): Finding[] => {
    if (answers[kind] === undefined) return [];
    const answer = valuesIn(answers, kind);
    const at = [...path, "answers", kind];
    const taken = ways.filter((way) => answer[way] !== undefined);
    if (taken.length > 1) return [{ path: at, says: `is ${taken.join(" and ")} at once`, hint: "keep one of them" }];
    if (taken.length === 0) {
      return [{ path: at, says: `expected one of ${ways.join(", ")}`, hint: `for example ${kind}: ${examples[kind]}` }];
    }
    if (taken[0] !== "never" || answer["delay"] === undefined) return [];
    return [{ path: [...at, "delay"], atKey: true, says: "goes with an answer, and never is none" }];
  });
}

const examples: Readonly<Record<string, string>> = {
  elicitation: "{ accept: { name: Ada } }",
  sampling: "{ text: sure }",
  roots: '{ uris: ["file:///work"] }',
};
