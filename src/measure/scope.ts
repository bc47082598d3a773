/** What the names in a threshold mean: which ops, which link, which phases. The same before a run and after it. */
import { isDeepStrictEqual } from "node:util";
import { callersOf } from "./callers.ts";
import type { Declared } from "../history/declared.ts";
import { episodesOf } from "./episodes.ts";
import { parseThreshold, type Metric, type Threshold, type Wrong } from "./threshold.ts";

export type Terrain = Pick<Declared, "links" | "phases"> & {
  readonly steps: readonly { readonly group: string; readonly server: string; readonly tool: string }[];
};

/** Ops of a group, at a server, of a tool, each where it is said; or all that goes over a link to an upstream. */
export interface Scope {
  readonly group?: string;
  readonly server?: string;
  readonly tool?: string;
  readonly upstreamLink?: string;
  /** Of such a link: the servers whose calls lead to it, over any number of others. */
  readonly callers?: readonly string[];
}

export interface Placed extends Threshold {
  readonly scope: Scope;
  /** By their names, in order. */
  readonly phases: readonly string[];
  /** The episodes that these phases belong to. */
  readonly episodes: readonly string[];
  /** Of a bound that is a share of another scope. */
  readonly comparedWith?: Scope;
}

export interface Misplaced extends Wrong {
  /** What had to be known of the scenario to tell. */
  readonly of: "grammar" | "scopes" | "phases" | "both";
}

export function placeThreshold(text: string, terrain: Terrain): Placed | Misplaced {
  const threshold = parseThreshold(text);
  if ("says" in threshold) return { ...threshold, of: "grammar" };
  const named = resolveNames(threshold, terrain);
  if ("says" in named) return named;
  const { scope, phases } = named;
  const episodes = episodesOf(terrain.phases).filter(({ phase, recovery }) =>
    phases.some((name) => name === phase || name === recovery),
  );
  const placed: Placed = { ...threshold, scope, phases, episodes: episodes.map(({ phase }) => phase) };
  const wrong = misuseOf(placed, terrain);
  if (wrong !== undefined) return wrong;
  const { ofScope } = threshold.bound;
  if (ofScope !== undefined) return compared(placed, ofScope, terrain);
  if (threshold.metric !== "time-to-recovery") return placed;
  // Whichever of its phases is named, an episode is looked at as a whole.
  const both = episodes.flatMap(({ phase, recovery }) => (recovery === undefined ? [phase] : [phase, recovery]));
  return { ...placed, phases: both };
}

/** Its bound is a share of what another scope has in the same phases. */
function compared(placed: Placed, ofScope: string, terrain: Terrain): Placed | Misplaced {
  const scopes = scopesOf(terrain);
  const found = scopes.get(ofScope);
  if (found === undefined) {
    const known = ["baseline", ...scopes.keys()];
    return { of: "scopes", says: `there is no group, server, tool or link "${ofScope}"`, given: ofScope, known };
  }
  const { scope } = found;
  const unsure = sure(ofScope, found) ?? misuseOf({ ...placed, scope }, terrain);
  if (unsure !== undefined) return unsure;
  if (placed.withinMs !== undefined) {
    const says = "within counts from healing, and goes with a rate or of baseline";
    return { of: "grammar", says };
  }
  if (isDeepStrictEqual(scope, placed.scope)) {
    return { of: "scopes", says: `would compare ${ofScope} with itself`, hint: "name another scope" };
  }
  return { ...placed, comparedWith: scope };
}

/**
 * Whether a scope takes in the ops of this group, server and tool. Where all work of a group is meant, what stands in for
 * a step that was not ok is none of its own: that step has been counted.
 */
export function takesIn(
  scope: Scope,
  of: {
    readonly group: string;
    readonly server: string;
    readonly tool: string;
    readonly insteadOf?: number | undefined;
  },
): boolean {
  if (of.insteadOf !== undefined && scope.server === undefined) return false;
  return (["group", "server", "tool"] as const).every((key) => scope[key] === undefined || scope[key] === of[key]);
}

interface Names {
  readonly scope: Scope;
  readonly phases: readonly string[];
}

function resolveNames({ metric, names }: Threshold, terrain: Terrain): Names | Misplaced {
  const scopes = scopesOf(terrain);
  const phases = phasesOf(terrain.phases);
  const whole = metric === "time-to-recovery" ? (phases.get("fault") ?? []) : wholeRun(terrain.phases);
  const [first, second] = names;
  if (first === undefined) return { scope: {}, phases: whole };
  if (second === undefined) {
    const found = scopes.get(first);
    const during = phases.get(first);
    if (found !== undefined && during !== undefined) {
      return { of: "both", says: `"${first}" is both ${found.is} and a phase`, hint: "say both: (scope, phase)" };
    }
    if (found !== undefined) return sure(first, found) ?? { scope: found.scope, phases: whole };
    if (during !== undefined) return { scope: {}, phases: during };
    const known = [...scopes.keys(), ...phases.keys()];
    return { of: "both", says: `there is no group, server, tool, link or phase "${first}"`, given: first, known };
  }
  const found = scopes.get(first);
  if (found === undefined) {
    const says = `there is no group, server, tool or link "${first}"`;
    return { of: "scopes", says, given: first, known: [...scopes.keys()] };
  }
  const during = phases.get(second);
  if (during === undefined) {
    return { of: "phases", says: `there is no phase "${second}"`, given: second, known: [...phases.keys()] };
  }
  return sure(first, found) ?? { scope: found.scope, phases: during };
}

