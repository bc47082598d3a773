/** Options that several commands share. */
import { Option } from "commander";
import { engineChosen, engineNames, type EngineChoice } from "../engines/registry.ts";
import { UserError } from "../errors.ts";
import type { FailOn } from "../history/declared.ts";
import { agentsMax } from "../scenario/arrivals.ts";
import { suggest } from "../scenario/mistakes.ts";
import type { Sizes } from "../scenario/resize.ts";
import { formatDuration, parseDuration } from "../units.ts";

export const reporterOption = ["--reporter <name[=file]>", "how to report; may be given several times"] as const;

export const mcpConfigOption = [
  "--mcp-config <file>",
  "where an MCP client keeps its servers (.mcp.json and its like): the scenario may name them as they are named there",
] as const;

export function engineOption(): Option {
  return new Option(
    "--engine <engine>",
    "what makes the network faults: auto (the embedded one), embedded, binary (a toxiproxy-server of this machine), " +
      "docker (one in a container), or the URL of a Toxiproxy that runs",
  )
    .argParser(parseEngine)
    .default(embedded, "auto");
}

export const embedded: EngineChoice = { kind: "embedded" };

export function parseEngine(text: string): EngineChoice {
  const choice = engineChosen(text);
  if (choice !== undefined) return choice;
  const known = [...engineNames, "the URL of a Toxiproxy"];
  throw new UserError(`there is no engine "${text}": ${suggest(text, known)}`);
}

export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

export function parseFailOn(text: string): FailOn {
  if (text === "violation" || text === "weakness") return text;
  throw new UserError(`--fail-on takes violation or weakness, got "${text}"`);
}

/** A parser of a whole number in a range. */
export function wholeNumber(option: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!Number.isInteger(number) || number < least || number > most || text.trim() === "") {
      throw new UserError(`${option} takes a whole number from ${least} to ${most}, got "${text}"`);
    }
    return number;
  };
}

/** A parser of a duration in a range. */
export function timeSpan(option: string, { leastMs, mostMs }: { leastMs: number; mostMs: number }) {
  return (text: string): number => {
    const ms = parseDuration(text);
    if (ms === undefined || ms < leastMs || ms > mostMs) {
      const range = `from ${formatDuration(leastMs)} to ${formatDuration(mostMs)}`;
      throw new UserError(`${option} takes a duration ${range} such as 90s or 1h30m, got "${text}"`);
    }
    return ms;
  };
}

/** `50` for every group, `planner=50` for one. */
export function collectAgents(text: string, before: Sizes["agents"]): Sizes["agents"] {
  const [, group, digits = ""] = /^(?:([\w-]+)=)?(\d+)$/.exec(text) ?? [];
  const count = Number(digits);
  if (digits === "" || count < 1 || count > agentsMax) {
    throw new UserError(`--agents takes a whole number from 1 to ${agentsMax}, or group=number, got "${text}"`);
  }
  return [...before, { ...(group === undefined ? {} : { group }), count }];
}
