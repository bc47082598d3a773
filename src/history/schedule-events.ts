/** What a history tells of faults that change while they are on, and of those that wait for something. */
import type { FaultPlace } from "./fault-place.ts";

export type ScheduleEvent = FaultStepped | FaultCondition;

/** A fault that grows or shrinks has taken its next step. */
export interface FaultStepped extends FaultPlace {
  readonly type: "fault-step";
  readonly fault: string;
  readonly kind: string;
  readonly window: number;
  /** The first one is 1: until then the fault is as it began. */
  readonly step: number;
  /** Observed: a sign at the tap that shows it as it is since this step. */
  readonly edge: "made" | "observed";
  /** What has changed, as a scenario would write it. */
  readonly attributes: Readonly<Record<string, string | number>>;
  /** Control runs play the same plan with empty injections. */
  readonly control?: true;
  readonly says?: string;
}

/** What a fault waited for came true, or did not in its time: then the fault was never injected. */
export interface FaultCondition extends FaultPlace {
  readonly type: "fault-condition";
  readonly fault: string;
  readonly is: "met" | "expired";
  /** What it waited for. */
  readonly says: string;
}

/** `delay: 30ms, toxicity: 0.5` */
export function attributesInWords(attributes: FaultStepped["attributes"]): string {
  return Object.entries(attributes)
    .map(([name, value]) => `${name}: ${value}`)
    .join(", ");
}
