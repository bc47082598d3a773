/** What was listed last, so that a history holds each list once and not with every step that asks for it. */
import type { Recorder } from "../history/events.ts";
import type { Listing } from "../history/listing.ts";

const lastBy = new WeakMap<Recorder, Map<string, string>>();

export function recordListing(
  recorder: Recorder,
  { op, server, method, listing }: { op: string; server: string; method: string; listing: Listing },
): void {
  const last = lastBy.get(recorder) ?? new Map<string, string>();
  lastBy.set(recorder, last);
  const key = `${server} ${method}`;
  if (last.get(key) === listing.digest) return;
  last.set(key, listing.digest);
  recorder.record({ type: "listed", op, server, method, ...listing });
}
