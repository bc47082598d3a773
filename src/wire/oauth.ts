/**
 * OAuth client credentials: where a token is to be had, and one more of them. Discovery is the SDK's: from the server's
 * refusal to its protected-resource metadata, and from there to the metadata of its authorization server.
 */
import { z } from "zod";
import { trustTrouble, type Trust } from "../certificates.ts";
import { codeOf, messageOf } from "../errors.ts";
import { isLoopback } from "../history/destination.ts";
import { parsedJson } from "../history/shape.ts";
import { formatDuration, shown } from "../units.ts";
import { requestWeb, type WebRequest } from "./web-request.ts";

export interface Client {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope?: string;
  /** What the token is for. */
  readonly resource: string;
  readonly auth?: "header" | "body";
}

export interface TokenEndpoint {
  readonly url: URL;
  /** Where the authorization server says that id and secret go. */
  readonly auth?: "header" | "body";
}

export interface Grant {
  readonly token: string;
  /** Absent: the authorization server does not say. */
  readonly lastsMs?: number;
}

/** Why there is no token, for people. */
export class GrantError extends Error {
  override readonly name = "GrantError";
}

export interface Asking {
  readonly trust: Trust;
  readonly timeoutMs: number;
}

export async function askForToken(endpoint: TokenEndpoint, client: Client, asking: Asking): Promise<Grant> {
  const { clientId, clientSecret, scope, resource, auth = endpoint.auth ?? "header" } = client;
  const form = new URLSearchParams({ grant_type: "client_credentials", resource });
  if (scope !== undefined) form.set("scope", scope);
  if (auth === "body") {
    form.set("client_id", clientId);
    form.set("client_secret", clientSecret);
  }
  const login = [clientId, clientSecret].map((part) => new URLSearchParams([["", part]]).toString().slice(1)).join(":");
  const answer = await ask(endpoint.url, asking, {
    method: "POST",
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      accept: "application/json",
      ...(auth === "header" ? { authorization: `Basic ${Buffer.from(login).toString("base64")}` } : {}),
    },
    body: form.toString(),
  });
  return grantIn(await answer.text(), { name: nameOf(endpoint.url), status: answer.status });
}

const grantSchema = z.object({
  // What may stand in a header, as RFC 6750 has it; anything else could break out of it.
  access_token: z.string().regex(/^[\w\-.~+/]+=*$/),
  expires_in: z.coerce.number().positive().optional(),
});
const refusalSchema = z.object({ error: z.string(), error_description: z.string().optional() });

function grantIn(text: string, { name, status }: { readonly name: string; readonly status: number }): Grant {
  const body = parsedJson(text);
  const refused = refusalSchema.safeParse(body);
  if (status < 200 || status > 299 || refused.success) {
    const { error = "", error_description: because } = refused.data ?? {};
    const why = [error, because].filter((part) => part !== undefined && part !== "").join(": ");
    throw new GrantError(`${name} refused a token with HTTP ${status}${why === "" ? "" : ` (${why})`}`);
  }
  const granted = grantSchema.safeParse(body);
  if (!granted.success) throw new GrantError(`${name} answered with HTTP ${status}, but with no access_token`);
  const { access_token: token, expires_in: lastsS } = granted.data;
  return { token, ...(lastsS === undefined ? {} : { lastsMs: lastsS * 1000 }) };
}

/** A client's secret goes where the server says only if a person could have meant that. */
export interface Discovery extends Asking {
  readonly allowHosts: readonly string[];
}

export async function discoverTokenEndpoint(server: URL, { allowHosts, ...asking }: Discovery): Promise<TokenEndpoint> {
  // The SDK is heavy: who is told the endpoint does not wait for it.
  const sdk = await import("@modelcontextprotocol/sdk/client/auth.js");
  const fetchLike = async (url: string | URL, init?: RequestInit): Promise<Response> => {
    const headers = Object.fromEntries(new Headers(init?.headers).entries());
    return ask(new URL(url), asking, { headers });
  };
  const name = nameOf(server);
  const refused = await ask(server, asking, { headers: { accept: "text/event-stream" }, headOnly: true });
  const { resourceMetadataUrl } = sdk.extractWWWAuthenticateParams(refused);
  const found = await told(`${name} tells nothing of its authorization server`, () =>
    sdk.discoverOAuthProtectedResourceMetadata(
      server,
      resourceMetadataUrl === undefined ? {} : { resourceMetadataUrl },
      fetchLike,
    ),
  );
  const [issuer] = found.authorization_servers ?? [];
  if (issuer === undefined) throw new GrantError(`${name} names no authorization server in its metadata`);
  const metadata = await told(`the authorization server ${issuer} has no metadata`, () =>
    sdk.discoverAuthorizationServerMetadata(issuer, { fetchFn: fetchLike }),
  );
  if (metadata === undefined) throw new GrantError(`the authorization server ${issuer} has no metadata`);
  const url = new URL(metadata.token_endpoint);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const isMeant = isLoopback(host) || host === server.hostname || allowHosts.includes(host);
  if (!isMeant) {
    throw new GrantError(
      `${name} says that tokens come from ${nameOf(url)}, and nothing was sent there: ` +
        `if that is right, --allow-host ${host}, or name it as tokenUrl`,
    );
  }
  if (url.protocol !== "https:" && !isLoopback(host)) {
    throw new GrantError(`tokens come from ${nameOf(url)}, and a client's secret goes over https only`);
  }
  const methods = metadata.token_endpoint_auth_methods_supported ?? [];
  const bodyOnly = methods.includes("client_secret_post") && !methods.includes("client_secret_basic");
  return { url, ...(bodyOnly ? { auth: "body" as const } : {}) };
}

async function told<T>(says: string, doing: () => Promise<T>): Promise<T> {
  try {
    return await doing();
  } catch (cause) {
    if (cause instanceof GrantError) throw cause;
    throw new GrantError(`${says}: ${messageOf(cause).split("\n", 1)[0]}; name its token endpoint as tokenUrl`, {
      cause,
    });
  }
}

async function ask(
  url: URL,
  { trust, timeoutMs }: Asking,
  request: Omit<WebRequest, "trust" | "signal">,
): Promise<Response> {
  try {
    return await requestWeb(url, { ...request, trust, signal: AbortSignal.timeout(timeoutMs) });
  } catch (cause) {
    const isLate = cause instanceof Error && (cause.name === "TimeoutError" || cause.name === "AbortError");
    const why = isLate
      ? `no answer within ${formatDuration(timeoutMs)}`
      : (trustTrouble(cause) ?? codeOf(cause) ?? shown(messageOf(cause)));
    throw new GrantError(`${nameOf(url)} could not be asked: ${why}`, { cause });
  }
}

/** Without login and query, which may hold secrets. */
function nameOf({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}
