/** Thresholds and stop conditions that cannot be read, or that bound what this scenario does not have. */
import { placeAbort, placeStop } from "../measure/live.ts";
import { placeThreshold, type Misplaced, type Placed, type Terrain } from "../measure/scope.ts";
import { suggest, type Finding, type Path } from "./mistakes.ts";
import { phasesIn } from "./phase-references.ts";
import { linksIn, type Survey } from "./survey.ts";

export function thresholdFindings(surveyed: Survey): Finding[] {
  const { thresholds, stops, groups, read } = surveyed;
  const phases = phasesIn(surveyed.phases);
  const terrain: Terrain = {
    links: linksIn(surveyed),
    phases: phases ?? [],
    steps: groups.flatMap((group) =>
      group.steps.flatMap(({ aim }) => (aim === undefined ? [] : [{ group: group.name, ...aim }])),
    ),
  };
  const scopesRead = read.servers && read.wiring && read.chains;
  const phasesRead = phases !== undefined && phases.length > 0;
  const told = { grammar: true, scopes: scopesRead, phases: phasesRead, both: scopesRead && phasesRead };
  const found = (path: Path, placed: Placed | Misplaced): Finding[] =>
    // What is not found where something could not be read may be there all the same.
    "says" in placed && told[placed.of] ? [{ path, says: placed.says, ...hintOf(placed) }] : [];
  return [
    ...thresholds.flatMap(({ path, expression, abortOnFail, hasGrace }): Finding[] => [
      ...found(path, (abortOnFail ? placeAbort : placeThreshold)(expression, terrain)),
      ...(hasGrace && !abortOnFail ? [idleGrace(path.slice(0, -1))] : []),
    ]),
    ...stops.flatMap(({ path, when }) => found(path, placeStop(when, terrain))),
  ];
}

function idleGrace(path: Path): Finding {
  return { path: [...path, "grace"], atKey: true, says: "goes with abortOnFail", hint: "say abortOnFail: true" };
}

function hintOf({ hint, given, known }: Misplaced): { readonly hint?: string } {
  if (hint !== undefined) return { hint };
  return given === undefined || known === undefined ? {} : { hint: suggest(given, known) };
}
