/** What the upstream requests of an op came to. */
import type { JoinedExchange } from "../history/records.ts";

/** A server may ask for several things, and for each of them more than once: the last word on each counts. */
export function lastWordsOf(exchanges: readonly JoinedExchange[]): readonly JoinedExchange[] {
  if (exchanges.length < 2) return exchanges;
  return [...new Map(exchanges.map((exchange) => [`${exchange.method} ${exchange.path}`, exchange])).values()];
}
