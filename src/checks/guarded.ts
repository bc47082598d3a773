/** The fold of a check, kept from taking others down with it. */
import { messageOf } from "../errors.ts";
import type { Check, Fold, Judgement, Premises } from "./check.ts";

/** A check that throws is unknown, never a pass, and does not take the others down. */
export function guarded(check: Check, premises: Premises): Fold {
  let broken: string | undefined;
  const attempt = <T>(work: () => T): T | undefined => {
    if (broken !== undefined) return undefined;
    try {
      return work();
    } catch (error) {
      broken = messageOf(error);
      return undefined;
    }
  };
  const unknown = (): Judgement => ({
    verdict: "unknown",
    because: `the check itself failed: ${broken ?? "no judgement"}`,
    looked: 0,
    findings: [],
  });
  const fold = attempt(() => check.fold(premises));
  return {
    // A closure for each of millions of records would be felt.
    on: (record) => {
      if (broken !== undefined) return;
      try {
        fold?.on(record);
      } catch (error) {
        broken = messageOf(error);
      }
    },
    end: (told) => attempt(() => fold?.end(told)) ?? unknown(),
    asks: () => attempt(() => fold?.asks?.()) ?? [],
    isCertain: () => attempt(() => fold?.isCertain?.()) ?? false,
  };
}
