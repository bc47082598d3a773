import { z } from "zod";
import { policyPart, type Guard } from "./policy.ts";
import { isAmong, serverTroubles, troubles } from "./troubles.ts";

const attributes = z.strictObject({
  maxTokens: z.number().min(1).max(1000).default(10).describe("tokens at first and at most"),
  tokenRatio: z.number().min(0.001).max(1000).default(0.1).describe("what each success puts back"),
  failures: troubles([...serverTroubles]).describe("what costs a token"),
});

export const retryThrottling = policyPart({
  about: "A failure costs a token, a success gives part of one back; repeats are sent while more than half are there.",
  source: "gRPC A6, retryThrottling: maxTokens 10, tokenRatio 0.1, for each server",
  attributes,
  prepare: ({ maxTokens, tokenRatio, failures }) => {
    const guard: Guard<number> = {
      per: "server",
      start: maxTokens,
      ask: (tokens, { isFirst }) =>
        isFirst || tokens > maxTokens / 2
          ? { state: tokens, say: { do: "go" } }
          : { state: tokens, say: { do: "hold", because: "retries throttled" } },
      came: (tokens, { seen }) => {
        if (seen === undefined) return tokens;
        if (isAmong(failures, seen)) return Math.max(0, tokens - 1);
        return seen.outcome === "ok" ? Math.min(maxTokens, tokens + tokenRatio) : tokens;
      },
    };
    return { guard };
  },
});
