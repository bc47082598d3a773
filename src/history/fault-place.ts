/** Where a fault is: on one link, or at the processes of one server or upstream. */
import type { DeclaredLink } from "./declared.ts";

/** Exactly one of the names is there. */
export interface FaultPlace {
  readonly link?: string;
  readonly server?: string;
  readonly upstream?: string;
  /** Which of a server's replicas, from 1 on; absent: all that run. */
  readonly replica?: number;
}

/** The place alone, of what holds more. */
export function placeOf({ link, server, upstream, replica }: FaultPlace): FaultPlace {
  return {
    ...(link === undefined ? {} : { link }),
    ...(server === undefined ? {} : { server }),
    ...(upstream === undefined ? {} : { upstream }),
    ...(replica === undefined ? {} : { replica }),
  };
}

export function placeInWords({ link, server, upstream, replica }: FaultPlace): string {
  if (link !== undefined) return link;
  const name = server === undefined ? `upstream ${upstream ?? ""}` : `server ${server}`;
  return replica === undefined ? name : `${name} replica ${replica}`;
}

/** A fault, with the links on which others meet it; where it says none it is a link's own. */
export type PlacedFault = FaultPlace & { readonly links?: readonly string[] };

export function linksMeeting({ link, links }: PlacedFault): readonly string[] {
  return links ?? (link === undefined ? [] : [link]);
}

/** The servers whose work it touches. */
export function serversAt(fault: PlacedFault, declared: readonly DeclaredLink[]): readonly string[] {
  const met = new Set(linksMeeting(fault));
  const ofLinks = declared.filter(({ link }) => met.has(link)).map(({ server }) => server);
  return [...new Set(fault.server === undefined ? ofLinks : [fault.server, ...ofLinks])];
}
