/** Bounds that are looked at while the run goes on: not every figure can be told then. */
import { isUpper, type TimeMetric } from "./bounded.ts";
import { placeThreshold, type Misplaced, type Placed, type Terrain } from "./scope.ts";
import { exampleOf, metrics, type Metric } from "./threshold.ts";

export type LiveMetric = TimeMetric | "error-rate" | "goodput";

export interface Live extends Placed {
  readonly metric: LiveMetric;
}

/** What people read of conditions that stop a run, where they write them. */
export const aboutStops = [
  "when to end the run early: when names the trouble, as thresholds are written (see there), for how long it must hold.",
  "error-rate, p50, p90, p95, p99, max, mean > BOUND; goodput < RATE; of ops that ended while their phase was on.",
  "It is looked at in windows of a second or more, each of as many samples as thresholds take (error-rate 20, p99 500).",
  "One window without the trouble, and it has to hold anew. Time in which no op ends counts neither way; for goodput it",
  "does while ops are under way, so goodput < RATE also sees a server that hangs.",
  "The run then heals, drains and ends; what it did not see is unknown, so that nothing passes.",
].join("\n");

export const aboutAborts =
  "true: the run ends as soon as the threshold fails on what was seen so far, of enough samples and past its grace; it stays failed";

/** A threshold that may end the run. */
export function placeAbort(text: string, terrain: Terrain): Live | Misplaced {
  const placed = placeThreshold(text, terrain);
  if ("says" in placed) return placed;
  const { metric, bound, comparator, withinMs } = placed;
  if (!isLive(metric)) {
    const hint = "what can be told: p50, p90, p95, p99, max, mean, error-rate, goodput";
    return { of: "grammar", says: `${metric} cannot be told before the run is over`, hint };
  }
  if (bound.ofScope !== undefined || comparator === "=") {
    const says = comparator === "=" ? "what is expected in the end" : `a share of ${bound.ofScope}`;
    return { of: "grammar", says: `${says} cannot be told before the run is over`, hint: "give it <, <=, > or >=" };
  }
  if (bound.ofBaseline) {
    const hint = `bound it by ${exampleOf(metrics[metric].unit)}`;
    return { of: "grammar", says: "a share of the baseline cannot be told before the run is over", hint };
  }
  if (withinMs !== undefined) {
    return { of: "grammar", says: "within counts from healing, which cannot be told before the run is over" };
  }
  return { ...placed, metric };
}

/** A condition that ends the run while it holds: it names the trouble, where a threshold names what is well. */
export function placeStop(text: string, terrain: Terrain): Live | Misplaced {
  const live = placeAbort(text, terrain);
  if ("says" in live) return live;
  const { metric, comparator } = live;
  if (isUpper(comparator) === (metric === "goodput")) return live;
  const signs = metric === "goodput" ? "< or <=" : "> or >=";
  const hint = `when names the trouble: write ${signs}`;
  return { of: "grammar", says: `would end the run while ${metric} is as it should be`, hint };
}

function isLive(metric: Metric): metric is LiveMetric {
  return (
    metric !== "amplification" && metric !== "requests" && metric !== "requests-per-op" && metric !== "time-to-recovery"
  );
}
