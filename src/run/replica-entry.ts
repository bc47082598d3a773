/** A server that runs as several replicas: each process with a link to it, and the balancer that agents come to. */
import type { Address } from "../engines/engine.ts";
import { openBalancer, type Balancer } from "../links/balancer.ts";
import type { ScenarioServer } from "../scenario/resolve.ts";
import type { OpenLinkTo, StageOptions } from "./stage.ts";

export interface ReplicaEntry {
  /** Where agents find it. */
  readonly balanced: URL;
  /** The same past every link, where sessions always stay with their replica. */
  readonly straight: URL;
  readonly balancer: Balancer;
}

export async function openReplicas(
  { closing, onStep }: StageOptions,
  { name, replicas }: ScenarioServer,
  doing: { readonly start: (replica: number) => Promise<URL>; readonly openLinkTo: OpenLinkTo },
): Promise<ReplicaEntry> {
  if (replicas === undefined) throw new Error(`${name} has no replicas`);
  const opened: { readonly url: URL; readonly name: string; readonly way: Awaited<ReturnType<OpenLinkTo>> }[] = [];
  for (const [index, { name: replica, link }] of replicas.each.entries()) {
    onStep(`starting ${replica}`);
    const url = await doing.start(index + 1);
    opened.push({ url, name: replica, way: await doing.openLinkTo(link, url, "mcp") });
  }
  const members = opened.map((replica) => ({ ...replica, at: addressOf(replica.url) }));
  const balancer = await openBalancer({ server: name, balance: replicas.balance, replicas: members });
  closing.defer(`the balancer of ${name}`, () => balancer.close());
  const unseen = await openBalancer({
    server: name,
    balance: "sticky",
    replicas: members.map((member) => ({ ...member, way: { address: member.at, refuses: false } })),
  });
  closing.defer(`the way past the links of ${name}`, () => unseen.close());
  const [first] = opened;
  if (first === undefined) throw new Error(`${name} has no replicas`);
  return { balanced: seenThrough(first.url, balancer), straight: seenThrough(first.url, unseen), balancer };
}

export function addressOf({ protocol, hostname, port }: URL): Address {
  return { host: hostname, port: Number(port) || (protocol === "https:" ? 443 : 80) };
}

export function seenThrough(callee: URL, { address }: { readonly address: Address }): URL {
  const through = new URL(callee);
  through.hostname = address.host;
  through.port = String(address.port);
  return through;
}
