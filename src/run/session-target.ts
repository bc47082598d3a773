/** How a session with a server is opened: over its URL, or with a process of its own behind a pipe. */
import { messageOf } from "../errors.ts";
import type { StdioLink } from "../links/stdio-link.ts";
import type { StdioProcess, StdioServer } from "../targets/stdio-server.ts";
import { usualDialect, type Dialect } from "../wire/dialect.ts";
import { SessionError, type HttpSessionOptions, type OpenSession, type Session } from "../wire/session.ts";

export interface SessionTarget {
  readonly server: string;
  readonly startsProcesses: boolean;
  readonly dialect: Dialect;
  /** The same server, once it is known what is spoken with it. */
  speaking(dialect: Dialect): SessionTarget;
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
  { url, headers, dialect = usualDialect }: Pick<HttpSessionOptions, "url" | "headers" | "dialect">,
): SessionTarget {
  return {
    server,
    startsProcesses: false,
    dialect,
    speaking: (other) => httpTarget(server, { url, headers, dialect: other }),
    open: (openSession, { timeoutMs, world, clientName }) =>
      openSession({ url, headers, dialect, timeoutMs, world, clientName }),
  };
}

export function stdioTarget(
  server: StdioServer,
  about: { readonly link: StdioLink; readonly startTimeoutMs: number; readonly dialect?: Dialect },
): SessionTarget {
  const { link, startTimeoutMs, dialect = usualDialect } = about;
  return {
    server: server.name,
    startsProcesses: true,
    dialect,
    speaking: (other) => stdioTarget(server, { ...about, dialect: other }),
    open: async (openSession, { instance, world, clientName }) => {
      const started = await startOf(server, instance);
      const pipe = link.connect(started);
      try {
        const options = { server: server.name, pipe, dialect, timeoutMs: startTimeoutMs, world, clientName };
        const session = await openSession(options);
        started.ready();
        return session;
      } catch (error) {
        // Once that is over it is known whether the process had ended by itself.
        await pipe.close();
        if (error instanceof SessionError && error.endedByProbe) throw error;
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
