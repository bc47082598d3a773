/** The egress gateway of a server, for upstreams whose address it cannot be told: its keys, what they mean, their mistakes. */
import { z } from "zod";
import type { DeclaredServer } from "../history/declared.ts";
import { destinationIn, destinationSaid } from "../history/destination.ts";
import { suggest, type Finding } from "./mistakes.ts";
import type { Scenario } from "./resolve.ts";
import type { Survey, SurveyedServer } from "./survey.ts";

export interface ScenarioEgress {
  /** Which link each destination leads to. */
  readonly hosts: readonly EgressHost[];
  readonly unexpected: "refuse" | "allow";
  /** Let through all the same: a person has named them. */
  readonly allowHosts: readonly string[];
}

export interface EgressHost {
  /** `host:port`, in lower case. */
  readonly destination: string;
  readonly upstream: string;
  readonly link: string;
}

/** What there is to know of a server's links. */
export interface MappedEgress {
  readonly egress?: Pick<ScenarioEgress, "hosts">;
}

export const egressSchema = z.strictObject({
  hosts: z
    .record(z.string(), z.string())
    .default({})
    .describe('"host:port" → upstream: what the server sends there goes over the link to that upstream'),
  unexpected: z
    .enum(["refuse", "allow"])
    .default("refuse")
    .describe("what else it asks for, other than this machine: refused with 403, or let through; listed either way"),
});

export function egressOf(
  server: string,
  egress: z.output<typeof egressSchema> | undefined,
): { readonly egress?: ScenarioEgress } {
  if (egress === undefined) return {};
  return { egress: { ...egress, hosts: egressHosts(server, Object.entries(egress.hosts)), allowHosts: [] } };
}

export function allowingHosts(scenario: Scenario, allowHosts: readonly string[]): Scenario {
  const servers = scenario.servers.map(({ egress, ...server }) =>
    egress === undefined ? server : { ...server, egress: { ...egress, allowHosts } },
  );
  return { ...scenario, servers, allowHosts };
}

/** As far as hosts and upstreams could be read. */
export function egressHosts(server: string, hosts: Iterable<readonly [string, string]>): EgressHost[] {
  return [...hosts].map(([host, upstream]) => {
    const destination = destinationIn(host);
    return {
      destination: destination === undefined ? host : destinationSaid(destination),
      upstream,
      link: `${server}->${upstream}`,
    };
  });
}

/** Each link once, however many hosts, variables and texts lead to it. */
export function eachLinkOnce<Leading extends { readonly link: string }>(leading: readonly Leading[]): Leading[] {
  return [...new Map(leading.map((one) => [one.link, one])).values()];
}

export function declaredEgress({ egress }: MappedEgress): Pick<DeclaredServer, "egress"> {
  if (egress === undefined) return {};
  const links = eachLinkOnce(egress.hosts).map(({ link }) => ({
    link,
    hosts: egress.hosts.filter((host) => host.link === link).map(({ destination }) => destination),
  }));
  return { egress: links };
}

/** What tells a server of its proxy, in the spelling of everybody who looks. */
export function egressVariables(proxy: string, hosts: readonly EgressHost[]): Record<string, string> {
  const mapped = new Set(hosts.map(({ destination }) => destinationIn(destination)?.host));
  // What is on this machine has links of its own, unless it is mapped.
  const straight = ["localhost", "127.0.0.1", "::1"].filter((host) => !mapped.has(host)).join(",");
  return {
    HTTP_PROXY: proxy,
    http_proxy: proxy,
    HTTPS_PROXY: proxy,
    https_proxy: proxy,
    NO_PROXY: straight,
    no_proxy: straight,
    NODE_USE_ENV_PROXY: "1",
  };
}

const tlsPort = 443;

export function egressFindings(
  { path, value, upstreams: wiring, egress }: SurveyedServer,
  surveyed: Survey,
): Finding[] {
  const at = [...path, "egress"];
  const found: Finding[] = [];
  if (value?.egress !== undefined) {
    if (value.url !== undefined && value.command === undefined) {
      const says = "is of no use: Squall does not start what runs already, so cannot tell it of a proxy";
      found.push({ path: at, atKey: true, says, hint: "give its command, so that Squall starts it; or take it away" });
    }
    const taken = Object.keys(egressVariables("", []));
    for (const name of Object.keys({ ...value.env, ...value.upstreams })) {
      if (!taken.includes(name)) continue;
      const of = value.env?.[name] === undefined ? "upstreams" : "env";
      const says = "leads to the egress gateway already";
      found.push({ path: [...path, of, name], atKey: true, says, hint: "take it away, or take egress away" });
    }
  }
  const names = surveyed.upstreams.map(({ name }) => name);
  for (const [index, { written, destination, upstream }] of egress.entries()) {
    const here = [...at, "hosts", written];
    const parsed = destinationIn(written);
    const known = surveyed.upstreams.find(({ name }) => name === upstream);
    const twice = egress.slice(0, index).find((other) => other.destination === destination);
    const told = wiring.find((other) => other.upstream === upstream);
    if (parsed === undefined) {
      const hint = `for example "${/^[\w.-]+$/.test(written) ? written : "api.example.com"}:443"`;
      found.push({ path: here, atKey: true, says: `expected a host and its port, got "${written}"`, hint });
    } else if (twice !== undefined) {
      found.push({ path: here, atKey: true, says: `is the same destination as "${twice.written}"` });
    }
    if (known === undefined) {
      found.push({ path: here, says: `there is no upstream "${upstream}"`, hint: suggest(upstream, names) });
    } else if (told !== undefined) {
      const says = `${told.variable} leads to ${upstream} already, and a server has one link to an upstream`;
      found.push({ path: here, says });
    } else if (
      known.value !== undefined &&
      known.value.protocol !== "tcp" &&
      (parsed?.port === tlsPort || /^https:/i.test(known.value.url ?? ""))
    ) {
      const says = `TLS passes unread, and ${upstream} is an upstream whose requests are read`;
      found.push({ path: here, says, hint: `say protocol: tcp in upstreams.${upstream}` });
    }
  }
  return found;
}
