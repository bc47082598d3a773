/** The end of an SDK's session, as far as its server is told. */
import type { World } from "../world.ts";

/** It may not hold anything up. */
const farewellTimeoutMs = 2000;

export async function sayFarewell(
  { farewell }: { readonly farewell: () => Promise<void> },
  world: World,
): Promise<void> {
  const waited = new AbortController();
  // A server that does not let go of its session is no news at this point.
  await Promise.race([farewell().catch(() => undefined), world.sleep(farewellTimeoutMs, waited.signal)]);
  waited.abort();
}
