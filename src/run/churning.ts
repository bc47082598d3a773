/** Sessions that last no longer than a walk or a call: each is opened for it, and ended behind it. */
import type { Discovery, Policy } from "../agents/policy.ts";
import { createAgentSessions, type AgentSessions, type AgentSessionsOptions } from "./sessions.ts";
import { createCatalogue, type Catalogue } from "./catalogue.ts";
import { createToolHints } from "./tool-hints.ts";

export function openAgentSessions(
  common: Omit<AgentSessionsOptions, "hints" | "catalogue" | "neverReconnects" | "abandons" | "resuming">,
  { needsHints, discovery, sessions: { each, count, end }, reconnect }: Policy,
): AgentSessions {
  const options: AgentSessionsOptions = {
    ...common,
    neverReconnects: reconnect.session === "never",
    abandons: end === "abandon",
    ...(reconnect.resuming === undefined ? {} : { resuming: reconnect.resuming }),
    ...(needsHints ? { hints: createToolHints() } : {}),
    ...(discovery === undefined ? {} : { catalogue: cataloguesOf(discovery, common) }),
  };
  const own = createAgentSessions(options);
  if (each === "run") return own;
  const leases = openLeases(count, () => createAgentSessions(options));
  const close = async (): Promise<void> => {
    await leases.close();
    await own.close();
  };
  return { ...own, churn: { each, fresh: leases.take }, close };
}

interface Lease {
  readonly sessions: AgentSessions;
  /** How many have begun to use it, and how many of these are not done with it. */
  taken: number;
  busy: number;
}

/** Sessions for so many uses each. Whoever begins while the last of these is still under way has the next ones. */
function openLeases(count: number, open: () => AgentSessions) {
  const ending = new Set<Promise<void>>();
  let current: Lease | undefined;
  const end = ({ sessions }: Lease): void => {
    // Nobody waits for farewells but the end of the run.
    const closing = sessions.close().finally(() => ending.delete(closing));
    ending.add(closing);
  };
  return {
    take: (): AgentSessions => {
      const lease: Lease = current ?? { sessions: open(), taken: 0, busy: 0 };
      lease.taken += 1;
      lease.busy += 1;
      current = lease.taken < count ? lease : undefined;
      const close = (): Promise<void> => {
        lease.busy -= 1;
        if (lease.busy === 0 && lease !== current) end(lease);
        return Promise.resolve();
      };
      return { ...lease.sessions, close };
    },
    close: async (): Promise<void> => {
      if (current !== undefined) end(current);
      current = undefined;
      await Promise.all(ending);
    },
  };
}

/** What is believed for ever is shared by all of its sessions. */
function cataloguesOf(discovery: Discovery, common: Parameters<typeof createCatalogue>[1]): () => Catalogue {
  const shared = createCatalogue(discovery, common);
  return () => (discovery.keeps === "run" ? shared : createCatalogue(discovery, common));
}

/** With sessions of its own where the policy has such for each walk, or each call. */
export function within<T>(
  each: "walk" | "call",
  sessions: AgentSessions,
  use: (sessions: AgentSessions) => Promise<T>,
): Promise<T> {
  return sessions.churn?.each === each ? withOwn(sessions.churn.fresh(), use) : use(sessions);
}

async function withOwn<T>(own: AgentSessions, use: (sessions: AgentSessions) => Promise<T>): Promise<T> {
  try {
    return await use(own);
  } finally {
    await own.close();
  }
}
