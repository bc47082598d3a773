/** A server that runs as several replicas: each process with a link to it, and the balancer that agents come to. */
import type { Address } from "../engines/engine.ts";
import { portOf } from "../history/well-known-ports.ts";
import { openBalancer } from "../links/balancer.ts";
import type { ScenarioServer } from "../scenario/resolve.ts";
import type { Herd } from "../targets/herd.ts";
import type { ProcessFaults } from "../targets/process-faults.ts";
import { replicaFaults } from "../targets/replica-faults.ts";
import type { OnHerd, OpenLinkTo, StageOptions } from "./stage.ts";

export interface ReplicaEntry {
  /** Where agents find it. */
  readonly balanced: URL;
  /** The same past every link, where sessions always stay with their replica. */
  readonly straight: URL;
}

interface Doing {
  /** Tells of its processes before it answers where the replica listens. */
  readonly start: (replica: number, onHerd: OnHerd) => Promise<URL>;
  readonly openLinkTo: OpenLinkTo;
  readonly onHerd: OnHerd;
  /** Told of what faults may do to all of them together. */
  readonly onReplicas: (faults: ProcessFaults) => void;
}

interface Opened {
  readonly name: string;
  readonly url: URL;
  readonly at: Address;
  readonly way: Awaited<ReturnType<OpenLinkTo>>;
  readonly herd: Herd;
}

export async function openReplicas(
  { closing, onStep, world }: StageOptions,
  { name, replicas }: ScenarioServer,
  { start, openLinkTo, onHerd, onReplicas }: Doing,
): Promise<ReplicaEntry> {
  const members: Opened[] = [];
  for (const [index, { name: replica, link }] of (replicas?.each ?? []).entries()) {
    onStep(`starting ${replica}`);
    let herd: Herd | undefined;
    const url = await start(index + 1, (place, started) => {
      herd = started;
      onHerd(place, started);
    });
    if (herd === undefined) throw new Error(`${replica} was not started by this run`);
    members.push({ name: replica, url, at: addressOf(url), way: await openLinkTo(link, url, "mcp"), herd });
  }
  const [first] = members;
  if (replicas === undefined || first === undefined) throw new Error(`${name} has no replicas`);

  const balancer = await openBalancer({ server: name, balance: replicas.balance, replicas: members });
  closing.defer(`the balancer of ${name}`, () => balancer.close());
  const unseen = await openBalancer({
    server: name,
    balance: "sticky",
    replicas: members.map((member) => ({ ...member, way: { address: member.at, refuses: false } })),
  });
  closing.defer(`the way past the links of ${name}`, () => unseen.close());
  const toBreak = members.map(({ name: replica, url, herd }) => {
    return { herd, url, drain: () => balancer.drain(replica) };
  });
  onReplicas(replicaFaults(name, toBreak, world));
  return { balanced: seenThrough(first.url, balancer), straight: seenThrough(first.url, unseen) };
}

export function addressOf(url: URL): Address {
  const port = portOf(url);
  if (port === undefined) throw new Error(`${url.protocol}//${url.host} has no port`);
  return { host: url.hostname, port };
}

export function seenThrough(callee: URL, { address }: { readonly address: Address }): URL {
  const through = new URL(callee);
  through.hostname = address.host;
  through.port = String(address.port);
  return through;
}
