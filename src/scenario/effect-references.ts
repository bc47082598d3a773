/** What is wrong with effects that the schema cannot see: where they are counted, and what that needs. */
import { readKindNamed, readKinds } from "../effects/registry.ts";
import { isLoopback } from "../history/destination.ts";
import { shown } from "../units.ts";
import { readOnlyKeys } from "./effects.ts";
import { suggest, type Finding, type Path } from "./mistakes.ts";
import type { Survey, SurveyedEffect, SurveyedStep } from "./survey.ts";
import { variableFindings } from "./settings.ts";
import type { Surroundings } from "./targets.ts";
import { partsIn, renderText } from "./template.ts";

export function effectFindings(surveyed: Survey, surroundings: Surroundings): Finding[] {
  const used = new Set(surveyed.groups.flatMap(({ steps }) => steps.map(({ effect }) => effect)));
  return surveyed.effects.flatMap((effect): Finding[] => {
    const { name, path, value } = effect;
    const found: Finding[] = [];
    if (surveyed.read.chains && !used.has(name)) {
      const hint = `say effect: ${name} at the step that makes it`;
      found.push({ path, atKey: true, says: "no step has this effect", hint });
    }
    found.push(...ledgerFindings(effect, surveyed, surroundings));
    if (value === undefined) return found;
    return [
      ...found,
      ...placeFindings(effect, value),
      ...requestFindings(effect, value, surveyed),
      ...readFindings(effect, value, { surveyed, surroundings }),
      ...contentFindings(effect, value, surveyed),
    ];
  });
}

type Value = NonNullable<SurveyedEffect["value"]>;

function ledgerFindings(
  { path, ledger }: SurveyedEffect,
  { upstreams }: Survey,
  { fixtures }: Surroundings,
): Finding[] {
  if (ledger === undefined) return [];
  const at = [...path, "ledger"];
  const upstream = upstreams.find((candidate) => candidate.name === ledger);
  if (upstream === undefined) return [nothingNamed({ path: at, what: "upstream", name: ledger }, upstreams)];
  if (upstream.value === undefined || mayKeepLedger(upstream.value, fixtures)) return [];
  const keepers = fixtures.filter((fixture) => fixture.ledger !== undefined).map(({ name }) => name);
  const hint = `fixtures that keep one: ${keepers.join(", ")}; of others it is read back: read: { … } in place of ledger`;
  return [{ path: at, says: `"${ledger}" keeps no ledger`, hint }];
}

/** A fixture that nobody knows may: whether it does shows once its name is mended. */
function mayKeepLedger(
  { fixture }: { readonly fixture?: string | undefined },
  fixtures: Surroundings["fixtures"],
): boolean {
  if (fixture === undefined) return false;
  const known = fixtures.find(({ name }) => name === fixture);
  return known === undefined || known.ledger !== undefined;
}

/** Exactly one place, and nothing that is of no use there. */
function placeFindings({ path }: SurveyedEffect, value: Value): Finding[] {
  const places = (["ledger", "read", "requests"] as const).filter((key) => value[key] !== undefined);
  if (places.length !== 1) {
    const got = places.length === 0 ? "none" : places.join(" and ");
    const hint = "ledger: a fixture upstream; read: { sql | http | redis | tool | command }; requests: { upstream }";
    return [{ path, says: `expected one place where it is counted, got ${got}`, hint }];
  }
  if (value.read === undefined) {
    return readOnlyKeys
      .filter((key) => value[key] !== undefined)
      .map((key) => ({ path: [...path, key], atKey: true, says: `is of use only with read, not with ${places[0]}` }));
  }
  if (value.total === undefined) return [];
  const says = "is of no use with total: only how many effects there are in all can be told of it";
  return (["key", "id", "count", "content"] as const)
    .filter((key) => value[key] !== undefined)
    .map((key) => ({ path: [...path, key], atKey: true, says }));
}

function requestFindings({ path }: SurveyedEffect, { requests }: Value, { upstreams, servers }: Survey): Finding[] {
  if (requests === undefined) return [];
  const at = [...path, "requests", "upstream"];
  const { upstream } = requests;
  const known = upstreams.find(({ name }) => name === upstream);
  if (known === undefined) return [nothingNamed({ path: at, what: "upstream", name: upstream }, upstreams)];
  if (known.value?.protocol === "tcp") {
    return [{ path: at, says: `"${upstream}" speaks tcp, so only bytes are seen on the way to it, no requests` }];
  }
  const isReached = servers.some((server) =>
    [...server.upstreams, ...server.egress].some((to) => to.upstream === upstream),
  );
  return isReached ? [] : [{ path: at, says: `no server has a link to "${upstream}"` }];
}

