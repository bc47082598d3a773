/** One agent's sessions, one for each server it calls; opened before the run, and again where the server lost one. */
import type { Recorder } from "../history/events.ts";
import { SessionError, type OpenSession, type Resuming, type Session } from "../wire/session.ts";
import type { World } from "../world.ts";
import type { ListKind } from "../history/list-changes.ts";
import type { FittedCall, WantedCall } from "../agents/fitted-call.ts";
import type { At, Catalogue } from "./catalogue.ts";
import { openHearings } from "./hearing.ts";
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
  /** How often this server has said, in the session that is open, that the list has changed. */
  listChanges?(server: string, list: ListKind): number;
  /** Where it lists what its servers have: its calls by that. */
  readonly tools?: ListedTools;
  /** Where this server is shown a token that can be renewed. */
  renewal?(server: string): Renewal | undefined;
  close(): Promise<void>;
  /** Where its policy has new ones for each walk or call. */
  readonly churn?: { readonly each: "walk" | "call"; readonly fresh: () => AgentSessions };
}

export interface ListedTools {
  readonly fitted: (server: string, session: Session, about: Listed) => Promise<FittedCall | undefined>;
  readonly isMended: (server: string, session: Session, about: Listed) => Promise<boolean>;
}

export interface Listed {
  readonly call: WantedCall;
  /** Nobody waits longer for a list. */
  readonly timeoutMs: number;
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
  /** It lists what each server has, and calls by that. */
  readonly catalogue?: () => Catalogue;
  /** A session that is lost is used on, as SDKs do. */
  readonly neverReconnects?: boolean;
  /** Sessions end without a word to their servers. */
  readonly abandons?: boolean;
  /** What lost event streams did not bring is asked for. */
  readonly resuming?: Resuming;
}

export function createAgentSessions(options: AgentSessionsOptions): AgentSessions {
  const { group, agent, openSession, recorder, world, timeoutMs, hints } = options;
  const sessions = new Map<string, Session>();
  const catalogue = options.catalogue?.();
  const hearings = openHearings({ recorder, group, agent });
  const retired = new Set<Session>();
  // Walks of one agent may overlap; they share the session and its opening.
  const opening = new Map<string, Promise<MaybeSession>>();

  const targetOf = (server: string): SessionTarget => targetIn(options, server);

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

  const at = (server: string, session: Session, leftMs: number): At => {
    return { server, session, timeoutMs: leftMs, heard: () => hearings.changesOf(server, "tools") };
  };

  const openNew = async (server: string): Promise<MaybeSession> => {
    const target = targetOf(server);
    try {
      const instance = `${group}.${agent}`;
      const offers = options.offersTo?.(server);
      const habits = { hears: hearings.begin(server), ...offers, ...resumingAs(options) };
      const wanted = { instance, agent, timeoutMs, world, clientName: `squall ${instance}`, ...habits };
      const session = await target.open(openSession, wanted);
      sessions.set(server, session);
      const { protocolVersion, listens } = session;
      const named = session.hasId ? { named: true as const } : {};
      const heard = listens === undefined ? {} : { listens };
      recorder.record({ type: "session", group, agent, server, edge: "opened", protocolVersion, ...named, ...heard });
      await hints?.learn(server, session, timeoutMs);
      await catalogue?.opened(at(server, session, timeoutMs));
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
    ...(catalogue === undefined ? {} : { tools: toolsBy(catalogue, at) }),
    listChanges: hearings.changesOf,
    renewal: (server) => targetOf(server).renewal,
    close: async () => {
      const { end, marks } = options.abandons === true ? abandoning : closing;
      await Promise.all([...retired, ...sessions.values()].map(end));
      hearings.end();
      for (const server of sessions.keys()) {
        recorder.record({ type: "session", group, agent, server, edge: "closed", ...marks });
      }
      sessions.clear();
    },
  };
}

function targetIn({ group, agent, targets }: AgentSessionsOptions, server: string): SessionTarget {
  const target = targets.find((candidate) => candidate.server === server);
  if (target === undefined) throw new Error(`agent ${group}.${agent} has no link to ${server}`);
  return target;
}

function toolsBy(catalogue: Catalogue, at: (server: string, session: Session, timeoutMs: number) => At): ListedTools {
  return {
    fitted: (server, session, { call, timeoutMs }) => catalogue.fitted(at(server, session, timeoutMs), call),
    isMended: (server, session, { call, timeoutMs }) => catalogue.isMended(at(server, session, timeoutMs), call),
  };
}

const closing = { end: (session: Session): Promise<void> => session.close(), marks: {} };

const abandoning = {
  end: (session: Session): Promise<void> => session.abandon?.() ?? session.close(),
  marks: { abandoned: true as const },
};

function resumingAs({ resuming }: AgentSessionsOptions): Pick<AgentSessionsOptions, "resuming"> {
  return resuming === undefined ? {} : { resuming };
}
