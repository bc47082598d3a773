/**
 * `--duration` and `--agents`: the same scenario, longer or shorter, with more agents or fewer. The timeline is stretched
 * as a whole, so that what was to meet still meets: phases, when faults are on, when arrivals change. What is no place
 * on it stays: rates, pauses, patience, how long a flap is down.
 */
import { formatDuration, parseDuration } from "../units.ts";
import { modelsIn } from "./arrivals.ts";
import type { Mistake } from "../errors.ts";
import { suggest, type Path } from "./mistakes.ts";

export interface Sizes {
  readonly durationMs?: number;
  /** Of all groups, or of one. */
  readonly agents: readonly { readonly group?: string; readonly count: number }[];
}

export interface Resized {
  readonly raw: unknown;
  /** What `--agents` set. */
  readonly paths: readonly Path[];
  readonly mistakes: readonly Mistake[];
  /** What a person should know who reads the plan. */
  readonly notes: readonly string[];
}

export function resize(raw: unknown, { durationMs, agents }: Sizes): Resized {
  let resized = raw;
  const paths: Path[] = [];
  const mistakes: Mistake[] = [];
  for (const { group, count } of agents) {
    const groups = isMap(raw) && isMap(raw["agents"]) ? raw["agents"] : {};
    const names = Object.keys(groups);
    if (group !== undefined && !names.includes(group)) {
      const says = `there is no group "${group}"`;
      mistakes.push({ file: "--agents", path: `${group}=${count}`, says, hint: suggest(group, names) });
    }
    for (const name of names.filter((candidate) => group === undefined || candidate === group)) {
      const { arrivals = {} } = isMap(groups[name]) ? groups[name] : {};
      const key = isMap(arrivals) && modelsIn(arrivals).length > 0 ? "agents" : "count";
      resized = changedAt(resized, ["agents", name], (node) => ({ arrivals, ...(isMap(node) ? node : {}) }));
      resized = changedAt(resized, ["agents", name, "arrivals"], (node) =>
        isMap(node) ? { ...node, [key]: count } : node,
      );
      paths.push(["agents", name, "arrivals", key]);
    }
  }
  return { ...stretched(resized, durationMs), paths, mistakes };
}

const phaseKeys = ["warm-up", "baseline", "fault", "recovery"] as const;
const places: readonly Path[] = [
  ...["at", "for", "within", "swizzle"].map((key) => ["faults", "*", key]),
  ...[
    ["start"],
    ["for"],
    ["rampUp"],
    ["stages", "*", "over"],
    ["herd", "at"],
    ["step", "every"],
    ["spike", "at"],
    ["spike", "for"],
    ["soak", "rampUp"],
    ["soak", "rampDown"],
  ].map((path) => ["agents", "*", "arrivals", ...path]),
];

function stretched(raw: unknown, durationMs: number | undefined): Pick<Resized, "raw" | "notes"> {
  const writtenMs = lengthOf(raw);
  if (durationMs === undefined || writtenMs === 0 || durationMs === writtenMs) return { raw, notes: [] };
  const onto = (ms: number): number => (ms * durationMs) / writtenMs;
  // What lasted at all shall last.
  const lasting = (value: unknown, newMs: number): string => inWords(msOf(value) === 0 ? 0 : Math.max(1, newMs));
  // The ends of phases are rounded, and what lies in them is rounded down: the sum is exact, and nothing sticks out.
  let endMs = 0;
  let changed = changedAt(raw, ["phases", "*"], (phase) =>
    phaseKeys.reduce(
      (longer, key) =>
        changedAt(longer, [key], (value) => {
          const startMs = endMs;
          endMs += msOf(value) ?? 0;
          return msOf(value) === undefined
            ? value
            : lasting(value, Math.round(onto(endMs)) - Math.round(onto(startMs)));
        }),
      phase,
    ),
  );
  for (const path of places) {
    changed = changedAt(changed, path, (value) => {
      const ms = msOf(value);
      return ms === undefined ? value : lasting(value, Math.floor(onto(ms)));
    });
  }
  const times = Number((durationMs / writtenMs).toPrecision(3));
  const asked = `--duration ${formatDuration(durationMs)}`;
  const notes = [
    `${asked}: the whole timeline, written for ${formatDuration(writtenMs)}, is played ${times} times as long`,
  ];
  return { raw: changed, notes };
}

function lengthOf(raw: unknown): number {
  let sumMs = 0;
  for (const key of phaseKeys) {
    changedAt(raw, ["phases", "*", key], (value) => {
      sumMs += msOf(value) ?? 0;
      return value;
    });
  }
  return sumMs;
}

function msOf(value: unknown): number | undefined {
  return typeof value === "string" ? parseDuration(value) : undefined;
}

function inWords(ms: number): string {
  return ms % 1000 === 0 ? formatDuration(ms) : `${ms}ms`;
}

/** Changes what is there; `*` is every entry of a list or a map. */
function changedAt(node: unknown, [step, ...rest]: Path, change: (value: unknown) => unknown): unknown {
  if (step === undefined) return change(node);
  if (Array.isArray(node)) return step === "*" ? node.map((child) => changedAt(child, rest, change)) : node;
  if (!isMap(node)) return node;
  const keys = step === "*" ? Object.keys(node) : Object.hasOwn(node, step) ? [String(step)] : [];
  return { ...node, ...Object.fromEntries(keys.map((key) => [key, changedAt(node[key], rest, change)])) };
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
