/**
 * What a run needs beside its scenario to be let in: files of tokens and certificates. Read before anything is started,
 * so that all that is wrong with them is told at once.
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Trust } from "../certificates.ts";
import { codeOf, messageOf, UserError, type Mistake } from "../errors.ts";
import type { Masks } from "../masks.ts";
import type { Plan } from "../plan/plan.ts";
import type { ScenarioIdentity, ScenarioOAuth, TokenSource } from "../scenario/identity.ts";
import { tooFew } from "../scenario/identity-references.ts";
import type { Scenario } from "../scenario/resolve.ts";
import { renderText } from "../scenario/template.ts";
import type { ScenarioTls } from "../scenario/tls.ts";
import type { World } from "../world.ts";
import { renderAll } from "./start-command.ts";

/** An identity with everything in it that can be known before the run. */
export interface Prepared {
  /** What histories call it: the server's name, behind the group's where it is the group's own. */
  readonly name: string;
  readonly server: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Agent n has the n-th, in turn. */
  readonly bearers: readonly string[];
  readonly env: Readonly<Record<string, readonly string[]>>;
  readonly oauth?: ScenarioOAuth;
}

export interface Credentials {
  /** Who this group's agents are to this server. */
  readonly identityOf: (group: string, server: string) => Prepared | undefined;
  readonly trustOf: (server: string) => Trust;
}

export interface CredentialOptions {
  readonly scenario: Scenario;
  readonly plan: Pick<Plan, "arrivals">;
  /** Where relative paths start. */
  readonly home: string;
  readonly masks: Pick<Masks, "add">;
  readonly world: World;
}

const usualTrust: Trust = { insecure: false };

export async function readCredentials(options: CredentialOptions): Promise<Credentials> {
  const { scenario, plan } = options;
  const mistakes: Mistake[] = [];
  const read = reader(options, mistakes);
  const identities = new Map<string, Prepared>();
  const trusts = new Map<string, Trust>();

  for (const { name: server, identity, tls } of scenario.servers) {
    if (tls !== undefined) trusts.set(server, await trustIn(tls, `servers.${server}.tls`, read));
    if (identity === undefined) continue;
    const users = scenario.groups.filter(({ identities: own, steps }) => {
      return own?.[server] === undefined && steps.some((step) => step.server === server);
    });
    const agents = users.map(({ name }) => ({ group: name, agents: agentsOf(plan, name) }));
    const at = { name: server, server, path: `servers.${server}.identity`, agents };
    const prepared = await prepare(identity, at, { ...read, mistakes });
    for (const { name } of users) identities.set(`${name}@${server}`, prepared);
    identities.set(`@${server}`, prepared);
  }
  for (const { name: group, identities: own = {} } of scenario.groups) {
    for (const [server, identity] of Object.entries(own)) {
      const name = `${group}@${server}`;
      const agents = [{ group, agents: agentsOf(plan, group) }];
      const prepared = await prepare(
        identity,
        { name, server, path: `agents.${group}.identity.${server}`, agents },
        { ...read, mistakes },
      );
      identities.set(name, prepared);
      // Squall itself, where it asks beside the agents, is who they are.
      if (!identities.has(`@${server}`)) identities.set(`@${server}`, prepared);
    }
  }
  if (mistakes.length > 0) throw new UserError("the scenario is wrong", { mistakes });
  return {
    identityOf: (group, server) => identities.get(`${group}@${server}`),
    trustOf: (server) => trusts.get(server) ?? usualTrust,
  };
}

/** For what Squall asks beside the agents. */
export const squallItself = "";

function agentsOf({ arrivals }: Pick<Plan, "arrivals">, group: string): number {
  return arrivals.find((planned) => planned.group === group)?.agents ?? 0;
}

interface Reader {
  readonly world: World;
  /** Undefined, and a mistake, where it cannot be read. */
  readonly text: (file: string, path: string) => Promise<string | undefined>;
  readonly hide: Masks["add"];
}

