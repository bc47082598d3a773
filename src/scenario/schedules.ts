/** The schedule of a fault as the plan takes it: how its attributes change while it is on, and what it waits for. */
import type { FaultKind } from "../faults/kinds.ts";
import { counted, quantityOf } from "../units.ts";
import type { Growth, WrittenCondition } from "./schedule-schema.ts";

export interface CalledTool {
  /** Absent: whoever calls. */
  readonly group?: string;
  readonly server: string;
  readonly tool: string;
}

/** What must come true for a fault to begin. */
export type Condition =
  | ({ readonly is: "in-flight" } & CalledTool)
  | ({ readonly is: "calls" | "returns"; readonly count: number } & CalledTool)
  | { readonly is: "first"; readonly effect: string };

/** Attributes that change so long after the fault began, as a scenario would write them. */
export interface FaultStep {
  readonly afterMs: number;
  readonly attributes: Readonly<Record<string, string | number>>;
}

/** Takes one in which nothing is wrong. */
export function conditionOf({ step, calls, returns, of = "", first = "" }: WrittenCondition): Condition {
  if (step !== undefined) return { is: "in-flight", ...calledTool(step) };
  if (returns !== undefined) return { is: "returns", count: returns, ...calledTool(of) };
  return calls === undefined ? { is: "first", effect: first } : { is: "calls", count: calls, ...calledTool(of) };
}

/** `server.Tool` or `group@server.Tool`; a tool's name may hold dots of its own. */
export function calledTool(text: string): CalledTool {
  const [, group, server = "", tool = ""] = /^(?:([^@.]*)@)?([^.]*)\.?(.*)$/.exec(text) ?? [];
  return { ...(group === undefined ? {} : { group }), server, tool };
}

export function conditionInWords(condition: Condition): string {
  if (condition.is === "first") return `the first ${condition.effect} is committed`;
  const { group, server, tool } = condition;
  const called = `${group === undefined ? "" : `${group}@`}${server}.${tool}`;
  if (condition.is === "in-flight") return `a call of ${called} is in flight`;
  return `${called} has ${condition.is === "calls" ? "had" : "ended"} ${counted(condition.count, "call")}`;
}

export type Ramp = Readonly<Record<string, Growth | undefined>>;

/** The value of an attribute after so many steps. */
function valueAfter({ to, by }: Growth, from: number, steps: number): number {
  return from + Math.sign(to - from) * Math.min(Math.abs(to - from), steps * by);
}

/** How many steps it takes to the end. */
export function stepsTo({ to, by }: Growth, from: number): number {
  // What is a hair too much is the arithmetic's, and no step of its own.
  return Math.ceil(Math.abs(to - from) / by - 1e-9);
}

/** All steps of a ramp, in order of time. Each tells only what changes. */
export function stepsOf(
  { attributes }: Pick<FaultKind, "attributes">,
  ramp: Ramp,
  values: Readonly<Record<string, unknown>>,
): FaultStep[] {
  const steps = new Map<number, Record<string, string | number>>();
  for (const [name, growth] of Object.entries(ramp)) {
    const from = values[name];
    const schema = attributes.shape[name];
    if (growth === undefined || schema === undefined || typeof from !== "number") continue;
    const write = quantityOf(schema)?.write ?? ((value: number) => Number(value.toFixed(6)));
    for (let step = 1; step <= stepsTo(growth, from); step += 1) {
      const afterMs = step * growth.every;
      steps.set(afterMs, { ...steps.get(afterMs), [name]: write(valueAfter(growth, from, step)) });
    }
  }
  return [...steps]
    .map(([afterMs, changed]) => ({ afterMs, attributes: changed }))
    .toSorted((a, b) => a.afterMs - b.afterMs);
}

/** Attributes as a scenario would write them, from what they were read to be. */
export function writtenAttributes(
  { attributes }: Pick<FaultKind, "attributes">,
  values: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const entries = Object.entries(attributes.shape).flatMap(([name, schema]) => {
    const value = values[name];
    if (value === undefined) return [];
    return [[name, typeof value === "number" ? (quantityOf(schema)?.write(value) ?? value) : value]];
  });
  return Object.fromEntries(entries);
}
