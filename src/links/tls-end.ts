/**
 * The end of a link that speaks TLS for all of Squall: before it, on this machine alone, everything is plain, so that
 * taps see each request and faults of the protocol have a hold on it.
 *
 *   agent ──▶ tap ──▶ engine's proxy ──▶ (this) ══TLS══▶ server
 */
import { connect, createServer, isIP, type Socket } from "node:net";
import { connect as connectSecurely, type TLSSocket } from "node:tls";
import { tlsOptionsOf, type Trust } from "../certificates.ts";
import type { Address } from "../engines/engine.ts";
import { hostNamed } from "./host-name.ts";
import { closingOf, listenHere } from "./listening.ts";
import { reset } from "./parting.ts";

export interface TlsEnd {
  readonly address: Address;
  close(): Promise<void>;
}

export interface TlsEndOptions {
  readonly to: Address;
  readonly trust: Trust;
  /** What requests name as their host: many a server chooses by it, and callers know only our own addresses. */
  readonly host: string;
}

export async function openTlsEnd({ to, trust, host }: TlsEndOptions): Promise<TlsEnd> {
  const live = new Set<Socket>();
  const options = tlsOptionsOf(trust);
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const raw = connect({ ...to, allowHalfOpen: true, noDelay: true });
    const far = connectSecurely({ ...options, ...nameOf(to, trust), socket: raw, ALPNProtocols: ["http/1.1"] });
    live.add(near);
    near.once("close", () => live.delete(near));
    join({ near, far, raw, host });
  });
  const address = await listenHere(server);
  const close = closingOf(server, () => {
    for (const near of live) near.destroy();
  });
  return { address, close };
}

/** Addresses have no names to send; what the scenario says comes first. */
function nameOf({ host }: Address, { servername }: Trust): { readonly servername?: string } {
  if (servername !== undefined || isIP(host) !== 0) return {};
  return { servername: host };
}

interface Joined {
  readonly near: Socket;
  readonly far: TLSSocket;
  /** What carries the far one. */
  readonly raw: Socket;
  readonly host: string;
}

/** Ends go over as ends, and what breaks on one side is reset on the other. */
function join({ near, far, raw, host }: Joined): void {
  near.pipe(hostNamed(host)).pipe(far);
  far.pipe(near);
  const breakNear = (): void => reset(near);
  // Where no TLS came about the caller is told as by a server that is not there.
  far.on("error", breakNear);
  raw.on("error", breakNear);
  far.once("close", () => (near.writableFinished ? near.destroySoon() : breakNear()));
  near.on("error", () => reset(raw));
  near.once("close", () => far.destroy());
}
