import { z } from "zod";
import { duration, percentage } from "../units.ts";
import { policyPart, type Guard } from "./policy.ts";
import { counted, emptyWindow, sumOf, within, type Window } from "./sliding-window.ts";

const attributes = z.strictObject({
  ratio: percentage().default(20).describe("repeats, as a share of the first attempts in the window"),
  window: duration({ leastMs: 100, mostMs: 3_600_000 }).default(10_000).describe("how far back it looks"),
  least: z.number().min(0).max(100_000).default(10).describe("repeats a second that are always allowed"),
  per: z.enum(["agent", "server", "tool"]).default("server").describe("each of them has a budget of its own"),
});

export const retryBudget = policyPart({
  about: "Repeats are a share of first attempts: what goes beyond is not sent.",
  source: "Finagle and Linkerd: 20 %, 10 a second, 10 s; Google SRE ch. 21 allows a client 10 %",
  attributes,
  prepare: ({ ratio, window: lastsMs, least, per }) => {
    const guard: Guard<Window> = {
      per,
      start: emptyWindow,
      ask: (window, { nowMs, isFirst }) => {
        const moment = { nowMs, lastsMs };
        if (isFirst) return { state: counted(window, moment, { yes: 1 }), say: { do: "go" } };
        const kept = within(window, moment);
        const { yes: firsts, no: repeats } = sumOf(kept);
        const allowed = (firsts * ratio) / 100 + (least * lastsMs) / 1000;
        if (repeats + 1 > allowed) return { state: kept, say: { do: "hold", because: "retry budget spent" } };
        return { state: counted(kept, moment, { no: 1 }), say: { do: "go" } };
      },
      came: (window, { nowMs, isFirst, seen }) => {
        if (seen !== undefined) return window;
        return counted(window, { nowMs, lastsMs }, isFirst ? { yes: -1 } : { no: -1 });
      },
    };
    return { guard };
  },
});
