/** What a fault names to be broken: one link or several, or the processes of a server or an upstream. */
import { faultKindNamed } from "../faults/registry.ts";
import type { DeclaredLink } from "../history/declared.ts";
import type { FaultPlace } from "../history/fault-place.ts";
import { replicaName } from "./replicas.ts";

export const placeKeys = ["link", "server", "upstream"] as const;

export interface NamedPlace {
  readonly link?: string | readonly string[] | undefined;
  readonly server?: string | undefined;
  readonly upstream?: string | undefined;
  readonly replica?: number | "one" | "all" | undefined;
}

/** A place with the links on which others meet what is broken there. */
export interface BrokenPlace {
  readonly place: FaultPlace;
  readonly links: readonly string[];
}

/** Takes a fault that names one place only, and one that is there. */
export function placesOf(fault: NamedPlace & { readonly kind: string }, links: readonly DeclaredLink[]): BrokenPlace[] {
  const { link, server, upstream, replica, kind } = fault;
  if (link !== undefined) return linksNamed(link, links).map((one) => ({ place: { link: one }, links: [one] }));
  if (upstream !== undefined) {
    const met = links.filter((one) => one.plane === "server-upstream" && one.link === `${one.server}->${upstream}`);
    return [{ place: { upstream }, links: met.map((one) => one.link) }];
  }
  if (server === undefined) return [];
  const found = faultKindNamed(kind);
  const own = found.on === "process" && found.meets === "callers-and-own";
  const number = replica === "one" ? 1 : replica === "all" ? undefined : replica;
  const ownLink = number === undefined ? undefined : `${server}->${replicaName(server, number)}`;
  const met = links.filter(
    (one) =>
      one.server === server &&
      (one.plane === "balancer-replica" ? one.link === (ownLink ?? one.link) : own || one.plane === "agent-server"),
  );
  const place = number === undefined ? { server } : { server, replica: number };
  return [{ place, links: met.map((one) => one.link) }];
}

/**
 * `agents->server` means every group's link to it, `server->server` the balancer's to each of its replicas; the arrow
 * may be drawn either way. Of several names, each link is taken once.
 */
export function linksNamed(name: string | readonly string[], links: readonly DeclaredLink[]): readonly string[] {
  if (typeof name !== "string") return [...new Set(name.flatMap((one) => linksNamed(one, links)))];
  const plain = name.replace(/\s*(?:→|->)\s*/, "->");
  const [, from, server] = /^(.+)->(.+)$/.exec(plain) ?? [];
  const plane = from === "agents" ? "agent-server" : from === server ? "balancer-replica" : undefined;
  return links
    .filter((link) => link.link === plain || (link.plane === plane && link.server === server))
    .map(({ link }) => link);
}
