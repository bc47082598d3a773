/** What the agents of a group do on one walk, as a person reads it: turn by turn, with what stands in for what. */
import type { ScenarioStep, ScenarioTurn } from "../scenario/chain.ts";
import type { ScenarioGroup } from "../scenario/resolve.ts";
import type { TimeSpan } from "../scenario/time-span.ts";
import { counted, formatDuration } from "../units.ts";

const stretchesShown = 12;

export function chainInWords({ steps, turns = [] }: Pick<ScenarioGroup, "steps" | "turns">): string[] {
  const walked = turns.length === 0 ? [{ stretches: [...steps.keys()].map((step) => [step]) }] : turns;
  const told = walked.map((turn) => ({ pause: pauseOf(turn), lines: linesOf(turn, steps) }));
  const period = periodOf(told);
  const times = told.length / period;
  const lines = told.slice(0, period).flatMap(({ pause, lines: own }, index) => {
    return index === 0 ? own : [`then ${pause === undefined ? "at once" : `after ${pause}`}, in another turn`, ...own];
  });
  if (times === 1) return lines;
  const between = told[period]?.pause;
  return [`${counted(times, "time")}${between === undefined ? "" : `, ${between} between`}:`, ...lines];
}

interface ToldTurn {
  readonly pause: string | undefined;
  readonly lines: readonly string[];
}

/** After how many turns it begins anew: as many as there are, where it never does. */
function periodOf(turns: readonly ToldTurn[]): number {
  const lengths = turns.map((_, index) => index + 1);
  return lengths.find((length) => turns.length % length === 0 && repeats(turns, length)) ?? turns.length;
}

function repeats(turns: readonly ToldTurn[], length: number): boolean {
  return turns.every(({ pause, lines }, index) => {
    const first = turns[index % length];
    // Before the first there is no pause, and between rounds always the same.
    const before = index % length === 0 ? turns[Math.min(length, turns.length - 1)]?.pause : first?.pause;
    const isSame = first?.lines.length === lines.length && lines.every((line, n) => line === first.lines[n]);
    return isSame && (index === 0 || pause === before);
  });
}

function linesOf({ stretches }: Pick<ScenarioTurn, "stretches">, steps: readonly ScenarioStep[]): string[] {
  const lines = stretches.slice(0, stretchesShown).map((numbers) => {
    const words = numbers.flatMap((number) => {
      const step = steps[number];
      return step === undefined ? [] : [stepInWords(step, steps)];
    });
    return words.length === 1 ? words.join("") : `at once: ${words.join("; ")}`;
  });
  const more = stretches.length - lines.length;
  return more > 0 ? [...lines, `… ${more} more`] : lines;
}

function stepInWords(step: ScenarioStep, steps: readonly ScenarioStep[]): string {
  const { otherwise } = step;
  if (otherwise === undefined) return aimInWords(step);
  return `${aimInWords(step)}, or else ${elseInWords(otherwise, steps)}`;
}

function elseInWords(otherwise: NonNullable<ScenarioStep["otherwise"]>, steps: readonly ScenarioStep[]): string {
  switch (otherwise.is) {
    case "step": {
      const standIn = steps[otherwise.step];
      return standIn === undefined ? "nothing" : aimInWords(standIn);
    }
    case "cached":
      return "what it gave last";
    case "values":
      return `${Object.keys(otherwise.values).join(", ")} from the scenario`;
    default:
      return otherwise satisfies never;
  }
}

/** Tools by their names; all else by what asks for it. */
function aimInWords({ server, tool, kind, args, effect }: ScenarioStep): string {
  const aim = kind === undefined || kind === "task" ? `${server}.${tool}` : `${server} ${tool}`;
  const { uri } = args;
  const how = kind === "task" ? " as a task" : kind === "read" && typeof uri === "string" ? ` ${uri}` : "";
  return `${aim}${how}${effect === undefined ? "" : ` (effect ${effect})`}`;
}

function pauseOf({ pauseMs }: Pick<ScenarioTurn, "pauseMs">): string | undefined {
  return pauseMs === undefined ? undefined : spanInWords(pauseMs);
}

function spanInWords({ least, most }: TimeSpan): string {
  return least === most ? formatDuration(least) : `${formatDuration(least)} to ${formatDuration(most)}`;
}
