/** What shows at the tap that a fault has taken hold, and each step of it. */
import type { Sign } from "../faults/handles.ts";
import type { PreparedFault } from "../faults/kinds.ts";
import type { FaultEdge, Recorder } from "../history/events.ts";
import type { FaultStepped } from "../history/schedule-events.ts";
import { said } from "./sign-words.ts";

type Showing = Pick<PreparedFault, "showsIn">;

/** Records the first sign of a fault, and of each step of it the first that shows it as it is since then. */
export function gatherEvidence(
  about: Omit<FaultEdge, "edge">,
  first: Showing,
  recorder: Recorder,
): { readonly onSign: (sign: Sign) => void; readonly changed: (next: Showing, made: FaultStepped) => void } {
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
  const changed = (next: Showing, made: FaultStepped): void => {
    now = next;
    unseen = made;
  };
  return { onSign, changed };
}
