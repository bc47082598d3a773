/** Thresholds that cannot be read, or that bound what this scenario does not have. */
import { placeThreshold, type Misplaced } from "../measure/scope.ts";
import { suggest, type Finding } from "./mistakes.ts";
import { phasesIn } from "./phase-references.ts";
import { splitCall } from "./resolve.ts";
import { linksIn, type Survey } from "./survey.ts";

export function thresholdFindings(surveyed: Survey): Finding[] {
  const { thresholds, groups, read } = surveyed;
  const phases = phasesIn(surveyed.phases);
  const terrain = {
    links: linksIn(surveyed),
    phases: phases ?? [],
    steps: groups.flatMap((group) =>
      group.steps.flatMap(({ call }) => (call === undefined ? [] : [{ group: group.name, ...splitCall(call) }])),
    ),
  };
  const scopesRead = read.servers && read.wiring && read.chains;
  const phasesRead = phases !== undefined && phases.length > 0;
  const told = { grammar: true, scopes: scopesRead, phases: phasesRead, both: scopesRead && phasesRead };
  return thresholds.flatMap(({ path, expression }): Finding[] => {
    const placed = placeThreshold(expression, terrain);
    // What is not found where something could not be read may be there all the same.
    return "says" in placed && told[placed.of] ? [{ path, says: placed.says, ...hintOf(placed) }] : [];
  });
}

function hintOf({ hint, given, known }: Misplaced): { readonly hint?: string } {
  if (hint !== undefined) return { hint };
  return given === undefined || known === undefined ? {} : { hint: suggest(given, known) };
}
