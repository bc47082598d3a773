/** Which outcomes a part of a policy is about: whole rungs of the success ladder, single classes, or HTTP statuses. */
import { z } from "zod";
import { outcomeClasses, rungs, type OutcomeClass } from "../history/outcomes.ts";
import { shown } from "../units.ts";
import type { Seen } from "./policy.ts";

const retriableRungs = rungs.filter((rung) => rung !== "ok");
const isClass = (name: string): name is OutcomeClass => name in outcomeClasses;
const troubleClasses = Object.keys(outcomeClasses)
  .filter(isClass)
  .filter((name) => !["ok", "outrun", "stopped", ...retriableRungs].includes(name));

const statusPattern = /^http-(?:[45]\d\d|[45]xx)$/;
const trouble = z.union(
  [z.enum([...retriableRungs, ...troubleClasses]), z.string().regex(statusPattern, { abort: true })],
  {
    error: ({ input }) =>
      `expected one of ${retriableRungs.join(", ")}, a class such as reset or session-lost, ` +
      `or a status such as http-429 or http-5xx, got ${shown(input)}`,
  },
);

export function troubles(usual: readonly [string, ...string[]]) {
  return z
    .array(trouble)
    .min(1)
    .default([...usual]);
}

export function isAmong(wanted: readonly string[], seen: Seen): boolean {
  if (seen.outcome === "ok" || tellsNothing(seen)) return false;
  return wanted.some((name) => name === seen.rung || name === seen.class || isStatus(name, seen.status));
}

/** Whoever gave it up did so for reasons of their own: it speaks neither for nor against its server. */
export function tellsNothing({ class: is }: Seen): boolean {
  return is === "outrun" || is === "stopped";
}

/** What tells of a server in trouble, rather than of a mistake of its caller. */
export const serverTroubles = ["timeout", "connection", "protocol", "http-gateway", "http-5xx"] as const;

function isStatus(name: string, status: number | undefined): boolean {
  return status !== undefined && (name === `http-${status}` || name === `http-${Math.floor(status / 100)}xx`);
}
