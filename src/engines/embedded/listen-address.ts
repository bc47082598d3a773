/** Listen addresses as Go reads and writes them: clients compare these strings. */
import { lookup } from "node:dns/promises";
import { isIP, isIPv6, type Server } from "node:net";

export interface ListenAddress {
  /** Empty for every interface. */
  readonly host: string;
  readonly port: number;
}

/** Throws with the words that the real server would answer. */
export function parseListen(text: string): ListenAddress {
  if (text === "") return { host: "", port: 0 };
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:]*)):(\d*)$/.exec(text) ?? [];
  if (digits === undefined) {
    const says = text.includes(":") && !text.endsWith("]") ? "too many colons in address" : "missing port in address";
    throw new Error(`address ${text}: ${says}`);
  }
  const port = Number(digits);
  if (port > 65_535) throw new Error(`address ${digits}: invalid port`);
  return { host: bracketed ?? plain ?? "", port };
}

/** Names become addresses, IPv4 before IPv6. */
export async function resolveListen({ host, port }: ListenAddress): Promise<ListenAddress> {
  if (host === "" || isIP(host) !== 0) return { host, port };
  const { address } = await lookup(host, { order: "ipv4first" });
  return { host: address, port };
}

export function formatListen({ host, port }: ListenAddress): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Where a server listens that was told to. */
export function listeningAt(server: Server): ListenAddress {
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("the server does not listen on TCP");
  return { host: bound.address, port: bound.port };
}
