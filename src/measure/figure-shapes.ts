/** What the figures of a run are made of. */
import { z } from "zod";

export const record = <Shape extends z.core.$ZodLooseShape>(shape: Shape) => z.strictObject(shape).readonly();
export const list = <Of extends z.ZodType>(of: Of) => z.array(of).readonly();
export const text = z.string();
export const us = z.int();
export const count = z.int().min(0);
