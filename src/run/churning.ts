/** Sessions that last no longer than a walk or a call: each is opened for it, and ended behind it. */
import type { Policy } from "../agents/policy.ts";
import { createAgentSessions, type AgentSessions, type AgentSessionsOptions } from "./sessions.ts";
import { createToolHints } from "./tool-hints.ts";

export function openAgentSessions(
  common: Omit<AgentSessionsOptions, "hints" | "neverReconnects">,
  { needsHints, sessions: { each, reconnect } }: Policy,
): AgentSessions {
  const options: AgentSessionsOptions = {
    ...common,
    neverReconnects: reconnect === "never",
    ...(needsHints ? { hints: createToolHints() } : {}),
  };
  const own = createAgentSessions(options);
  if (each === "run") return own;
  const ending = new Set<Promise<void>>();
  const fresh = (): AgentSessions => {
    const sessions = createAgentSessions(options);
    const close = (): Promise<void> => {
      // Nobody waits for farewells but the end of the run.
      const closing = sessions.close().finally(() => ending.delete(closing));
      ending.add(closing);
      return Promise.resolve();
    };
    return { ...sessions, close };
  };
  const close = async (): Promise<void> => {
    await Promise.all(ending);
    await own.close();
  };
  return { ...own, churn: { each, fresh }, close };
}

/** With sessions of its own where the policy has such for each walk, or each call. */
export async function within<T>(
  each: "walk" | "call",
  sessions: AgentSessions,
  use: (sessions: AgentSessions) => Promise<T>,
): Promise<T> {
  if (sessions.churn?.each !== each) return use(sessions);
  const own = sessions.churn.fresh();
  try {
    return await use(own);
  } finally {
    await own.close();
  }
}
