/** Which revisions may be spoken with a server, and how a session in them begins. */
import { isSessionless, protocolVersions, type ProtocolVersion } from "../history/protocol.ts";

export interface Dialect {
  readonly versions: readonly ProtocolVersion[];
  /** Unknown: it is found out with the server, which costs requests. */
  readonly begins: Beginning | "unknown";
}

/**
 * `initialize`: by that request, which negotiates a revision. `at-once`: there are no sessions, so nothing is opened;
 * `discover`: the same, once the server has said that it speaks so.
 */
export type Beginning = "initialize" | "discover" | "at-once";

const negotiable = protocolVersions.filter((version) => !isSessionless(version));

/** Whatever `initialize` can negotiate. */
export const usualDialect: Dialect = { versions: negotiable, begins: "initialize" };

export const sessionless = "2026-07-28" satisfies ProtocolVersion;

/** What a scenario says of a server: a revision, or that it is to be found out. */
export function dialectOf(protocol: "auto" | ProtocolVersion): Dialect {
  if (protocol === "auto") return { versions: protocolVersions, begins: "unknown" };
  return { versions: [protocol], begins: isSessionless(protocol) ? "discover" : "initialize" };
}

/** The same for further sessions, once one has been opened: what began so begins so again. */
export function learned({ versions }: Dialect, { begins = "initialize" }: { readonly begins?: Beginning }): Dialect {
  const fitting = versions.filter((version) => isSessionless(version) === (begins !== "initialize"));
  return { versions: fitting, begins };
}
