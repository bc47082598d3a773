/** Which revision is spoken in the sessions of each agent: what its attempts from then on are in. */
import type { SessionEvent } from "./events.ts";
import { isProtocolVersion, type ProtocolVersion } from "./protocol.ts";

export interface Spoken {
  readonly on: (event: SessionEvent) => void;
  /** Undefined where no session with it has been opened. */
  readonly with: (server: string) => ProtocolVersion | undefined;
}

/** What is spoken with a server is found out once and the same for all agents, so the last session tells. */
export function followSpoken(): Spoken {
  const spoken = new Map<string, ProtocolVersion>();
  return {
    on: ({ edge, server, protocolVersion }) => {
      if (edge === "opened" && isProtocolVersion(protocolVersion)) spoken.set(server, protocolVersion);
    },
    with: (server) => spoken.get(server),
  };
}