function reader({ home, masks, world }: CredentialOptions, mistakes: Mistake[]): Reader {
  return {
    world,
    hide: masks.add,
    text: async (file, path) => {
      const where = resolve(home, renderText(file, world.env));
      try {
        return await readFile(where, "utf8");
      } catch (error) {
        const says = codeOf(error) === "ENOENT" ? `there is no file ${where}` : `cannot be read: ${messageOf(error)}`;
        mistakes.push({ path, says });
        return undefined;
      }
    },
  };
}

interface At {
  readonly name: string;
  readonly server: string;
  readonly path: string;
  readonly agents: readonly { readonly group: string; readonly agents: number }[];
}

async function prepare(
  identity: ScenarioIdentity,
  { path, agents, name, server }: At,
  read: Reader & { readonly mistakes: Mistake[] },
): Promise<Prepared> {
  const { world, mistakes } = read;
  const tokensAt = async (source: TokenSource, at: string): Promise<readonly string[]> => {
    const texts = await textsOf(source, at, read);
    if (texts === undefined) return [];
    if (texts.length === 0) mistakes.push({ path: at, says: "holds no token: expected one a line" });
    const isShared = source.is === "one" || source.roundRobin;
    for (const group of agents) {
      if (isShared || texts.length === 0 || group.agents <= texts.length) continue;
      mistakes.push({ path: at, ...tooFew({ ...group, tokens: texts.length }) });
    }
    read.hide(texts);
    return texts;
  };
  const env: Record<string, readonly string[]> = {};
  for (const [variable, source] of Object.entries(identity.env)) {
    env[variable] = await tokensAt(source, `${path}.env.${variable}`);
  }
  const { bearer, oauth, headers } = identity;
  return {
    name,
    server,
    headers: renderAll(headers, world),
    bearers: bearer === undefined ? [] : await tokensAt(bearer, `${path}.bearer`),
    env,
    ...(oauth === undefined ? {} : { oauth: rendered(oauth, world) }),
  };
}

async function textsOf(
  source: TokenSource,
  path: string,
  { text, world }: Reader,
): Promise<readonly string[] | undefined> {
  switch (source.is) {
    case "one":
      return [renderText(source.text, world.env)];
    case "list":
      return source.texts.map((token) => renderText(token, world.env));
    case "file":
      return (await text(source.file, `${path}.file`))
        ?.split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "");
    default:
      return source satisfies never;
  }
}

function rendered(oauth: ScenarioOAuth, { env }: World): ScenarioOAuth {
  const { tokenUrl, clientId, clientSecret, scope, resource } = oauth;
  const optional = (name: string, text: string | undefined) =>
    text === undefined ? {} : { [name]: renderText(text, env) };
  return {
    ...oauth,
    clientId: renderText(clientId, env),
    clientSecret: renderText(clientSecret, env),
    ...optional("tokenUrl", tokenUrl),
    ...optional("scope", scope),
    ...optional("resource", resource),
  };
}

async function trustIn(tls: ScenarioTls, path: string, { text, world, hide }: Reader): Promise<Trust> {
  const { ca, cert, key, passphrase, servername, insecure } = tls;
  const pem = async (name: "ca" | "cert" | "key", file: string | undefined): Promise<Partial<Trust>> => {
    const found = file === undefined ? undefined : await text(file, `${path}.${name}`);
    return found === undefined ? {} : { [name]: found };
  };
  const secret = passphrase === undefined ? undefined : renderText(passphrase, world.env);
  const trust = {
    insecure,
    ...(await pem("ca", ca)),
    ...(await pem("cert", cert)),
    ...(await pem("key", key)),
    ...(secret === undefined ? {} : { passphrase: secret }),
    ...(servername === undefined ? {} : { servername: renderText(servername, world.env) }),
  };
  hide([trust.key ?? ""]);
  return trust;
}
