/** Identities that cannot be: two at once, too few tokens, what the server's transport has no place for. */
import { isLoopback } from "../history/destination.ts";
import { counted, shown } from "../units.ts";
import { modelOf } from "./arrivals.ts";
import type { IdentityOutput, TokensOutput } from "./identity.ts";
import { suggest, type Finding, type Path } from "./mistakes.ts";
import type { Survey, SurveyedGroup } from "./survey.ts";
import { variableFindings } from "./settings.ts";
import type { Surroundings } from "./targets.ts";
import { partsIn, renderText } from "./template.ts";

export function identityFindings(surveyed: Survey, surroundings: Surroundings): Finding[] {
  const { servers, groups } = surveyed;
  return [
    ...servers.flatMap(({ name, path, value }): Finding[] => {
      if (value?.identity === undefined) return [];
      const callers = groups.filter(
        (group) => callsOf(group).has(name) && !group.identities.some((own) => own.name === name),
      );
      const at = { path: [...path, "identity"], identity: value.identity, server: value, callers };
      return findingsOf(at, surroundings);
    }),
    ...groups.flatMap((group) => ofGroup(group, surveyed, surroundings)),
  ];
}

function ofGroup(group: SurveyedGroup, { servers, read }: Survey, surroundings: Surroundings): Finding[] {
  return group.identities.flatMap(({ name, path, value: identity }): Finding[] => {
    const called = callsOf(group);
    if (read.chains && !called.has(name)) {
      return [{ path, atKey: true, says: `no step of this group calls "${name}"`, hint: suggest(name, [...called]) }];
    }
    if (identity === undefined) return [];
    const server = servers.find((candidate) => candidate.name === name)?.value;
    return findingsOf({ path, identity, server, callers: [group] }, surroundings);
  });
}

function callsOf({ steps }: SurveyedGroup): ReadonlySet<string> {
  return new Set(steps.flatMap(({ aim }) => aim?.server ?? []));
}

interface At {
  readonly path: Path;
  readonly identity: IdentityOutput;
  readonly server:
    | { readonly transport: string; readonly headers?: Readonly<Record<string, string>> | undefined }
    | undefined;
  /** The groups that it is for. */
  readonly callers: readonly SurveyedGroup[];
}

function findingsOf(at: At, surroundings: Surroundings): Finding[] {
  const { path, identity, callers } = at;
  const { bearer, oauth, env = {} } = identity;
  const sources = [
    ...(bearer === undefined ? [] : [[[...path, "bearer"], bearer] as const]),
    ...Object.entries(env).map(([name, source]) => [[...path, "env", name], source] as const),
  ];
  return [
    ...transportFindings(at),
    ...doubled(at),
    ...sources.flatMap(([place, source]) => sourceFindings(place, source, callers)),
    ...(oauth?.tokenUrl === undefined
      ? []
      : tokenUrlFindings([...path, "oauth", "tokenUrl"], oauth.tokenUrl, surroundings)),
    ...partsIn(identity, path).flatMap(({ path: place, part }): Finding[] => {
      if (part.is === "text") return [];
      if (part.is === "env") return variableFindings(place, part, surroundings.env);
      return [{ path: place, says: "only ${env.NAME} may stand here" }];
    }),
  ];
}

function transportFindings({ path, identity, server }: At): Finding[] {
  const isStdio = server?.transport === "stdio";
  if (server === undefined) return [];
  const useless = isStdio ? (["headers", "bearer", "oauth"] as const) : (["env"] as const);
  const why = isStdio ? "there are no headers over stdio" : "Squall starts one server for all agents";
  const hint = isStdio
    ? "give each agent's process what it needs: env: { API_TOKEN: … }"
    : "what tells agents apart over HTTP are headers and bearer; variables of the server are its own env";
  return useless.flatMap((key) =>
    identity[key] === undefined
      ? []
      : [{ path: [...path, key], atKey: true as const, says: `is of no use: ${why}`, hint }],
  );
}

/** A request has one header authorization. */
function doubled({ path, identity, server }: At): Finding[] {
  const { bearer, oauth, headers } = identity;
  const ways = [
    ...(bearer === undefined ? [] : ["bearer"]),
    ...(oauth === undefined ? [] : ["oauth"]),
    ...(hasAuthorization(headers) ? ["headers.authorization"] : []),
    ...(hasAuthorization(server?.headers) ? ["the server's headers.authorization"] : []),
  ];
  if (ways.length < 2) return [];
  return [
    { path, says: `a request has one header authorization, but ${ways.join(" and ")} make one`, hint: "keep one" },
  ];
}

function hasAuthorization(headers: Readonly<Record<string, string>> | undefined): boolean {
  return Object.keys(headers ?? {}).some((name) => name.toLowerCase() === "authorization");
}

function sourceFindings(path: Path, source: TokensOutput, callers: readonly SurveyedGroup[]): Finding[] {
  if (typeof source === "string") return [];
  const { list, file, roundRobin } = source;
  if (list === undefined && file === undefined) return [{ path, says: "expected a list, or a file with one a line" }];
  if (list !== undefined && file !== undefined) {
    return [{ path, says: "has a list and a file", hint: "keep one of the two" }];
  }
  if (list === undefined || roundRobin) return [];
  return callers.flatMap(({ name, arrivals }): Finding[] => {
    if (arrivals === undefined) return [];
    // How many an open model needs is told by its plan.
    const agents = arrivals.agents ?? (modelOf(arrivals) === undefined ? (arrivals.count ?? 1) : 0);
    return agents <= list.length
      ? []
      : [{ path: [...path, "list"], ...tooFew({ group: name, agents, tokens: list.length }) }];
  });
}

export function tooFew({
  group,
  agents,
  tokens,
}: {
  readonly group: string;
  readonly agents: number;
  readonly tokens: number;
}): Pick<Finding, "says" | "hint"> {
  return {
    says: `expected one for each of the ${agents} agents of ${group}, got ${counted(tokens, "token")}`,
    hint: "give more, or say roundRobin: true to have agents share them in turn",
  };
}

function tokenUrlFindings(path: Path, text: string, { env }: Surroundings): Finding[] {
  if (partsIn(text).some(({ part }) => part.is === "env" && variableFindings([], part, env).length > 0)) return [];
  const url = URL.parse(renderText(text, env));
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return [{ path, says: `expected a URL such as "https://auth.example.com/token", got ${shown(text)}` }];
  }
  if (url.protocol === "https:" || isLoopback(url.hostname.replace(/^\[(.*)\]$/, "$1"))) return [];
  return [{ path, says: "a client's secret goes over https only, unless to this machine", hint: "say https" }];
}
