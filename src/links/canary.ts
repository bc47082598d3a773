/** Whose request it is: the ops that its parts name. */
import type { Exchange } from "../history/events.ts";
import type { Tracer } from "../history/ids.ts";

export function joinedBy(tracer: Tracer, ...texts: readonly string[]): Pick<Exchange, "ops" | "attempt"> {
  const sightings = tracer.find(...texts);
  const ops = sightings.map(({ op }) => op);
  // An attempt counts within one op; where a request is for many, nobody could tell whose attempt it is.
  const attempt = sightings.length === 1 ? sightings[0]?.attempt : undefined;
  return attempt === undefined ? { ops } : { ops, attempt };
}
