/** Servers that call servers: whose calls lead to whom. */
import type { DeclaredLink } from "../history/declared.ts";

type Links = readonly Pick<DeclaredLink, "link" | "plane" | "server">[];

/** What a link to an upstream leads to: an upstream, or another server. */
export function calleeOf({ link, server }: Pick<DeclaredLink, "link" | "server">): string {
  return link.slice(`${server}->`.length);
}

/** The server itself, and all that call it, over any number of others. */
export function callersOf(server: string, links: Links): readonly string[] {
  const found = new Set([server]);
  // A set that grows while it is walked is walked to its new end.
  for (const callee of found) {
    for (const link of links) {
      if (link.plane === "server-upstream" && calleeOf(link) === callee) found.add(link.server);
    }
  }
  return [...found];
}
