import { z } from "zod";
import { passThrough, toxicKind } from "./toxic.ts";

export const noop = toxicKind({ type: "noop", attributes: z.object({}), start: passThrough });
