/** Addresses of targets: what their schemes say of the protocol, and what of them may be loaded and broken. */
import { isLoopback } from "../history/destination.ts";
import { portOf } from "../history/well-known-ports.ts";
import type { Finding } from "./mistakes.ts";
import { variableFindings } from "./settings.ts";
import { isMap, mapAt } from "./survey.ts";
import type { Surroundings } from "./targets.ts";
import { partsIn, renderText } from "./template.ts";

/** An upstream that does not say what it speaks speaks what its address says. */
export function withProtocols(raw: unknown, env: Surroundings["env"]): unknown {
  if (!isMap(raw) || !isMap(raw["upstreams"])) return raw;
  const upstreams = Object.entries(raw["upstreams"]).map(([name, upstream]) => {
    const { url, protocol } = mapAt(upstream);
    if (!isMap(upstream) || typeof url !== "string" || protocol !== undefined) return [name, upstream] as const;
    const scheme = urlIn(url, env)?.protocol ?? "http:";
    return [name, scheme === "http:" ? upstream : { ...upstream, protocol: "tcp" }] as const;
  });
  return { ...raw, upstreams: Object.fromEntries(upstreams) };
}

interface UrlAt {
  readonly path: Finding["path"];
  readonly url: string;
  /** Whether Squall starts what answers there. */
  readonly started: boolean;
  readonly role: "server" | "upstream";
  readonly speaks: "http" | "tcp";
}

export function urlFindings(at: UrlAt, surroundings: Surroundings): Finding[] {
  const { path, url, started, role } = at;
  const { env, allowHosts } = surroundings;
  // A variable that is not set is told as such; what the URL would be with it nobody knows.
  if (partsIn(url).some(({ part }) => part.is === "env" && variableFindings([], part, env).length > 0)) return [];
  if (!started && url.includes("${port}"))
    return [{ path, says: "${port} is only for what Squall starts", hint: "name the port it listens on" }];
  const parsed = urlIn(url, env);
  const hostname = parsed?.hostname ?? "";
  if (parsed === undefined || hostname === "") {
    const example = role === "server" ? "http://127.0.0.1:3001/mcp" : "postgres://user@127.0.0.1:5432/app";
    const says = `expected a URL such as "${example}", got "${withoutPassword(url)}"`;
    return [{ path, says, ...(url.includes(",") ? { hint: "a link leads to one host: an upstream for each" } : {}) }];
  }
  const odd = schemeFinding(at, parsed);
  if (odd !== undefined) return [odd];
  const host = hostname.toLowerCase().replace(/^\[(.*)\]$/, "$1");
  if (isLoopback(host)) return [];
  if (allowHosts.some((allowed) => allowed.toLowerCase() === host)) return [];
  return [
    {
      path,
      says: `${host} is not on this machine: only loopback may be loaded and broken`,
      hint: `if it is yours to break: --allow-host ${host}`,
    },
  ];
}

function schemeFinding({ path, url, role, speaks }: UrlAt, parsed: URL): Finding | undefined {
  const isHttp = /^https?:$/.test(parsed.protocol);
  const given = withoutPassword(url);
  if (role === "server" && !isHttp) return { path, says: `expected an http URL, got "${given}"` };
  if (role === "upstream" && speaks === "http" && parsed.protocol !== "http:") {
    const says = isHttp ? "TLS passes unread, so its requests cannot be" : `expected an http URL, got "${given}"`;
    return { path, says, hint: "leave out protocol: then it is tcp" };
  }
  if (portOf(parsed) !== undefined) return undefined;
  return { path, says: `expected a port, as in "tcp://127.0.0.1:5432", got "${given}"` };
}

function urlIn(text: string, env: Surroundings["env"]): URL | undefined {
  return URL.parse(renderText(text, env).replaceAll("${port}", "1")) ?? undefined;
}

function withoutPassword(url: string): string {
  return url.replace(/(\/\/[^/:@\s]*):[^/@\s]*@/, "$1:***@");
}
