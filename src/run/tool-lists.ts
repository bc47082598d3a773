/**
 * Asking each server what tools it has, past every fault's reach and beside the timeline: nothing waits for an answer
 * but the end of the run. A server that says less than at first is asked once more, so that a slip is not taken for a loss.
 */
import { messageOf } from "../errors.ts";
import type { Recorder } from "../history/events.ts";
import { wires } from "../wire/registry.ts";
import type { World } from "../world.ts";
import type { SessionTarget } from "./session-target.ts";

export interface ToolLists {
  /** Asks every server, or these; resolves when all have answered or are given up. Calls need not be awaited. */
  ask(these?: readonly string[]): Promise<void>;
  /** Resolves when nothing is asked any more; when the signal aborts, what is still asked is not recorded. */
  settle(hurrying: AbortSignal): Promise<void>;
}

export interface ToolListsOptions {
  readonly servers: readonly string[];
  /** In a session of its own that no link sees; rejects with the reason where it cannot be asked. */
  readonly listToolsOf: (server: string, timeoutMs: number) => Promise<readonly string[]>;
  readonly recorder: Recorder;
  readonly world: World;
}

const patienceMs = 5000;
/** When only the end of the run still waits, a server that is not there is given this long to come back. */
const lastPatienceMs = 1000;
const pauseMs = 250;

export function createToolLists({ servers, listToolsOf, recorder, world }: ToolListsOptions): ToolLists {
  const first = new Map<string, readonly string[]>();
  const asking = new Set<Promise<void>>();
  const closed = new AbortController();
  let settlingUs = Number.POSITIVE_INFINITY;

  const record = (server: string, came: Came): void => {
    if (!closed.signal.aborted) recorder.record({ type: "tools-listed", server, ...came });
  };

  const askOne = async (server: string): Promise<void> => {
    const came = await listWithin(server);
    record(server, came);
    if (came.failed !== undefined) return;
    const known = first.get(server) ?? came.tools;
    first.set(server, known);
    if (known.every((tool) => came.tools.includes(tool)) || !(await world.sleep(pauseMs, closed.signal))) return;
    record(server, await listWithin(server));
  };

  /** A server may just be coming back: it is asked until the patience ends. */
  const listWithin = async (server: string): Promise<Came> => {
    const fromUs = world.nowUs();
    for (;;) {
      try {
        const leftMs = patienceMs - (world.nowUs() - fromUs) / 1000;
        return { tools: [...(await listToolsOf(server, leftMs))].sort() };
      } catch (error) {
        const untilUs = Math.min(fromUs + patienceMs * 1000, settlingUs + lastPatienceMs * 1000);
        const isOver = untilUs - world.nowUs() < pauseMs * 1000;
        if (isOver || !(await world.sleep(pauseMs, closed.signal))) return { tools: [], failed: messageOf(error) };
      }
    }
  };

  return {
    ask: async (these = servers) => {
      const asked = Promise.all(these.map(askOne)).then(() => undefined);
      asking.add(asked);
      await asked.finally(() => asking.delete(asked));
    },
    settle: async (hurrying) => {
      settlingUs = world.nowUs();
      const hurried = new Promise<void>((resolve) => {
        if (hurrying.aborted) resolve();
        hurrying.addEventListener("abort", () => resolve(), { once: true });
      });
      await Promise.race([Promise.all(asking), hurried]);
      closed.abort();
    },
  };
}

/** In a session of its own. */
export async function listToolsAt(
  target: Pick<SessionTarget, "open" | "startsProcesses">,
  { timeoutMs, world }: { readonly timeoutMs: number; readonly world: World },
): Promise<readonly string[]> {
  const askedUs = world.nowUs();
  const session = await target.open(wires.lean, {
    instance: "tools",
    agent: 0,
    timeoutMs,
    world,
    clientName: "squall tools",
  });
  try {
    // How long a process of its own takes to start is bounded by its start's own patience, and is none of the listing's.
    const fromUs = target.startsProcesses ? world.nowUs() : askedUs;
    const leftMs = Math.max(1, timeoutMs - (world.nowUs() - fromUs) / 1000);
    return (await session.listTools(leftMs)).map(({ name }) => name);
  } finally {
    const closed = session.close();
    // Whoever ends the server sees to it that each of its processes ends, however long that takes.
    if (target.startsProcesses) closed.catch(() => {});
    else await closed;
  }
}

interface Came {
  readonly tools: readonly string[];
  readonly failed?: string;
}
