/** Which of an op's requests met a fault, and when. */
import type { JoinedExchange, OpRecord } from "../history/records.ts";
import { hasFailed } from "./upstream-repeats.ts";

export function underFault({ faults }: OpRecord, { link, startedUs, atUs }: JoinedExchange): boolean {
  return faults.some(
    (window) =>
      window.observed &&
      window.links.includes(link) &&
      window.fromUs < atUs &&
      (window.toUs ?? Number.POSITIVE_INFINITY) > startedUs,
  );
}

export function metFault(record: OpRecord, links: ReadonlyMap<string, string>): boolean {
  return record.exchanges.some((one) => links.has(one.link) && hasFailed(one) && underFault(record, one));
}

/** The fault that was on at a moment. */
export function windowAt({ faults }: OpRecord, us: number): string | undefined {
  const window = faults.find(
    ({ observed, fromUs, toUs = Number.POSITIVE_INFINITY }) => observed && fromUs <= us && us <= toUs,
  );
  return window === undefined ? undefined : `${window.fault}/${window.fromUs}`;
}
