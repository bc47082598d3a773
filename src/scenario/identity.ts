/** Who agents are to a server: what a scenario may say of it, and what that means. */
import { z } from "zod";
import { duration, shown } from "../units.ts";

export interface ScenarioIdentity {
  readonly headers: Readonly<Record<string, string>>;
  readonly bearer?: TokenSource;
  readonly oauth?: ScenarioOAuth;
  /** Over stdio: variables of each agent's process. */
  readonly env: Readonly<Record<string, TokenSource>>;
}

/** One for all agents; or one for each, agent n has the n-th. */
export type TokenSource =
  | { readonly is: "one"; readonly text: string }
  | { readonly is: "list"; readonly texts: readonly string[]; readonly roundRobin: boolean }
  | { readonly is: "file"; readonly file: string; readonly roundRobin: boolean };

/** OAuth client credentials. */
export interface ScenarioOAuth {
  /** Absent: found by the server's protected-resource metadata. */
  readonly tokenUrl?: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope?: string;
  /** Absent: the server's own URL. */
  readonly resource?: string;
  /** 0: only once the server has refused the old one. */
  readonly refreshBeforeMs: number;
  /** How the client names itself. Absent: as the authorization server says, else in the header. */
  readonly auth?: "header" | "body";
}

const tokens = z
  .union(
    [
      z.string().min(1),
      z.strictObject({
        list: z.array(z.string().min(1)).min(1).optional().describe("agent n has the n-th"),
        file: z
          .string()
          .min(1)
          .optional()
          .describe("one a line, seen from the scenario's folder; agent n has the n-th"),
        roundRobin: z
          .boolean()
          .default(false)
          .describe("where there are more agents than tokens, they share them in turn"),
      }),
    ],
    { error: ({ input }) => `expected a text for all agents, or { list } or { file } for each, got ${shown(input)}` },
  )
  .describe("one for all agents, or a list or a file with one for each");

const oauth = z.strictObject({
  tokenUrl: z.string().min(1).optional().describe("the token endpoint; absent: found by the metadata of the server"),
  clientId: z.string().min(1),
  clientSecret: z.string().min(1).describe("best ${env.NAME}; kept out of every file"),
  scope: z.string().min(1).optional().describe("several with spaces between them"),
  resource: z.string().min(1).optional().describe("what the token is for (RFC 8707); absent: the server's URL"),
  refreshBefore: duration()
    .default(10_000)
    .describe("how long before its end a token is renewed, at half its life at the earliest; 0s: once it is refused"),
  auth: z
    .enum(["header", "body"])
    .optional()
    .describe("where id and secret go; absent: as the authorization server says, else the header"),
});

export const identitySchema = z.strictObject({
  headers: z.record(z.string(), z.string()).optional().describe("sent with every request; kept out of every file"),
  bearer: tokens.optional().describe("the token in the header authorization: one for all agents, or one for each"),
  oauth: oauth
    .optional()
    .describe("client credentials: a token is fetched before the run and renewed while it goes on"),
  env: z.record(z.string(), tokens).optional().describe("over stdio: variables of each agent's process"),
});

export type IdentityOutput = z.output<typeof identitySchema>;
export type TokensOutput = NonNullable<IdentityOutput["bearer"]>;

export function identityOf(given: IdentityOutput): ScenarioIdentity {
  const { headers = {}, bearer, oauth: client, env = {} } = given;
  return {
    headers,
    ...(bearer === undefined ? {} : { bearer: tokensOf(bearer) }),
    ...(client === undefined ? {} : { oauth: oauthOf(client) }),
    env: Object.fromEntries(Object.entries(env).map(([name, source]) => [name, tokensOf(source)])),
  };
}

function tokensOf(source: TokensOutput): TokenSource {
  if (typeof source === "string") return { is: "one", text: source };
  const { list, file = "", roundRobin } = source;
  return list === undefined ? { is: "file", file, roundRobin } : { is: "list", texts: list, roundRobin };
}

function oauthOf({
  tokenUrl,
  clientId,
  clientSecret,
  scope,
  resource,
  refreshBefore,
  auth,
}: NonNullable<IdentityOutput["oauth"]>): ScenarioOAuth {
  return {
    clientId,
    clientSecret,
    refreshBeforeMs: refreshBefore,
    ...(tokenUrl === undefined ? {} : { tokenUrl }),
    ...(scope === undefined ? {} : { scope }),
    ...(resource === undefined ? {} : { resource }),
    ...(auth === undefined ? {} : { auth }),
  };
}
