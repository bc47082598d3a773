/** From what a person names to scenarios in which nothing is wrong any more. */
import { resolve } from "node:path";
import { UserError, type Mistake } from "../errors.ts";
import { loadScenario, type LoadedScenario } from "../scenario/load.ts";
import type { Sizes } from "../scenario/resize.ts";
import { suggest } from "../scenario/mistakes.ts";
import { fixtures } from "../targets/fixtures.ts";
import type { Io } from "./io.ts";
import { findSources, type Source } from "./sources.ts";

export interface Loaded extends LoadedScenario {
  readonly source: Source;
}

interface LoadOptions {
  readonly seed?: number;
  readonly set: readonly string[];
  readonly tag: readonly string[];
  readonly allowHost: readonly string[];
  readonly mcpConfig?: string;
  readonly duration?: number;
  readonly agents: Sizes["agents"];
}

/** Loads every scenario before any starts, so that all mistakes of all files are told at once. */
export async function loadAll(names: readonly string[], options: LoadOptions, io: Io): Promise<readonly Loaded[]> {
  const loaded: Loaded[] = [];
  const mistaken: Mistaken[] = [];
  const sources = await sourcesOf(names, io);
  for (const source of sources) {
    try {
      const scenario = await loadScenario({
        file: source.file,
        named: source.named,
        sets: options.set,
        sizes: {
          agents: options.agents,
          ...(options.duration === undefined ? {} : { durationMs: options.duration }),
        },
        ...(options.seed === undefined ? {} : { seed: options.seed }),
        env: io.world.env,
        allowHosts: options.allowHost,
        ...(options.mcpConfig === undefined
          ? {}
          : { mcpConfig: { file: resolve(io.cwd, options.mcpConfig), named: options.mcpConfig } }),
        fixtures,
        entryUrl: new URL(import.meta.url.endsWith(".ts") ? "../index.ts" : "../index.js", import.meta.url),
      });
      loaded.push({ ...scenario, source });
    } catch (error) {
      if (!(error instanceof UserError) || error.mistakes.length === 0) throw error;
      mistaken.push({ named: source.named, mistakes: error.mistakes });
    }
  }
  if (mistaken.length > 0) {
    const mistakes = eachOnce(mistaken, sources.length);
    const count = mistakes.length === 1 ? "a mistake" : `${mistakes.length} mistakes`;
    const which = mistaken.length === 1 ? "the scenario has" : "the scenarios have";
    throw new UserError(`${which} ${count}; nothing was started`, { mistakes });
  }
  const chosen = loaded.filter(({ scenario }) => options.tag.every((tag) => scenario.tags.includes(tag)));
  if (chosen.length === 0) {
    const tags = [...new Set(loaded.flatMap(({ scenario }) => scenario.tags))];
    const [first = ""] = options.tag;
    throw new UserError(`no scenario has the tags ${options.tag.join(", ")}; ${suggest(first, tags)}`);
  }
  return chosen;
}

interface Mistaken {
  readonly named: string;
  readonly mistakes: readonly Mistake[];
}

/** What `--set` and `--agents` say is looked at for every scenario: what is wrong with that for all is said once, else for which. */
function eachOnce(mistaken: readonly Mistaken[], scenarios: number): Mistake[] {
  const found = mistaken.flatMap(({ named, mistakes }) => mistakes.map((mistake) => ({ named, mistake })));
  return [...Map.groupBy(found, ({ mistake }) => JSON.stringify(mistake)).values()].flatMap((alike) => {
    const [first] = alike;
    if (first === undefined) return [];
    const { mistake } = first;
    const isForAll = alike.length === scenarios;
    if (mistake.file?.startsWith("--") !== true || isForAll) return [mistake];
    return [{ ...mistake, says: `${mistake.says} (in ${alike.map(({ named }) => named).join(", ")})` }];
  });
}

async function sourcesOf(names: readonly string[], io: Io): Promise<readonly Source[]> {
  const found = await findSources(names, io.cwd);
  if ("mistakes" in found) throw new UserError("there is no such scenario", { mistakes: found.mistakes });
  return found;
}
