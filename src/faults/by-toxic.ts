/** What the faults that are one toxic share: which way it acts, on how many connections, and what it shows as. */
import { z } from "zod";
import type { Sign, Stream, Toxic } from "./handles.ts";
import type { PreparedFault } from "./kinds.ts";

export const whichConnections = {
  direction: z
    .enum(["upstream", "downstream"])
    .default("downstream")
    .describe("upstream: what the caller sends; downstream: what comes back to it"),
  toxicity: z
    .number()
    .min(0.01)
    .max(1)
    .default(1)
    .describe("the share of connections that it acts on; which, the seed decides"),
};

interface Where {
  readonly direction: Stream;
  readonly toxicity: number;
}

export function toxicOn(
  { direction: stream, toxicity }: Where,
  type: Toxic["type"],
  attributes: Toxic["attributes"],
): Toxic {
  return { type, stream, toxicity, attributes };
}

/** Injecting a toxic, and having one that is on already act like it. */
export function byToxic(toxic: Toxic): Required<Pick<PreparedFault, "inject" | "change">> {
  return {
    inject: (link) => link.addToxic(toxic),
    change: async (on) => {
      if (on.update === undefined) throw new Error(`what is on is no ${toxic.type}`);
      await on.update(toxic);
    },
  };
}

/** A real Toxiproxy reads no more at once. */
export const chunkBytesMax = 32 * 1024;

/** Less than this may be the machine's own doing. */
export const noiseMs = 20;

/** An exchange that took longer than usual by about what its bytes explain. */
export function slowAsExplained(sign: Sign, stream: Stream, msPerByte: number): boolean {
  if (sign.is !== "exchanged") return false;
  const explainedMs = sign.passed[stream] * msPerByte;
  const excessMs = sign.tookMs - (sign.usualMs ?? 0);
  return excessMs >= Math.max(noiseMs, 0.5 * explainedMs) && explainedMs >= 0.3 * excessMs;
}