interface Named {
  readonly is: string;
  readonly scope: Scope;
  /** What else is called so. */
  readonly also?: string;
}

function sure(name: string, { is, also }: Named): Misplaced | undefined {
  if (also === undefined) return undefined;
  return { of: "scopes", says: `"${name}" is ${is} and also ${also}`, hint: "write agents->server, or group@server" };
}

/** Every name that a scope can have. */
function scopesOf({ steps, links }: Terrain): ReadonlyMap<string, Named> {
  const scopes = new Map<string, Named>();
  const name = (text: string, is: string, scope: Scope): void => {
    const found = scopes.get(text);
    if (found === undefined) scopes.set(text, { is, scope });
    else if (found.is !== is) scopes.set(text, { ...found, also: is });
  };
  for (const { group } of steps) name(group, "a group", { group });
  for (const { server } of steps) name(server, "a server", { server });
  for (const { server, tool } of steps) name(`${server}.${tool}`, "a tool", { server, tool });
  for (const { server } of steps) name(`agents->${server}`, "a link", { server });
  for (const { group, server } of steps) name(`${group}@${server}`, "a link", { group, server });
  for (const { group, server, tool } of steps) {
    name(`${group}@${server}.${tool}`, "a group's tool", { group, server, tool });
  }
  for (const { link, plane, server } of links) {
    if (plane !== "server-upstream") continue;
    name(link, "a link to an upstream", { upstreamLink: link, callers: callersOf(server, links) });
  }
  return scopes;
}

/** Phases by their names, and by their roles where one stands for all of it. */
function phasesOf(phases: Terrain["phases"]): ReadonlyMap<string, readonly string[]> {
  const named = new Map<string, readonly string[]>();
  const run = phases.filter(({ role }) => role !== "final");
  for (const { role } of run) {
    named.set(
      role,
      run.filter((other) => other.role === role).map(({ phase }) => phase),
    );
  }
  for (const { phase } of run) if (!named.has(phase)) named.set(phase, [phase]);
  return named;
}

function wholeRun(phases: Terrain["phases"]): readonly string[] {
  return phases.filter(({ role }) => role !== "warm-up" && role !== "final").map(({ phase }) => phase);
}

/** What can be told of a link to an upstream. */
const atUpstreams: ReadonlySet<Metric> = new Set<Metric>(["amplification", "requests", "requests-per-op"]);

/** Names that mean something, but not to this metric. */
function misuseOf(
  { metric, scope, phases, episodes, bound, withinMs }: Placed,
  terrain: Terrain,
): Misplaced | undefined {
  const roleOf = (name: string): string | undefined => terrain.phases.find(({ phase }) => phase === name)?.role;
  const { upstreamLink } = scope;
  if (upstreamLink !== undefined) {
    if (!atUpstreams.has(metric)) {
      const says = `${metric} is measured where agents call, not at ${upstreamLink}`;
      const hint = "name a group, a server or a tool; amplification and requests take links to upstreams";
      return { of: "scopes", says, hint };
    }
    if (terrain.links.find(({ link }) => link === upstreamLink)?.protocol === "tcp") {
      return { of: "scopes", says: `${upstreamLink} speaks plain tcp, so its requests cannot be counted` };
    }
  }
  if (bound.ofBaseline) {
    if (!terrain.phases.some(({ role }) => role === "baseline")) {
      return { of: "phases", says: "there is no baseline to compare with", hint: "put - { baseline: 5s } into phases" };
    }
    if (phases.some((name) => roleOf(name) === "baseline")) {
      return {
        of: "phases",
        says: "would compare the baseline with itself",
        hint: "name another phase, for example recovery",
      };
    }
  }
  if (withinMs !== undefined && (phases.length === 0 || phases.some((name) => roleOf(name) !== "recovery"))) {
    return {
      of: "phases",
      says: "within counts from healing, so it takes a recovery phase",
      hint: "for example (planner, recovery)",
    };
  }
  if (
    metric === "time-to-recovery" &&
    (episodes.length === 0 || phases.some((name) => !["fault", "recovery"].includes(roleOf(name) ?? "")))
  ) {
    return {
      of: "phases",
      says: "time-to-recovery takes an episode",
      given: "",
      known: episodesOf(terrain.phases).map(({ phase }) => phase),
    };
  }
  return undefined;
}
