/**
 * The egress gateway of a server: a forward proxy of ours, for servers whose upstreams' addresses cannot be set. Hosts
 * that the scenario maps lead to links, where all is seen and broken as on any other; TLS passes through unread.
 *
 *   server ──▶ gateway ──▶ link (tap ──▶ engine's proxy ──▶ upstream)
 *              └ other destinations: recorded; refused, unless they are on this machine or allowed
 */
import { createServer } from "node:net";
import type { Address } from "../../engines/engine.ts";
import { destinationSaid, isLoopback, type Destination } from "../../history/destination.ts";
import type { Recorder } from "../../history/events.ts";
import type { World } from "../../world.ts";
import { closingOf, listenHere } from "../listening.ts";
import { GatewayConnection, type Route } from "./gateway-connection.ts";

export interface GatewayOptions {
  readonly server: string;
  /** `host:port` → where its link begins. */
  readonly links: ReadonlyMap<string, Address>;
  /** Where the server was sent by us in other ways, as `host:port`. */
  readonly own: ReadonlySet<string>;
  /** What happens to other destinations that are not on this machine. */
  readonly unexpected: "refuse" | "allow";
  /** Those of them that a person has named. */
  readonly allowHosts: readonly string[];
  readonly recorder: Pick<Recorder, "record">;
  readonly world: World;
}

export interface Gateway {
  readonly address: Address;
  close(): Promise<void>;
}

export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const { world } = options;
  const live = new Set<GatewayConnection>();
  const context = { route: (to: Destination) => routeTo(to, options), world };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (caller) => {
    const connection: GatewayConnection = new GatewayConnection(caller, context, () => live.delete(connection));
    live.add(connection);
  });
  const address = await listenHere(server);
  const close = closingOf(server, () => {
    for (const connection of live) connection.close();
  });
  return { address, close };
}

function routeTo(to: Destination, options: GatewayOptions): Route {
  const { server, links, own, unexpected, allowHosts, recorder } = options;
  const destination = destinationSaid(to);
  const at = links.get(destination);
  if (at !== undefined) return { is: "link", at };
  if (own.has(destination)) return { is: "open" };
  const passed =
    unexpected === "allow" || isLoopback(to.host) || allowHosts.some((allowed) => allowed.toLowerCase() === to.host);
  recorder.record({ type: "egress", server, destination, passed });
  if (passed) return { is: "open" };
  const says = `${destination} is no destination of this run; name it in servers.${server}.egress.hosts`;
  return { is: "refused", says: `${says}, or let it through with --allow-host ${to.host} or unexpected: allow` };
}
