/** How a group's agents are let in by each server: what their requests have in their heads, and whose tokens they show. */
import { discoverTokenEndpoint, askForToken, GrantError, type TokenEndpoint } from "../wire/oauth.ts";
import { exitCodes, messageOf, UserError } from "../errors.ts";
import type { Recorder } from "../history/events.ts";
import type { Masks } from "../masks.ts";
import type { Scenario } from "../scenario/resolve.ts";
import type { World } from "../world.ts";
import type { Closing } from "./closing.ts";
import type { Credentials, Prepared } from "./credentials.ts";
import { briefIdentity, identityFrom, type BriefedIdentity, type Identity } from "./identity.ts";
import { renderAll } from "./start-command.ts";
import { openTokenDesk, type TokenClient, type TokenDesk } from "./token-desk.ts";

export interface Admission {
  /** For a target in this thread. */
  readonly to: (
    group: string,
    server: string,
  ) => {
    readonly headers: Record<string, string>;
    readonly mask: Masks["mask"];
    readonly identity?: Identity;
  };
  /** For a target in another one. */
  readonly brief: (
    group: string,
    server: string,
  ) => { readonly headers: Record<string, string>; readonly identity?: BriefedIdentity };
  readonly tokens: TokenDesk;
}

export interface AdmissionOptions {
  readonly scenario: Scenario;
  readonly credentials: Credentials;
  readonly masks: Masks;
  readonly recorder: Recorder;
  readonly closing: Closing;
  readonly onStep: (says: string) => void;
  readonly world: World;
}

/** The servers run, so that they can be asked where tokens come from. `origins`: where each really is. */
export async function openAdmission(options: AdmissionOptions, origins: ReadonlyMap<string, URL>): Promise<Admission> {
  const { scenario, credentials, masks, closing, recorder, world } = options;
  const clients = tokenClients(options, origins);
  if (clients.length > 0) options.onStep("asking for tokens");
  const over = new AbortController();
  closing.defer("the tokens", () => Promise.resolve(over.abort()));
  const tokens = await openTokenDesk({ clients, recorder, masks, world, over: over.signal });

  const headersTo = (server: string): Record<string, string> => {
    const { headers = {} } = scenario.servers.find(({ name }) => name === server) ?? {};
    return lowerCased(renderAll(headers, world));
  };
  const brief: Admission["brief"] = (group, server) => {
    const prepared = credentials.identityOf(group, server);
    const headers = headersTo(server);
    if (prepared === undefined) return { headers };
    return { headers, identity: briefIdentity({ ...prepared, headers: lowerCased(prepared.headers) }) };
  };
  return {
    brief,
    to: (group, server) => {
      const { headers, identity } = brief(group, server);
      return {
        headers,
        mask: masks.mask,
        ...(identity === undefined ? {} : { identity: identityFrom(identity, tokens) }),
      };
    },
    tokens,
  };
}

/** Two that differ only in that would be sent as one with two values. */
export function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

const askMaxMs = 10_000;

function tokenClients(options: AdmissionOptions, origins: ReadonlyMap<string, URL>): TokenClient[] {
  const { scenario, credentials } = options;
  const prepared = new Map<string, Prepared>();
  for (const { name, steps } of scenario.groups) {
    for (const { server } of steps) {
      const identity = credentials.identityOf(name, server);
      if (identity?.oauth !== undefined) prepared.set(identity.name, identity);
    }
  }
  return [...prepared.values()].flatMap((identity) => {
    const origin = origins.get(identity.server);
    return origin === undefined ? [] : [tokenClient(identity, origin, options)];
  });
}

function tokenClient(
  { name: identity, server, oauth }: Prepared,
  origin: URL,
  { credentials, scenario: { allowHosts = [] } }: AdmissionOptions,
): TokenClient {
  if (oauth === undefined) throw new Error(`${identity} is granted no tokens`);
  const { tokenUrl, refreshBeforeMs, resource = resourceOf(origin), ...client } = oauth;
  const asking = { trust: credentials.trustOf(server), timeoutMs: askMaxMs };
  let endpoint: TokenEndpoint | undefined = tokenUrl === undefined ? undefined : { url: new URL(tokenUrl) };
  return {
    identity,
    refreshBeforeMs,
    grant: async () => {
      endpoint ??= await discoverTokenEndpoint(origin, { ...asking, allowHosts });
      return askForToken(endpoint, { ...client, resource }, asking);
    },
  };
}

/** As a token names a server: without login, query and fragment. */
function resourceOf({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}

/** Nothing can be called without a token, and it is for a person to see why there is none. */
export async function orNotAdmitted<T>(opening: Promise<T>): Promise<T> {
  return opening.catch((error: unknown) => {
    if (!(error instanceof GrantError)) throw error;
    throw new UserError(`the agents are granted no token: ${messageOf(error)}`, {
      exitCode: exitCodes.unreachable,
      cause: error,
    });
  });
}
