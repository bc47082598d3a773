/** Which revisions may be spoken with a server, and how a session in them begins. */
import { isSessionless, protocolVersions, type ProtocolVersion } from "../history/protocol.ts";

export interface Dialect {
  readonly versions: readonly ProtocolVersion[];
  /** Unknown: it is found out with the server, which costs requests. */
  readonly begins: Beginning | "unknown";
}

/**
 * `initialize`: by that request, which negotiates a revision; `event-stream`: the same, but all answers come over one
 * stream that is opened first (HTTP+SSE). `at-once`: there are no sessions, so nothing is opened; `discover`: the same,
 * once the server has said that it speaks so.
 */
export type Beginning = "initialize" | "event-stream" | "discover" | "at-once";

const negotiable = protocolVersions.filter((version) => !isSessionless(version));

/** HTTP+SSE, the only way of 2024-11-05 over HTTP. Newer clients keep to it and agree on newer messages all the same. */
export const eventStreamDialect: Dialect = { versions: [...negotiable].reverse(), begins: "event-stream" };

/** Whatever `initialize` can negotiate. */
export const usualDialect: Dialect = { versions: negotiable, begins: "initialize" };

export const sessionless = "2026-07-28" satisfies ProtocolVersion;

/** What a scenario says of a server: a revision, or that it is to be found out. */
export function dialectOf(protocol: "auto" | ProtocolVersion, transport: "http" | "stdio" = "http"): Dialect {
  if (protocol === "auto") return { versions: protocolVersions, begins: "unknown" };
  if (protocol === "2024-11-05" && transport === "http") return eventStreamDialect;
  return { versions: [protocol], begins: isSessionless(protocol) ? "discover" : "initialize" };
}

/** The same for further sessions, once one has been opened: what began so begins so again. */
export function learned({ versions }: Dialect, { begins = "initialize" }: { readonly begins?: Beginning }): Dialect {
  if (begins === "event-stream") return eventStreamDialect;
  const fitting = versions.filter((version) => isSessionless(version) === (begins !== "initialize"));
  return { versions: fitting, begins };
}
