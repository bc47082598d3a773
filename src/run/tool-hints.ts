/** What tools say of themselves: asked once, with the first session, as clients do that care. */
import { SessionError, type Session } from "../wire/session.ts";

export interface ToolHints {
  /** Of a server that does not answer nothing is known, and the next session asks again. */
  readonly learn: (server: string, session: Session, timeoutMs: number) => Promise<void>;
  readonly isSafe: (server: string, tool: string) => boolean;
}

export function createToolHints(): ToolHints {
  const safe = new Map<string, ReadonlySet<string>>();
  return {
    learn: async (server, session, timeoutMs) => {
      if (safe.has(server)) return;
      try {
        const tools = await session.listTools(timeoutMs);
        const names = tools
          .filter(({ readOnly, idempotent }) => readOnly || idempotent === true)
          .map(({ name }) => name);
        safe.set(server, new Set(names));
      } catch (error) {
        if (!(error instanceof SessionError)) throw error;
      }
    },
    isSafe: (server, tool) => safe.get(server)?.has(tool) === true,
  };
}
