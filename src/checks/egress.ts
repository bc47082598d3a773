/**
 * What went through the egress gateways, and what did not. A server need not look at its proxy variables; then all that
 * lies behind the gateway was neither broken nor seen, and nothing that stayed well there proves anything.
 */
import type { Declared, DeclaredServer } from "../history/declared.ts";
import type { HistoryEvent } from "../history/events.ts";

export interface UnexpectedDestination {
  readonly server: string;
  /** `host:port` */
  readonly destination: string;
  /** Let through; else refused. */
  readonly passed: boolean;
  readonly requests: number;
}

export interface EgressAccount {
  /** Why what went out of a server was not covered, wholly or in part. */
  readonly notCovered: readonly { readonly check: string; readonly because: string }[];
  /** The links for which that is so, with what to say of the evidence. */
  readonly gaps: readonly { readonly links: readonly string[]; readonly says: string }[];
  /** What servers asked their gateways for and no link leads to. */
  readonly unexpected: readonly UnexpectedDestination[];
  /** Requests to still other ones, for which there was no room. */
  readonly unexpectedMore: number;
}

export interface EgressFold {
  readonly on: (event: HistoryEvent) => void;
  /** Absent where no server has a gateway. */
  readonly end: () => EgressAccount | undefined;
}

export const destinationsMax = 100;

interface Seen {
  connections: number;
  /** Requests that could be read. */
  exchanges: number;
  bytesUp: number;
}

export function followEgress({ servers, links: declaredLinks }: Declared): EgressFold {
  const gateways = servers.filter(({ egress }) => egress !== undefined);
  const seen = new Map<string, Seen>();
  for (const { egress = [] } of gateways) {
    for (const { link } of egress) seen.set(link, { connections: 0, exchanges: 0, bytesUp: 0 });
  }
  const calls = new Map<string, number>();
  const unexpected = new Map<string, UnexpectedDestination & { requests: number }>();
  let unexpectedMore = 0;

  const count = (server: string, destination: string, passed: boolean): void => {
    const key = `${server} ${destination} ${passed}`;
    const known = unexpected.get(key);
    if (known !== undefined) known.requests += 1;
    else if (unexpected.size < destinationsMax) unexpected.set(key, { server, destination, passed, requests: 1 });
    else unexpectedMore += 1;
  };

  const on = (event: HistoryEvent): void => {
    if (gateways.length === 0) return;
    if (event.type === "op-started") calls.set(event.server, (calls.get(event.server) ?? 0) + 1);
    else if (event.type === "egress") count(event.server, event.destination, event.passed);
    else if (event.type === "connection" || event.type === "exchange") {
      const link = seen.get(event.link);
      if (link === undefined) return;
      if (event.type === "exchange") link.exchanges += 1;
      else {
        if (event.edge !== "closed") link.connections += 1;
        link.bytesUp += event.bytesUp ?? 0;
      }
    }
  };

  const isRead = (link: string): boolean => declaredLinks.find((one) => one.link === link)?.protocol === "http";
  const judged = (server: DeclaredServer): Uncovered[] => {
    const { server: name, egress = [] } = server;
    const of = (link: string): Seen => seen.get(link) ?? { connections: 0, exchanges: 0, bytesUp: 0 };
    const unused = egress.filter(({ link }) => of(link).connections === 0);
    const asked = [...unexpected.values()].some((one) => one.server === name);
    if (egress.length === unused.length && !asked) return [unseen(server, calls.get(name) ?? 0)];
    return [
      ...unused.map((one) => unusedLink(name, one)),
      ...egress
        .filter(({ link }) => isRead(link) && of(link).exchanges === 0 && of(link).bytesUp > 0)
        .map(({ link }) => unreadLink(link)),
    ];
  };

  const end = (): EgressAccount | undefined => {
    if (gateways.length === 0) return undefined;
    const uncovered = gateways.flatMap(judged);
    return {
      notCovered: uncovered.map(({ what: check, because }) => ({ check, because })),
      gaps: uncovered.map(({ links, gap: says }) => ({ links, says })),
      unexpected: [...unexpected.values()],
      unexpectedMore,
    };
  };

  return { on, end };
}

interface Uncovered {
  readonly what: string;
  readonly because: string;
  readonly gap: string;
  readonly links: readonly string[];
}

function unseen({ server, egress = [] }: DeclaredServer, calls: number): Uncovered {
  const ignored =
    `${server} never used its gateway in ${calls} ${calls === 1 ? "call" : "calls"}, so it seems not to read HTTP_PROXY and ` +
    "HTTPS_PROXY: Node does from 24.5 and 22.21 on, unless a client has an agent or dispatcher of its own; " +
    "Python's urllib, requests and httpx do; a container must be given them";
  return {
    what: `the egress of ${server}`,
    because: calls === 0 ? `no tool of ${server} was called, and nothing reached its gateway` : ignored,
    gap: `nothing that ${server} sent out came by its egress gateway`,
    links: egress.map(({ link }) => link),
  };
}

function unusedLink(server: string, { link, hosts }: NonNullable<DeclaredServer["egress"]>[number]): Uncovered {
  return {
    what: `the link ${link}`,
    because: `${server} used its gateway, but never for ${hosts.join(" or ")}`,
    gap: `nothing ever connected over ${link}`,
    links: [link],
  };
}

function unreadLink(link: string): Uncovered {
  return {
    what: `the requests on ${link}`,
    because: "what passed was no HTTP that could be read; if it is TLS, say protocol: tcp at its upstream",
    gap: `not one request on ${link} could be read`,
    links: [link],
  };
}
