/**
 * The SDK's wire: agents speak through @modelcontextprotocol/sdk as it comes, so that a run shows what its users
 * experience. Nothing is replaced, tuned or repaired; what the SDK hides stays hidden, see sdk-hides.ts.
 */
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { openSdkSessionOver } from "./sdk-session.ts";
import { SessionError, type OpenSession } from "./session.ts";

export const openSdkSession: OpenSession = async (options) => {
  const { url, headers } = options;
  const name = url.origin + url.pathname;
  // Node's fetch would refuse it too, but with the password in its words.
  if (url.username !== "" || url.password !== "") {
    throw new SessionError(
      `${name} was not asked: the SDK takes no login in a URL; give it as header authorization, or use wire: lean`,
    );
  }
  const transport = new StreamableHTTPClientTransport(url, { requestInit: { headers } });
  return openSdkSessionOver(
    {
      name,
      transport,
      protocolVersion: () => transport.protocolVersion,
      inSession: () => transport.sessionId !== undefined,
      farewell: () => transport.terminateSession(),
    },
    options,
  );
};
