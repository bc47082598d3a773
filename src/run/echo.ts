/** Whether an answer holds what its own call gave the server, and whose it is where it does not. */
import { isDeepStrictEqual } from "node:util";
import type { Attempt } from "../history/events.ts";
import type { Tracer } from "../history/ids.ts";
import { saveFrom } from "../scenario/template.ts";

/** Nothing but ids of ops is told of what stands there instead: a history holds no content. */
export function straysIn(
  result: unknown,
  { op, expected, tracer }: { op: string; expected: Readonly<Record<string, unknown>>; tracer: Tracer },
): NonNullable<Attempt["strays"]> {
  return Object.entries(expected).flatMap(([path, value]) => {
    const found = saveFrom(result, path);
    // The order of keys means nothing in JSON.
    if (isDeepStrictEqual(found, value)) return [];
    const other = tracer.find(JSON.stringify(found) ?? "").find((sighting) => sighting.op !== op);
    return [{ path, is: found === undefined ? "missing" : "other", ...(other === undefined ? {} : { op: other.op }) }];
  });
}
