/** The links of a scenario. */
import type { DeclaredLink } from "../history/declared.ts";
import { eachLinkOnce, type MappedEgress } from "./egress.ts";
import { replicaLinks } from "./replicas.ts";
import type { ScenarioServer, ScenarioUpstream } from "./resolve.ts";

export function linksOf(
  groups: readonly { readonly name: string; readonly steps: readonly { readonly server: string }[] }[],
  servers: readonly (Pick<ScenarioServer, "name" | "transport" | "direct" | "upstreams" | "toldLinks" | "replicas"> &
    MappedEgress)[],
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
  const ofServers = servers.flatMap(({ name, upstreams: of, toldLinks, egress }) =>
    eachLinkOnce([...of, ...toldLinks, ...(egress?.hosts ?? [])]).map(({ link, upstream }) => ({
      link,
      plane: "server-upstream" as const,
      server: name,
      protocol: protocols.get(upstream) ?? ("http" as const),
    })),
  );
  return [...ofAgents, ...servers.flatMap(replicaLinks), ...ofServers];
}
