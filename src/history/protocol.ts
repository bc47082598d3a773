/** The revisions of MCP, the newest first, and what of a run depends on which of them is spoken. */
export const protocolVersions = ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] as const;
export type ProtocolVersion = (typeof protocolVersions)[number];

/** From here on nobody opens a session: each request says itself who asks, and in which revision. */
const sessionlessSince: ProtocolVersion = "2026-07-28";

export function isSessionless(version: ProtocolVersion): boolean {
  return version >= sessionlessSince;
}

/**
 * What a caller means that drops the connection of a call: from 2026-07-28 on over HTTP that it wants the call stopped;
 * before, and wherever all calls share one pipe, nothing.
 */
export function disconnectCancels(version: ProtocolVersion, transport: "http" | "stdio"): boolean {
  return transport === "http" && isSessionless(version);
}

export function isProtocolVersion(value: unknown): value is ProtocolVersion {
  return protocolVersions.some((version) => version === value);
}