function readFindings(
  { path }: SurveyedEffect,
  { read, upstream }: Value,
  { surveyed, surroundings }: { readonly surveyed: Survey; readonly surroundings: Surroundings },
): Finding[] {
  if (read === undefined) return [];
  const at = [...path, "read"];
  const found: Finding[] = [];
  if (upstream !== undefined && !surveyed.upstreams.some(({ name }) => name === upstream)) {
    found.push(nothingNamed({ path: [...path, "upstream"], what: "upstream", name: upstream }, surveyed.upstreams));
  }
  const kinds = Object.entries(read).filter(([, attributes]) => attributes !== undefined);
  const [[kind, attributes] = ["", {}]] = kinds;
  if (kinds.length !== 1) {
    const got = kinds.length === 0 ? "none" : kinds.map(([name]) => name).join(" and ");
    const hint = suggest(
      "",
      readKinds.map((known) => known.kind),
    );
    return [...found, { path: at, says: `expected one way to read, got ${got}`, hint }];
  }
  const inside = [...at, kind];
  const wrong = partsIn(attributes, inside).flatMap(({ path: where, part }): Finding[] => {
    if (part.is === "text" || (part.is === "saved" && part.name === "run")) return [];
    if (part.is === "env") return variableFindings(where, part, surroundings.env);
    return [{ path: where, says: "only ${env.NAME} and ${run} may stand here", hint: "${run} begins every op id" }];
  });
  // What stands for a variable that is not set nobody knows.
  if (wrong.length > 0) return [...found, ...wrong];
  const { schemes } = readKindNamed(kind);
  const { url, server } = readKindNamed(kind).prepare(attributes);
  if (server !== undefined && surveyed.read.servers && !surveyed.servers.some(({ name }) => name === server)) {
    found.push(nothingNamed({ path: [...inside, "server"], what: "server", name: server }, surveyed.servers));
  }
  if (schemes === undefined) return found;
  const reached = surveyed.upstreams.find(({ name }) => name === upstream)?.value;
  return [...found, ...urlFindings({ path: inside, url, upstream, reached, schemes }, surroundings)];
}

function urlFindings(
  about: {
    readonly path: Path;
    readonly url: string | undefined;
    readonly upstream: string | undefined;
    readonly reached: Survey["upstreams"][number]["value"];
    readonly schemes: readonly string[];
  },
  { env, allowHosts }: Surroundings,
): Finding[] {
  const { path, url, upstream, reached, schemes } = about;
  // A fixture listens on HTTP.
  const theirs = reached === undefined ? undefined : (/^([a-z]+):/i.exec(reached.url ?? "http:")?.[1] ?? "");
  const isOurs = theirs === undefined || schemes.includes(theirs.toLowerCase());
  if (url === undefined || (url.startsWith("/") && !isOurs)) {
    if (upstream !== undefined && isOurs) return [];
    const known = schemes.map((scheme) => `${scheme}:`).join(", ");
    if (upstream !== undefined)
      return [{ path, says: `expected a url of ${known}, as that of "${upstream}" is of ${theirs}:` }];
    return [{ path, says: "does not say where to read: expected a url here, or the effect's upstream" }];
  }
  const at = [...path, "url"];
  const such = `${schemes[0]}:`;
  const parsed = URL.parse(
    renderText(url, env),
    upstream !== undefined && such === "http:" ? "http://upstream" : undefined,
  );
  if (parsed === null || !schemes.includes(parsed.protocol.slice(0, -1))) {
    return [
      { path: at, says: `expected a URL of ${schemes.map((scheme) => `${scheme}:`).join(", ")}, got ${shown(url)}` },
    ];
  }
  const host = parsed.hostname.replace(/^\[(.*)\]$/, "$1");
  if (upstream !== undefined || parsed.protocol === "sqlite:" || isLoopback(host)) return [];
  if (allowHosts.some((allowed) => allowed.toLowerCase() === host)) return [];
  const hint = `if it may be read again and again: --allow-host ${host}`;
  return [{ path: at, says: `${shown(host)} is not on this machine`, hint }];
}

/** Each step that has the effect must ask for what is compared. */
function contentFindings({ name, path }: SurveyedEffect, { content }: Value, { groups }: Survey): Finding[] {
  if (content === undefined) return [];
  if (Object.keys(content).length === 0) return [{ path: [...path, "content"], says: "compares nothing" }];
  const asking = groups.flatMap(({ steps }) => steps.filter(({ effect }) => effect === name));
  return Object.entries(content).flatMap(([field, argument]): Finding[] => {
    if (argument.startsWith("$")) return [];
    const without = asking.find(({ args }) => typeof args === "object" && args !== null && !(argument in args));
    if (without === undefined) return [];
    const known = Object.keys(without.args ?? {});
    const says = `${aimSaid(without)} has this effect, but no argument "${argument}"`;
    return [{ path: [...path, "content", field], says, hint: suggest(argument, known) }];
  });
}

function aimSaid({ aim }: SurveyedStep): string {
  return aim === undefined ? "a step" : `${aim.server}.${aim.tool}`;
}

function nothingNamed(
  { path, what, name }: { readonly path: Path; readonly what: string; readonly name: string },
  all: readonly { readonly name: string }[],
): Finding {
  const says = `there is no ${what} "${name}"`;
  return {
    path,
    says,
    hint: suggest(
      name,
      all.map((known) => known.name),
    ),
  };
}
