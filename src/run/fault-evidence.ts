/** What shows at the tap that a fault has taken hold, and each step of it. */
import type { PreparedFault, Sign } from "../faults/handles.ts";
import type { FaultEdge, Recorder } from "../history/events.ts";
import type { FaultStepped } from "../history/schedule-events.ts";
import { formatSize } from "../units.ts";

/** Records the first sign of a fault, and of each step of it the first that shows it as it is since then. */
export function gatherEvidence(
  about: Omit<FaultEdge, "edge">,
  first: PreparedFault,
  recorder: Recorder,
): { readonly onSign: (sign: Sign) => void; readonly changed: (next: PreparedFault, made: FaultStepped) => void } {
  let now = first;
  let observed = false;
  let unseen: FaultStepped | undefined;
  const onSign = (sign: Sign): void => {
    if ((observed && unseen === undefined) || !now.showsIn(sign)) return;
    const says = said(sign);
    if (!observed) recorder.record({ ...about, edge: "observed", says });
    if (unseen !== undefined) recorder.record({ ...unseen, edge: "observed", says });
    observed = true;
    unseen = undefined;
  };
  const changed = (next: PreparedFault, made: FaultStepped): void => {
    now = next;
    unseen = made;
  };
  return { onSign, changed };
}

function said(sign: Sign): string {
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
    case "answer-eaten":
      return "an answer was dropped";
    case "called":
    case "returned":
      return `${sign.tool} was called`;
    default:
      return sign satisfies never;
  }
}

function afterBytes(bytes: number | undefined): string {
  return bytes === undefined ? "" : `, ${formatSize(bytes)} down its way`;
}

function usual(ms: number | undefined): string {
  return ms === undefined ? "" : ` (usual: ${Math.round(ms)} ms)`;
}
