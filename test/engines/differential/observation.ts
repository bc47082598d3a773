/** What is seen of a stimulus, and what was to be seen: both in the same words, so that they compare. */
import { createHash } from "node:crypto";
import { bytesOf, type Bounds, type Data, type Json, type Stimulus, type Step } from "./stimulus.ts";

export interface Observation {
  /** By the step's label. */
  readonly exact: Readonly<Record<string, Json>>;
  readonly measures: Readonly<Record<string, number>>;
  readonly shares: Readonly<Record<string, Share>>;
}

export interface Share {
  readonly hits: number;
  readonly of: number;
}

export interface Expectation {
  readonly exact: Readonly<Record<string, Json>>;
  readonly measures: Readonly<Record<string, Bounds>>;
  /** How likely a hit is. */
  readonly shares: Readonly<Record<string, number>>;
}

/** A step with the name under which its observation is kept. */
export type Labelled = Step & { readonly label: string };

export function labelled(steps: readonly Step[], taken = new Map<string, number>()): readonly Labelled[] {
  return steps.map((step) => {
    const words = wordsOf(step);
    const nth = (taken.get(words) ?? 0) + 1;
    taken.set(words, nth);
    const label = nth === 1 ? words : `${words} (${nth})`;
    if (step.do !== "together") return { ...step, label };
    return { ...step, label, tracks: step.tracks.map((track) => labelled(track, taken)) };
  });
}

function wordsOf(step: Step): string {
  if (step.do === "ask") return step.line;
  if (step.do === "isRefused") return `is ${step.proxy} refused`;
  if ("end" in step) return `${step.end} ${step.do}`;
  return step.do;
}

export function expectationOf({ steps }: Stimulus): Expectation {
  const exact: Record<string, Json> = {};
  const measures: Record<string, Bounds> = {};
  const shares: Record<string, number> = {};
  const visit = (step: Labelled): void => {
    const sees = exactOf(step);
    if (sees !== undefined) exact[step.label] = sees;
    if ("took" in step && step.took !== undefined) measures[step.label] = step.took;
    if ("bounds" in step) measures[step.label] = step.bounds;
    if (step.do === "tries")
      for (const [round, { share }] of step.rounds.entries()) shares[`${step.label} ${round}`] = share;
    if (step.do === "together") for (const track of step.tracks) for (const inner of track as Labelled[]) visit(inner);
  };
  for (const step of labelled(steps)) visit(step);
  return { exact, measures, shares };
}

function exactOf(step: Step): Json | undefined {
  if (step.do === "ask") return step.sees === undefined ? undefined : { ...step.sees };
  if (step.do === "isRefused" || step.do === "ends") return step.sees;
  if (step.do === "gets") return "all";
  if (step.do === "stays") return { open: true, bytes: step.bytes };
  if (step.do === "received") return contentOf(Buffer.concat(step.data.map(bufferOf)));
  return undefined;
}

/** Short texts as they are, everything longer by its length and hash. */
export function contentOf(data: Buffer): Json {
  if (data.length <= 64) return data.toString("latin1");
  return { bytes: data.length, sha1: createHash("sha1").update(data).digest("hex") };
}

export function bufferOf(data: Data): Buffer {
  if (typeof data === "string") return Buffer.from(data);
  const buffer = Buffer.alloc(bytesOf(data));
  for (let at = 0; at + 4 <= buffer.length; at += 4) buffer.writeUInt32BE(at / 4, at);
  return buffer;
}
