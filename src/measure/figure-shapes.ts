/** What the figures of a run are made of. */
import { z } from "zod";
import { outcomeClasses, type OutcomeClass } from "../history/outcomes.ts";

export const record = <Shape extends z.core.$ZodLooseShape>(shape: Shape) => z.strictObject(shape).readonly();
export const list = <Of extends z.ZodType>(of: Of) => z.array(of).readonly();
export const text = z.string();
export const us = z.int();
export const count = z.int().min(0);

export const attemptOutcome = z.enum(["ok", "failed", "unknown"]);
export const opOutcome = z.enum([...attemptOutcome.options, "not-run"]);
// TypeScript takes the keys of any object for strings.
export const outcomeClass = z.enum(Object.keys(outcomeClasses) as OutcomeClass[]);
