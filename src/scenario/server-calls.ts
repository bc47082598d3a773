/** Servers that are clients of other servers: whom one may call, and in which order they must be started. */
import { suggest, type Finding } from "./mistakes.ts";
import type { Survey, SurveyedServer } from "./survey.ts";

interface Calling {
  readonly name: string;
  readonly upstreams: readonly { readonly upstream: string }[];
}

/** Each behind all that it calls. Takes servers whose calls never lead back. */
export function calleesFirst<T extends Calling>(servers: readonly T[]): readonly T[] {
  const placed = new Set<T>();
  const place = (server: T): void => {
    if (placed.has(server)) return;
    for (const callee of servers) {
      if (server.upstreams.some(({ upstream }) => upstream === callee.name)) place(callee);
    }
    placed.add(server);
  };
  servers.forEach(place);
  return [...placed];
}

/** What the variables of a server lead to. */
export function wiringFindings({ path, name, upstreams: wiring }: SurveyedServer, surveyed: Survey): Finding[] {
  const { servers } = surveyed;
  const names = [...surveyed.upstreams, ...servers.filter((other) => other.name !== name)].map((one) => one.name);
  return wiring.flatMap(({ variable, upstream }, index): Finding[] => {
    const at = [...path, "upstreams", variable];
    if (upstream !== name && !names.includes(upstream)) {
      return [{ path: at, says: `there is no upstream "${upstream}"`, hint: suggest(upstream, names) }];
    }
    const earlier = wiring.slice(0, index).find((other) => other.upstream === upstream);
    if (earlier !== undefined) {
      const says = `${earlier.variable} leads to ${upstream} already, and a server has one link to an upstream`;
      return [{ path: at, says }];
    }
    const callee = servers.find((other) => other.name === upstream);
    if (callee?.value?.transport === "stdio") {
      const says = `"${upstream}" speaks stdio, so whoever calls it starts it`;
      return [{ path: at, says, hint: "only a server over HTTP can be called over a link" }];
    }
    if (!leadsTo(upstream, name, servers)) return [];
    const says =
      upstream === name ? "would have it call itself" : `"${upstream}" calls ${name}, so neither can start first`;
    return [{ path: at, says }];
  });
}

function leadsTo(from: string, to: string, servers: readonly Calling[]): boolean {
  const reached = new Set([from]);
  for (const name of reached) {
    const calls = servers.find((server) => server.name === name)?.upstreams ?? [];
    for (const { upstream } of calls) reached.add(upstream);
  }
  return reached.has(to);
}
