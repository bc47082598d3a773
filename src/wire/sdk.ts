/**
 * The SDK's wire: agents speak through @modelcontextprotocol/sdk as it comes, so that a run shows what its users
 * experience. Nothing is replaced, tuned or repaired; what the SDK hides stays hidden, see sdk-hides.ts.
 */
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { pipeEnd } from "./sdk-pipe.ts";
import { openSdkSessionOver } from "./sdk-session.ts";
import { SessionError, type HttpSessionOptions, type OpenSession } from "./session.ts";

export const openSdkSession: OpenSession = async (options) => {
  if ("pipe" in options) return openSdkSessionOver(pipeEnd(options), { ...options, headers: {} });
  const { url, headers, authorization } = options;
  const name = url.origin + url.pathname;
  // Node's fetch would refuse it too, but with the password in its words.
  if (url.username !== "" || url.password !== "") {
    throw new SessionError(
      `${name} was not asked: the SDK takes no login in a URL; give it as header authorization, or use wire: lean`,
    );
  }
  const transport = new StreamableHTTPClientTransport(url, {
    requestInit: { headers: authorization === undefined ? headers : asked(headers, authorization) },
  });
  return openSdkSessionOver(
    {
      name,
      transport,
      protocolVersion: () => transport.protocolVersion,
      // The SDK keeps the id of a session that its server has lost, so every later call fails as well: so do ours.
      isLost: () => false,
      inSession: () => transport.sessionId !== undefined,
      farewell: () => transport.terminateSession(),
    },
    options,
  );
};

/** The SDK copies the headers that it is given into each request: this one is then as it is at that moment. */
function asked(headers: HttpSessionOptions["headers"], authorization: () => string): Record<string, string> {
  return {
    ...headers,
    get authorization() {
      return authorization();
    },
  };
}
