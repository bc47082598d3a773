/** What a target is: exactly one of a fixture, a command with its URL, or a URL; and whether it may be touched at all. */
import { isLoopback } from "../history/destination.ts";
import { egressFindings } from "./egress.ts";
import type { Finding } from "./mistakes.ts";
import { suggest } from "./mistakes.ts";
import { replicaFindings } from "./replicas.ts";
import type { ScenarioOutput } from "./schema.ts";
import type { Entry, Survey, SurveyedServer } from "./survey.ts";
import { tlsFindings } from "./tls.ts";
import { partsIn, renderText, type Part } from "./template.ts";

/** What a fixture is to a scenario. */
export interface KnownFixture {
  readonly name: string;
  readonly role: "server" | "upstream";
  readonly defects: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly ledger?: string;
}

/** What lies outside the scenario but decides whether it is right. */
export interface Surroundings {
  readonly fixtures: readonly KnownFixture[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly allowHosts: readonly string[];
  /** The names in the file of an MCP client, where one was given. */
  readonly configured?: readonly string[];
}

type Target = ScenarioOutput["upstreams"][string] | ScenarioOutput["servers"][string];

export function targetFindings(surveyed: Survey, surroundings: Surroundings): Finding[] {
  const { servers, upstreams } = surveyed;
  return [
    ...upstreams.flatMap((upstream) => oneTargetFindings(upstream, "upstream", surroundings)),
    ...servers.flatMap((server) => oneTargetFindings(server, "server", surroundings)),
    ...servers.flatMap((server) => serverFindings(server, upstreams, surroundings)),
    ...servers.flatMap((server) => egressFindings(server, surveyed)),
  ];
}

function oneTargetFindings(
  { path, value }: Entry<Target>,
  role: "server" | "upstream",
  surroundings: Surroundings,
): Finding[] {
  if (value === undefined) return [];
  const { fixture, command, url, env = {} } = value;
  const found = [...settingFindings(value, path, surroundings)];
  if ("config" in value && value.config !== undefined) return found;
  if ("args" in value && value.args !== undefined) {
    const says = "are for a server from the file of an MCP client; elsewhere arguments stand in command";
    found.push({ path: [...path, "args"], atKey: true, says });
  }
  if ("transport" in value && value.transport === "stdio") {
    return [...found, ...stdioFindings({ path, value }, surroundings)];
  }
  if (fixture === undefined && command === undefined && url === undefined) {
    found.push({ path, ...nowhere(role, surroundings) });
  } else if (fixture !== undefined && (command !== undefined || url !== undefined)) {
    found.push({
      path,
      says: "is a fixture and something else at once",
      hint: "keep either fixture, or command and url",
    });
  } else if (command !== undefined && url === undefined) {
    const hint = role === "server" ? "http://127.0.0.1:${port}/mcp" : "http://127.0.0.1:${port}";
    found.push({
      path,
      says: "has a command, but no url that tells where it answers",
      hint: `for example url: "${hint}"`,
    });
  } else if (fixture !== undefined) {
    found.push(...fixtureFindings({ path, fixture, role }, surroundings));
  } else if (url !== undefined) {
    const speaks = "protocol" in value && value.protocol === "tcp" ? "tcp" : "http";
    const at = [...path, "url"];
    found.push(...urlFindings({ path: at, url, started: command !== undefined, speaks }, surroundings));
    if (command === undefined && Object.keys(env).length > 0) {
      found.push({
        path: [...path, "env"],
        atKey: true,
        says: "is of no use: Squall does not start what runs already",
      });
    }
  }
  return found;
}

function nowhere(role: "server" | "upstream", { configured }: Surroundings): Pick<Finding, "says" | "hint"> {
  const says = "expected a fixture, a command with its url, or the url of what runs already";
  if (role === "upstream") return { says };
  if (configured !== undefined) return { says: `${says}; the client's file has no server of this name` };
  return { says, hint: "or take it from the file of an MCP client: --mcp-config .mcp.json" };
}

/** Whoever calls a server over stdio starts it, and it listens nowhere. */
function stdioFindings(
  { path, value }: { readonly path: Finding["path"]; readonly value: Target },
  surroundings: Surroundings,
): Finding[] {
  const { fixture, command, url } = value;
  const found: Finding[] = [];
  if (fixture === undefined && command === undefined) {
    found.push({ path, says: "speaks stdio, so whoever calls it starts it: expected a command or a fixture" });
  } else if (fixture !== undefined && command !== undefined) {
    found.push({ path, says: "is a fixture and something else at once", hint: "keep either fixture or command" });
  } else if (fixture !== undefined) found.push(...fixtureFindings({ path, fixture, role: "server" }, surroundings));
  if (url !== undefined) {
    const says = "is of no use: a server that speaks stdio answers at no address";
    found.push({ path: [...path, "url"], atKey: true, says, hint: "take it away; or say transport: http" });
  }
  if ("direct" in value && value.direct) {
    const says = "is of no use: over stdio there is no network that a tap could be left out of";
    found.push({ path: [...path, "direct"], atKey: true, says, hint: "take it away" });
  }
  if ("headers" in value && value.headers !== undefined) {
    const says = "are of no use: there are no headers over stdio";
    found.push({ path: [...path, "headers"], atKey: true, says, hint: "give it secrets in env" });
  }
  const settings = { command, env: value.env };
  for (const { path: at, part } of partsIn(settings, path)) {
    if (part.is !== "saved" || part.name !== "port") continue;
    found.push({ path: at, says: "${port} is of no use: a server that speaks stdio listens nowhere" });
  }
  return found;
}

function fixtureFindings(
  { path, fixture, role }: { readonly path: Finding["path"]; readonly fixture: string; readonly role: string },
  { fixtures }: Surroundings,
): Finding[] {
  const known = fixtures.find(({ name }) => name === fixture);
  const fitting = fixtures.filter((candidate) => candidate.role === role).map(({ name }) => name);
  const at = [...path, "fixture"];
  if (known === undefined)
    return [{ path: at, says: `there is no fixture "${fixture}"`, hint: suggest(fixture, fitting) }];
  if (known.role === role) return [];
  return [
    {
      path: at,
      says: `"${fixture}" is a fixture for an ${known.role}`.replace("an server", "a server"),
      hint: suggest("", fitting),
    },
  ];
}

interface UrlAt {
  readonly path: Finding["path"];
  readonly url: string;
  /** Whether Squall starts what answers there. */
  readonly started: boolean;
  readonly speaks: "http" | "tcp";
}

function urlFindings({ path, url, started, speaks }: UrlAt, { env, allowHosts }: Surroundings): Finding[] {
  // A variable that is not set is told as such; what the URL would be with it nobody knows.
  if (partsIn(url).some(({ part }) => part.is === "env" && variableFindings([], part, env).length > 0)) return [];
  if (!started && url.includes("${port}"))
    return [{ path, says: "${port} is only for what Squall starts", hint: "name the port it listens on" }];
  const parsed = URL.parse(renderText(url, env).replaceAll("${port}", "1"));
  if (parsed === null || parsed.hostname === "") {
    return [{ path, says: `expected a URL such as "http://127.0.0.1:3001/mcp", got "${url}"` }];
  }
  const isHttp = /^https?:$/.test(parsed.protocol);
  if (speaks === "http" && !isHttp) {
    const hint = "if it is an upstream that speaks something else: protocol: tcp";
    return [{ path, says: `expected an http URL, got "${url}"`, hint }];
  }
  if (!isHttp && parsed.port === "") {
    return [{ path, says: `expected a port, as in "tcp://127.0.0.1:5432", got "${url}"` }];
  }
  const host = parsed.hostname.replace(/^\[(.*)\]$/, "$1");
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

function serverFindings(server: SurveyedServer, upstreams: Survey["upstreams"], { fixtures }: Surroundings): Finding[] {
  const { path, value } = server;
  const found = wiringFindings(server, upstreams);
  if (value === undefined) return found;
  if (value.url !== undefined && value.command === undefined && server.upstreams.length > 0) {
    const says = "cannot be given to a server that runs already: its variables are set by whoever started it";
    found.push({
      path: [...path, "upstreams"],
      atKey: true,
      says,
      hint: "give its command, so that Squall starts it; or take them away",
    });
  }
  if (value.url !== undefined && value.command === undefined && value.restart !== undefined) {
    const says = "is of no use: Squall can only start again what it has started";
    found.push({ path: [...path, "restart"], atKey: true, says });
  }
  return [
    ...found,
    ...tlsFindings(path, value),
    ...replicaFindings(path, value),
    ...defectFindings(path, value, fixtures),
  ];
}

function wiringFindings({ path, upstreams: wiring }: SurveyedServer, upstreams: Survey["upstreams"]): Finding[] {
  const names = upstreams.map(({ name }) => name);
  return wiring.flatMap(({ variable, upstream }, index): Finding[] => {
    const at = [...path, "upstreams", variable];
    if (!names.includes(upstream)) {
      return [{ path: at, says: `there is no upstream "${upstream}"`, hint: suggest(upstream, names) }];
    }
    const earlier = wiring.slice(0, index).find((other) => other.upstream === upstream);
    if (earlier === undefined) return [];
    const says = `${earlier.variable} leads to ${upstream} already, and a server has one link to an upstream`;
    return [{ path: at, says }];
  });
}

function defectFindings(
  path: Finding["path"],
  { fixture, defects }: ScenarioOutput["servers"][string],
  fixtures: Surroundings["fixtures"],
): Finding[] {
  // Of a fixture that nobody knows, nobody knows the defects either.
  if (defects === undefined || (fixture !== undefined && !fixtures.some(({ name }) => name === fixture))) return [];
  const takers = fixtures.filter(takesDefects);
  const known = takers.find(({ name }) => name === fixture)?.defects;
  if (known === undefined) {
    const names = takers.map(({ name }) => name).join(", ");
    return [{ path: [...path, "defects"], atKey: true, says: `can be chosen only for the fixture ${names}` }];
  }
  return defects.flatMap((defect, index) =>
    known.includes(defect)
      ? []
      : [{ path: [...path, "defects", index], says: `there is no defect "${defect}"`, hint: suggest(defect, known) }],
  );
}

/** A fixture that is named for its defects, or for having none, has them fixed. */
function takesDefects({ defects, env }: KnownFixture): boolean {
  return defects.length > 0 && (env["DEFECTS"] ?? "") === "";
}

/** Settings know the environment and `${port}`, nothing else: they are read before any op exists. */
function settingFindings(value: Target, path: Finding["path"], { env }: Surroundings): Finding[] {
  const headers = "headers" in value ? value.headers : undefined;
  const settings = { url: value.url, command: value.command, env: value.env, headers };
  return partsIn(settings, path).flatMap(({ path: at, part }): Finding[] => {
    if (part.is === "text") return [];
    if (part.is === "env") return variableFindings(at, part, env);
    const portFits = at[path.length] !== "headers";
    if (portFits && part.is === "saved" && part.name === "port") return [];
    return [{ path: at, says: `only \${env.NAME}${portFits ? " and ${port}" : ""} may stand here` }];
  });
}

/** A variable that is not set and has no default. */
export function variableFindings(
  path: Finding["path"],
  { name, otherwise }: Extract<Part, { readonly is: "env" }>,
  env: Surroundings["env"],
): Finding[] {
  if (env[name] !== undefined || otherwise !== undefined) return [];
  const hint = `set it, or give a default: \${env.${name}:-value}`;
  return [{ path, says: `the variable ${name} is not set`, hint }];
}
