/**
 * The SDK's wire: agents speak through @modelcontextprotocol/sdk as it comes, so that a run shows what its users
 * experience. Nothing is replaced, tuned or repaired but what hostile servers make us bound; what the SDK hides stays
 * hidden, see sdk-hides.ts.
 */
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { openBoundedFetch, type BoundedFetch } from "./bounded-fetch.ts";
import { usualDialect } from "./dialect.ts";
import { pipeEnd } from "./sdk-pipe.ts";
import { openSdkSessionOver, type SdkEnd } from "./sdk-session.ts";
import { SessionError, type HttpSessionOptions, type OpenSession } from "./session.ts";

export const openSdkSession: OpenSession = async (options) => {
  const { dialect = usualDialect } = options;
  if (dialect.begins === "discover" || dialect.begins === "at-once") {
    return (await import("./sdk2.ts")).openSdk2Session(options);
  }
  if ("pipe" in options) return openSdkSessionOver(pipeEnd(options), { ...options, headers: {} });
  const { url, headers, authorization } = options;
  const name = nameOf(url);
  const requests: Requests = { requestInit: { headers: asked(headers, authorization) }, fetch: openBoundedFetch() };
  const end = dialect.begins === "event-stream" ? eventsEnd(url, requests) : httpEnd(url, requests);
  return openSdkSessionOver({ name, ...end }, options);
};

type Requests = {
  readonly requestInit: { readonly headers: Record<string, string> };
  readonly fetch: BoundedFetch;
};

function httpEnd(url: URL, requests: Requests): Omit<SdkEnd, "name"> {
  const transport = new StreamableHTTPClientTransport(url, requests);
  return {
    transport,
    isPipe: false,
    protocolVersion: () => transport.protocolVersion,
    // The SDK keeps the id of a session that its server has lost, so every later call fails as well: so do ours.
    isLost: () => false,
    inSession: () => transport.sessionId !== undefined,
    farewell: () => transport.terminateSession(),
  };
}

/** HTTP+SSE. A stream that breaks is opened again by the SDK itself, as another session than the one it has greeted. */
function eventsEnd(url: URL, requests: Requests): Omit<SdkEnd, "name"> {
  let version: string | undefined;
  const transport = new SSEClientTransport(url, requests);
  const tell = transport.setProtocolVersion.bind(transport);
  transport.setProtocolVersion = (agreed) => {
    version = agreed;
    tell(agreed);
  };
  return {
    transport,
    // One stream brings all.
    isPipe: true,
    protocolVersion: () => version,
    isLost: () => false,
    inSession: () => false,
    farewell: () => Promise.resolve(),
  };
}

/** The URL as messages name it. */
export function nameOf(url: URL): string {
  const name = url.origin + url.pathname;
  // Node's fetch would refuse it too, but with the password in its words.
  if (url.username === "" && url.password === "") return name;
  throw new SessionError(
    `${name} was not asked: the SDK takes no login in a URL; give it as header authorization, or use wire: lean`,
  );
}

/** The SDK copies the headers that it is given into each request: this one is then as it is at that moment. */
export function asked(
  headers: HttpSessionOptions["headers"],
  authorization: HttpSessionOptions["authorization"],
): Record<string, string> {
  if (authorization === undefined) return headers;
  return {
    ...headers,
    get authorization() {
      return authorization();
    },
  };
}
