/** How a verdict is called wherever a person reads it. */
export const titles = {
  faults: { pass: "PASSED", fail: "FAILED", unknown: "INCONCLUSIVE" },
  control: { pass: "CONTROL PASSED", fail: "CONTROL FAILED", unknown: "CONTROL INCONCLUSIVE" },
} as const;
