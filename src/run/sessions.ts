/** One agent's sessions, one for each server it calls; opened before the run, and again where the server lost one. */
import type { Recorder } from "../history/events.ts";
import { SessionError, type OpenSession, type Session } from "../wire/session.ts";
import type { World } from "../world.ts";
import type { Offers } from "./offers.ts";
import type { Renewal } from "./identity.ts";
import type { SessionTarget } from "./session-target.ts";
import type { ToolHints } from "./tool-hints.ts";

/** A session, or why there is none. */
export type MaybeSession =
  | Session
  | {
      readonly failed: string;
      /** The server had opened it, and then knew nothing of it. */
      readonly isLoss?: boolean;
    };

export interface AgentSessions {
  /** The session with this server: at once where it is open, as it nearly always is. */
  open(server: string): Session | Promise<MaybeSession>;
  /** The server's tool says that a repeat changes nothing; false where nobody has asked. */
  isSafe?(server: string, tool: string): boolean;
  /** Where this server is shown a token that can be renewed. */
  renewal?(server: string): Renewal | undefined;
  close(): Promise<void>;
  /** Where its policy has new ones for each walk or call. */
  readonly churn?: { readonly each: "walk" | "call"; readonly fresh: () => AgentSessions };
}

export interface AgentSessionsOptions {
  readonly group: string;
  readonly agent: number;
  readonly targets: readonly SessionTarget[];
  readonly openSession: OpenSession;
  readonly recorder: Recorder;
  readonly world: World;
  readonly timeoutMs: number;
  /** What it tells this server that it can. */
  readonly offersTo?: (server: string) => Offers;
  /** It asks each server what its tools say of themselves. */
  readonly hints?: ToolHints;
  /** A session that is lost is used on, as SDKs do. */
  readonly neverReconnects?: boolean;
}

export function createAgentSessions(options: AgentSessionsOptions): AgentSessions {
  const { group, agent, targets, openSession, recorder, world, timeoutMs, hints } = options;
  const sessions = new Map<string, Session>();
  const retired = new Set<Session>();
  // Walks of one agent may overlap; they share the session and its opening.
  const opening = new Map<string, Promise<MaybeSession>>();

  const targetOf = (server: string): SessionTarget => {
    const target = targets.find((candidate) => candidate.server === server);
    if (target === undefined) throw new Error(`agent ${group}.${agent} has no link to ${server}`);
    return target;
  };

  const retire = (server: string, session: Session): void => {
    sessions.delete(server);
    retired.add(session);
    recorder.record({ type: "session", group, agent, server, edge: "lost" });
    // Calls of other walks may still be under way in it; but those of a process have ended with it. What cannot be
    // closed now is told when all is closed.
    if (!targetOf(server).startsProcesses) return;
    session.close().then(
      () => retired.delete(session),
      () => {},
    );
  };

  const openNew = async (server: string): Promise<MaybeSession> => {
    const target = targetOf(server);
    try {
      const instance = `${group}.${agent}`;
      const offers = options.offersTo?.(server);
      const wanted = { instance, agent, timeoutMs, world, clientName: `squall ${instance}`, ...offers };
      const session = await target.open(openSession, wanted);
      sessions.set(server, session);
      const { protocolVersion } = session;
      const named = session.hasId ? { named: true as const } : {};
      recorder.record({ type: "session", group, agent, server, edge: "opened", protocolVersion, ...named });
      await hints?.learn(server, session, timeoutMs);
      return session;
    } catch (error) {
      if (!(error instanceof SessionError)) throw error;
      const { message: because, isLoss } = error;
      const named = isLoss ? { named: true as const } : {};
      recorder.record({ type: "session", group, agent, server, edge: "failed", because, ...named });
      return { failed: because, isLoss };
    }
  };

  const open = (server: string): Session | Promise<MaybeSession> => {
    const live = sessions.get(server);
    if (live !== undefined && (!live.lost || options.neverReconnects === true)) return live;
    if (live !== undefined) retire(server, live);
    const pending = opening.get(server) ?? openNew(server).finally(() => opening.delete(server));
    opening.set(server, pending);
    return pending;
  };

  return {
    open,
    ...(hints === undefined ? {} : { isSafe: hints.isSafe }),
    renewal: (server) => targetOf(server).renewal,
    close: async () => {
      await Promise.all([...retired, ...sessions.values()].map((session) => session.close()));
      for (const server of sessions.keys()) recorder.record({ type: "session", group, agent, server, edge: "closed" });
      sessions.clear();
    },
  };
}
