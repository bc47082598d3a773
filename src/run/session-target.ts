/** How a session with a server is opened: over its URL, or with a process of its own behind a pipe. */
import { messageOf } from "../errors.ts";
import type { StdioLink } from "../links/stdio-link.ts";
import type { StdioProcess, StdioServer } from "../targets/stdio-server.ts";
import { SessionError, type HttpSessionOptions, type OpenSession, type Session } from "../wire/session.ts";

export interface SessionTarget {
  readonly server: string;
  readonly startsProcesses: boolean;
  /**
   * Opens one more session. A SessionError says in one line why there is none; where a person could mend it, its cause
   * is a UserError that tells the rest.
   */
  open(openSession: OpenSession, wanted: WantedSession): Promise<Session>;
}

export interface WantedSession extends Pick<HttpSessionOptions, "timeoutMs" | "world" | "clientName"> {
  /** Whose session it is: over stdio its process is called so. */
  readonly instance: string;
}

export function httpTarget(
  server: string,
  { url, headers }: Pick<HttpSessionOptions, "url" | "headers">,
): SessionTarget {
  return {
    server,
    startsProcesses: false,
    open: (openSession, { timeoutMs, world, clientName }) =>
      openSession({ url, headers, timeoutMs, world, clientName }),
  };
}

export function stdioTarget(
  server: StdioServer,
  { link, startTimeoutMs }: { readonly link: StdioLink; readonly startTimeoutMs: number },
): SessionTarget {
  return {
    server: server.name,
    startsProcesses: true,
    open: async (openSession, { instance, world, clientName }) => {
      const started = await startOf(server, instance);
      const pipe = link.connect(started);
      try {
        const session = await openSession({ server: server.name, pipe, timeoutMs: startTimeoutMs, world, clientName });
        started.ready();
        return session;
      } catch (error) {
        // Once that is over it is known whether the process had ended by itself.
        await pipe.close();
        const { what, error: cause } = started.notReady(messageOf(error));
        throw new SessionError(`${server.name} did not start: ${what}`, { cause });
      }
    },
  };
}

async function startOf(server: StdioServer, instance: string): Promise<StdioProcess> {
  try {
    return await server.start(instance);
  } catch (cause) {
    throw new SessionError(messageOf(cause).split("\n", 1)[0], { cause });
  }
}
