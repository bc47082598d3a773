/** What an op asks for, where that is compared with what it commits. */
import { fieldOf } from "../effects/select.ts";
import { askedDigest } from "../history/content.ts";
import type { OpStarted } from "../history/events.ts";
import type { ScenarioGroup } from "../scenario/resolve.ts";

export function askedIn(
  { asks = {} }: ScenarioGroup,
  effect: string | undefined,
  { args, salt }: { readonly args: Readonly<Record<string, unknown>>; readonly salt: string },
): OpStarted["asked"] {
  const paths = effect === undefined ? undefined : asks[effect];
  return paths?.map((path) => askedDigest(fieldOf(args, path), salt));
}
