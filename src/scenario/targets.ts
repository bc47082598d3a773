/** What a target is: exactly one of a fixture, a command with its URL, or a URL; and whether it may be touched at all. */
import type { Finding } from "./mistakes.ts";
import { suggest } from "./mistakes.ts";
import type { ScenarioOutput } from "./schema.ts";
import type { Entry, Survey } from "./survey.ts";
import { partsIn, renderText } from "./template.ts";

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
}

type Target = ScenarioOutput["upstreams"][string] | ScenarioOutput["servers"][string];

export function targetFindings({ servers, upstreams }: Survey, surroundings: Surroundings): Finding[] {
  return [
    ...upstreams.flatMap((upstream) => identityFindings(upstream, "upstream", surroundings)),
    ...servers.flatMap((server) => identityFindings(server, "server", surroundings)),
    ...servers.flatMap((server) => serverFindings(server, upstreams, surroundings)),
  ];
}

function identityFindings(
  { path, value }: Entry<Target>,
  role: "server" | "upstream",
  surroundings: Surroundings,
): Finding[] {
  if (value === undefined) return [];
  const { fixture, command, url, env = {} } = value;
  const found = [...settingFindings(value, path, surroundings)];
  if (fixture === undefined && command === undefined && url === undefined) {
    found.push({ path, says: "expected a fixture, a command with its url, or the url of what runs already" });
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
    found.push(
      ...urlFindings(
        {
          path: [...path, "url"],
          url,
          started: command !== undefined,
          speaks: "protocol" in value ? value.protocol : "http",
        },
        surroundings,
      ),
    );
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

function urlFindings(
  {
    path,
    url,
    started,
    speaks,
  }: {
    readonly path: Finding["path"];
    readonly url: string;
    readonly started: boolean;
    readonly speaks: "http" | "tcp";
  },
  { env, allowHosts }: Surroundings,
): Finding[] {
  const text = renderText(url, env).replaceAll("${port}", "1");
  if (!started && url.includes("${port}"))
    return [{ path, says: "${port} is only for what Squall starts", hint: "name the port it listens on" }];
  if (!URL.canParse(text)) return [{ path, says: `expected a URL such as "http://127.0.0.1:3001/mcp", got "${url}"` }];
  const { hostname, protocol, port } = new URL(text);
  const isHttp = /^https?:$/.test(protocol);
  if (speaks === "http" && !isHttp) {
    const hint = "if it is an upstream that speaks something else: protocol: tcp";
    return [{ path, says: `expected an http URL, got "${url}"`, hint }];
  }
  if (!isHttp && port === "") return [{ path, says: `expected a port, as in "tcp://127.0.0.1:5432", got "${url}"` }];
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  if (host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host) || allowHosts.includes(host))
    return [];
  return [
    {
      path,
      says: `${host} is not on this machine: only loopback may be loaded and broken`,
      hint: `if it is yours to break: --allow-host ${host}`,
    },
  ];
}

function serverFindings(
  { path, value }: Entry<ScenarioOutput["servers"][string]>,
  upstreams: Survey["upstreams"],
  { fixtures }: Surroundings,
): Finding[] {
  if (value === undefined) return [];
  const found: Finding[] = [];
  const names = upstreams.map(({ name }) => name);
  for (const [variable, upstream] of Object.entries(value.upstreams ?? {})) {
    if (names.includes(upstream)) continue;
    found.push({
      path: [...path, "upstreams", variable],
      says: `there is no upstream "${upstream}"`,
      hint: suggest(upstream, names),
    });
  }
  if (value.url !== undefined && value.command === undefined && Object.keys(value.upstreams ?? {}).length > 0) {
    const says = "cannot be given to a server that runs already: its variables are set by whoever started it";
    found.push({ path: [...path, "upstreams"], atKey: true, says, hint: "give its command, so that Squall starts it" });
  }
  const takers = fixtures.filter(takesDefects).map(({ name }) => name);
  const known = fixtures.find(({ name }) => name === value.fixture && takers.includes(name))?.defects ?? [];
  if (value.defects !== undefined && known.length === 0) {
    found.push({
      path: [...path, "defects"],
      atKey: true,
      says: "can be chosen only for the fixture " + takers.join(", "),
    });
  } else {
    for (const [index, defect] of (value.defects ?? []).entries()) {
      if (known.includes(defect)) continue;
      found.push({
        path: [...path, "defects", index],
        says: `there is no defect "${defect}"`,
        hint: suggest(defect, known),
      });
    }
  }
  return found;
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
    if (part.is === "env" && (env[part.name] !== undefined || part.otherwise !== undefined)) return [];
    if (part.is === "env") {
      return [
        {
          path: at,
          says: `the variable ${part.name} is not set`,
          hint: `set it, or give a default: \${env.${part.name}:-value}`,
        },
      ];
    }
    if (part.is === "saved" && part.name === "port") return [];
    return [{ path: at, says: "only ${env.NAME} and ${port} may stand here" }];
  });
}
