/** What of a plan can hold up the work behind a server, where the requests of that work can be told apart. */
import type { Declared, DeclaredFault } from "../history/declared.ts";

/** By link to an upstream: its server. */
export function watchedLinks(declared: Declared): Map<string, string> {
  const links = declared.links.filter(({ plane, protocol }) => plane === "server-upstream" && protocol === "http");
  return new Map(links.map(({ link, server }) => [link, server]));
}

/** A link that is shut tells its callers at once: that is how these two heal without dropping any connection. */
export function mayStall({ kind, healForm }: DeclaredFault): boolean {
  // What has ended refuses, and holds nobody up.
  return healForm !== "start-again" && !((kind === "egress-block" || kind === "flap") && healForm === "let-through");
}
