/** A sign of a fault, in the words that the history keeps. */
import type { Deed, Sign } from "../faults/handles.ts";
import { formatSize } from "../units.ts";

export function said(sign: Sign): string {
  switch (sign.is) {
    case "refused":
      return "a connection was refused";
    case "cut":
      return `a connection was ${sign.how === "rst" ? "reset" : "closed"}${sign.inFlight ? " with a request unanswered" : ""}${afterBytes(sign.passed?.downstream)}`;
    case "answered":
      return `an answer took ${Math.round(sign.waitedMs)} ms${usual(sign.usualMs)}`;
    case "silent":
      return `a request stayed unanswered for ${Math.round(sign.waitedMs)} ms${usual(sign.usualMs)}`;
    case "exchanged": {
      const { upstream, downstream } = sign.passed;
      const bytes = `${formatSize(upstream)} and their answer of ${formatSize(downstream)}`;
      return `${bytes} took ${Math.round(sign.tookMs)} ms${usual(sign.usualMs)}`;
    }
    case "closed":
      return `a connection was still open after ${Math.round(sign.lateMs)} ms${usual(sign.usualMs)}`;
    case "meddled":
      return deeds[sign.rule.deed.does];
    case "called":
    case "returned":
      return `${sign.tool} was called`;
    case "killed":
      return `the process ended: ${sign.how}`;
    case "rolled":
      return `all ${sign.replicas} replicas were restarted, one after another`;
    case "scaled-in":
      return `${sign.replicas} of the replicas ${sign.replicas === 1 ? "has" : "have"} gone`;
    case "paused":
      return "every process of it stood still";
    case "slowed":
      return `it could run for ${Math.round(100 * sign.ranShare)} % of ${Math.round(sign.overMs)} ms`;
    case "limited":
      return sign.what === "heap"
        ? `it may have ${formatSize(sign.most)} of data at most`
        : `it gets no descriptor from ${sign.most} on`;
    default:
      return sign satisfies never;
  }
}

const deeds: Readonly<Record<Deed["does"], string>> = {
  "lose-request": "a request was dropped",
  "lose-answer": "an answer was dropped",
  "delay-request": "a request was held back",
  "delay-answer": "an answer was held back",
  "deliver-twice": "a request was delivered twice",
  "answer-request": "a request was answered in place of its callee",
  "replace-answer": "an answer was replaced",
};

function afterBytes(bytes: number | undefined): string {
  return bytes === undefined ? "" : `, ${formatSize(bytes)} down its way`;
}

function usual(ms: number | undefined): string {
  return ms === undefined ? "" : ` (usual: ${Math.round(ms)} ms)`;
}
