/** What a target is: exactly one of a fixture, a command with its URL, or a URL; and whether it may be touched at all. */
import { urlFindings } from "./addresses.ts";
import { egressFindings } from "./egress.ts";
import type { Finding } from "./mistakes.ts";
import { suggest } from "./mistakes.ts";
import { replicaFindings } from "./replicas.ts";
import type { ScenarioOutput } from "./schema.ts";
import type { Entry, Survey, SurveyedServer } from "./survey.ts";
import { wiringFindings } from "./server-calls.ts";
import { settingFindings } from "./settings.ts";
import { toldFindings } from "./told.ts";
import { partsIn } from "./template.ts";
import { tlsFindings } from "./tls.ts";

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
    ...servers.flatMap((server) => serverFindings(server, surveyed, surroundings)),
    ...servers.flatMap((server) => egressFindings(server, surveyed)),
    ...servers.flatMap((server) => toldFindings(server, surveyed)),
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
    const speaks = "transport" in value ? "http" : (value.protocol ?? "http");
    const at = [...path, "url"];
    found.push(...urlFindings({ path: at, url, started: command !== undefined, role, speaks }, surroundings));
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

function serverFindings(server: SurveyedServer, surveyed: Survey, { fixtures }: Surroundings): Finding[] {
  const { path, value } = server;
  const found = wiringFindings(server, surveyed);
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
  if (value.url !== undefined && value.command === undefined && value.files !== undefined) {
    const says = "are of no use: Squall does not start what runs already";
    found.push({ path: [...path, "files"], atKey: true, says });
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
