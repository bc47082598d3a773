/**
 * What can be made of a scenario in which some things are wrong: each entry that is right by itself, so that names and
 * references are checked even where the neighbour has a mistake.
 */
import type { z } from "zod";
import type { Path } from "./mistakes.ts";
import { splitCall } from "./resolve.ts";
import { entries, type ScenarioOutput } from "./schema.ts";

export interface Entry<T> {
  readonly path: Path;
  readonly name: string;
  /** Absent where the schema finds it wrong. */
  readonly value?: T;
}

export type Step = ScenarioOutput["agents"][string]["chain"][number];

export interface Survey {
  readonly upstreams: readonly Entry<ScenarioOutput["upstreams"][string]>[];
  readonly servers: readonly Entry<ScenarioOutput["servers"][string]>[];
  readonly groups: readonly {
    readonly path: Path;
    readonly name: string;
    readonly arrivals?: ScenarioOutput["agents"][string]["arrivals"];
    readonly steps: readonly Entry<Step>[];
  }[];
  readonly phases: readonly Entry<ScenarioOutput["phases"][number]>[];
  readonly faults: readonly Entry<ScenarioOutput["faults"][number]>[];
  readonly effects: readonly Entry<ScenarioOutput["effects"][string]>[];
}

export function survey(raw: unknown): Survey {
  return {
    upstreams: surveyMap(raw, ["upstreams"], entries.upstream),
    servers: surveyMap(raw, ["servers"], entries.server),
    groups: Object.entries(mapAt(raw, "agents")).map(([name, group]) => {
      const path = ["agents", name];
      const arrivals = entries.arrivals.safeParse(mapAt(group)["arrivals"]);
      const steps = surveyList(mapAt(group)["chain"], [...path, "chain"], entries.step);
      return { path, name, steps, ...(arrivals.success ? { arrivals: arrivals.data } : {}) };
    }),
    phases: surveyList(mapAt(raw)["phases"], ["phases"], entries.phase),
    faults: surveyList(mapAt(raw)["faults"], ["faults"], entries.fault),
    effects: surveyMap(raw, ["effects"], entries.effect),
  };
}

/** The tools that some chain calls at a server. */
export function toolsCalledAt(server: string, { groups }: Survey): readonly string[] {
  const calls = groups.flatMap(({ steps }) =>
    steps.flatMap(({ value }) => (value === undefined ? [] : [splitCall(value.call)])),
  );
  return [...new Set(calls.filter((call) => call.server === server).map(({ tool }) => tool))];
}

function surveyMap<T>(raw: unknown, path: readonly [string], schema: z.ZodType<T>): Entry<T>[] {
  return Object.entries(mapAt(raw, path[0])).map(([name, entry]) =>
    parsed(entry, { path: [...path, name], name, schema }),
  );
}

function surveyList<T>(list: unknown, path: Path, schema: z.ZodType<T>): Entry<T>[] {
  const items: readonly unknown[] = Array.isArray(list) ? list : [];
  return items.map((entry, index) => parsed(entry, { path: [...path, index], name: String(index), schema }));
}

function parsed<T>(
  entry: unknown,
  { path, name, schema }: { path: Path; name: string; schema: z.ZodType<T> },
): Entry<T> {
  const result = schema.safeParse(entry);
  return { path, name, ...(result.success ? { value: result.data } : {}) };
}

function mapAt(value: unknown, key?: string): Record<string, unknown> {
  if (key !== undefined) return mapAt(mapAt(value)[key]);
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}
