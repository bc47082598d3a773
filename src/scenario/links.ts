/** The links of a scenario, and those that a name stands for. */
import type { DeclaredLink } from "../history/declared.ts";
import { replicaLinks } from "./replicas.ts";
import type { ScenarioServer, ScenarioUpstream } from "./resolve.ts";

/**
 * `agents->server` means every group's link to it, `server->server` the balancer's to each of its replicas; the arrow
 * may be drawn either way.
 */
export function linksNamed(name: string, links: readonly DeclaredLink[]): readonly string[] {
  const plain = name.replace(/\s*(?:→|->)\s*/, "->");
  const [, from, server] = /^(.+)->(.+)$/.exec(plain) ?? [];
  const plane = from === "agents" ? "agent-server" : from === server ? "balancer-replica" : undefined;
  return links
    .filter((link) => link.link === plain || (link.plane === plane && link.server === server))
    .map(({ link }) => link);
}

export function linksOf(
  groups: readonly { readonly name: string; readonly steps: readonly { readonly server: string }[] }[],
  servers: readonly Pick<ScenarioServer, "name" | "transport" | "direct" | "upstreams" | "replicas">[],
  upstreams: readonly Pick<ScenarioUpstream, "name" | "protocol">[],
): DeclaredLink[] {
  const isStdio = new Set(servers.filter(({ transport }) => transport === "stdio").map((server) => server.name));
  const isDirect = new Set(servers.filter(({ direct }) => direct).map((server) => server.name));
  const protocols = new Map(upstreams.map((upstream) => [upstream.name, upstream.protocol]));
  const ofAgents = groups.flatMap(({ name, steps }) =>
    [...new Set(steps.map(({ server }) => server))]
      .filter((server) => !isDirect.has(server))
      .map((server) => ({
        link: `${name}@${server}`,
        plane: "agent-server" as const,
        server,
        protocol: isStdio.has(server) ? ("stdio" as const) : ("mcp" as const),
      })),
  );
  const ofServers = servers.flatMap(({ name, upstreams: of }) =>
    of.map(({ link, upstream }) => ({
      link,
      plane: "server-upstream" as const,
      server: name,
      protocol: protocols.get(upstream) ?? ("http" as const),
    })),
  );
  return [...ofAgents, ...servers.flatMap(replicaLinks), ...ofServers];
}
