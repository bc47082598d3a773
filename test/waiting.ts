/** Waiting for what comes about soon: the patience is when to give up on a busy machine, not what it takes. */
import { vi } from "vitest";

// Below the test's own timeout, which would leave processes behind and tell less.
const patience = { timeout: 20_000, interval: 5 };

/** Until nothing that is expected fails any more. */
export async function waitFor(check: () => unknown): Promise<void> {
  await vi.waitFor(check, patience);
}

export async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  await vi.waitUntil(holds, patience);
}
