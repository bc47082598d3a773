/** How a session with a server is opened: over its URL, or with a process of its own behind a pipe. */
import { messageOf } from "../errors.ts";
import type { StdioLink } from "../links/stdio-link.ts";
import type { StdioProcess, StdioServer } from "../targets/stdio-server.ts";
import { usualDialect, type Dialect } from "../wire/dialect.ts";
import type { Identity, Renewal } from "./identity.ts";
import { SessionError, type HttpSessionOptions, type OpenSession, type Session } from "../wire/session.ts";

export interface SessionTarget {
  readonly server: string;
  readonly startsProcesses: boolean;
  /** Where agents show a token that can be renewed. */
  readonly renewal?: Renewal;
  readonly dialect: Dialect;
  /** The same server, once it is known what is spoken with it. */
  speaking(dialect: Dialect): SessionTarget;
  /**
   * Opens one more session. A SessionError says in one line why there is none; where a person could mend it, its cause
   * is a UserError that tells the rest.
   */
  open(openSession: OpenSession, wanted: WantedSession): Promise<Session>;
}

export interface WantedSession extends Pick<
  HttpSessionOptions,
  "timeoutMs" | "world" | "clientName" | "answered" | "takesTasks" | "listens" | "hears" | "resuming"
> {
  /** Whose session it is: over stdio its process is called so. */
  readonly instance: string;
  /** The agent's number in its group. */
  readonly agent: number;
}

interface HttpAbout extends Pick<HttpSessionOptions, "url" | "headers" | "dialect" | "mask"> {
  /** Absent: nobody in particular. */
  readonly identity?: Identity;
}

export function httpTarget(server: string, about: HttpAbout): SessionTarget {
  const { url, headers, dialect = usualDialect, mask, identity } = about;
  const renewal = identity?.renewal;
  return {
    server,
    startsProcesses: false,
    dialect,
    ...(renewal === undefined ? {} : { renewal }),
    speaking: (other) => httpTarget(server, { ...about, dialect: other }),
    open: async (openSession, { agent, ...wanted }) => {
      const shown = { ...headers, ...identity?.headersOf(agent) };
      const asked = identity?.authorization === undefined ? {} : { authorization: identity.authorization };
      const hidden = mask === undefined ? {} : { mask };
      const options = { url, headers: shown, ...asked, ...hidden, dialect, ...wanted };
      const number = renewal?.number() ?? 0;
      try {
        return await openSession(options);
      } catch (error) {
        if (!(error instanceof SessionError) || error.status !== 401) throw error;
        // Once, as clients do: a server that refuses a new token as well will refuse the next.
        if (renewal === undefined || !(await renewal.renew(number))) throw error;
        return openSession(options);
      }
    },
  };
}

export function stdioTarget(
  server: StdioServer,
  about: {
    readonly link: StdioLink;
    readonly startTimeoutMs: number;
    readonly dialect?: Dialect;
    readonly mask?: (text: string) => string;
    /** Each agent's own, for its process. */
    readonly variablesOf?: (agent: number) => Readonly<Record<string, string>>;
  },
): SessionTarget {
  const { link, startTimeoutMs, dialect = usualDialect, mask, variablesOf } = about;
  const hidden = mask === undefined ? {} : { mask };
  return {
    server: server.name,
    startsProcesses: true,
    dialect,
    speaking: (other) => stdioTarget(server, { ...about, dialect: other }),
    open: async (openSession, { instance, agent, ...wanted }) => {
      const started = await startOf(server, { instance, env: variablesOf?.(agent) ?? {} });
      const pipe = link.connect(started);
      try {
        const options = { ...wanted, server: server.name, pipe, dialect, ...hidden, timeoutMs: startTimeoutMs };
        const session = await openSession(options);
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

async function startOf(
  server: StdioServer,
  { instance, env }: { readonly instance: string; readonly env: Readonly<Record<string, string>> },
): Promise<StdioProcess> {
  try {
    return await server.start(instance, env);
  } catch (cause) {
    throw new SessionError(messageOf(cause).split("\n", 1)[0], { cause });
  }
}
