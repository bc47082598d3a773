/**
 * Asking each server what tools it has, past every fault's reach and beside the timeline: nothing waits for an answer
 * but the end of the run. A server that says something else than at first is asked once more, so that a slip is not taken
 * for a loss. At first several sessions ask, for whoever asks must be told the same.
 */
import { messageOf } from "../errors.ts";
import type { Declared } from "../history/declared.ts";
import type { Recorder } from "../history/events.ts";
import type { Listing, ToolsListed } from "../history/listing.ts";
import { listingOf } from "../steps/listing.ts";
import { wires } from "../wire/registry.ts";
import type { Tool } from "../wire/session.ts";
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
  readonly listToolsOf: (server: string, timeoutMs: number) => Promise<readonly Tool[]>;
  /** How many sessions ask when a server is asked first; one where absent. */
  readonly sessionsAtFirst?: (server: string) => number;
  readonly recorder: Recorder;
  readonly world: World;
}

const patienceMs = 5000;
/** When only the end of the run still waits, a server that is not there is given this long to come back. */
const lastPatienceMs = 1000;
const pauseMs = 250;

export function createToolLists({
  servers,
  listToolsOf,
  sessionsAtFirst = () => 1,
  recorder,
  world,
}: ToolListsOptions): ToolLists {
  const first = new Map<string, Listing>();
  /** As the history last said. */
  const told = new Map<string, string>();
  const asking = new Set<Promise<void>>();
  const closed = new AbortController();
  let settlingUs = Number.POSITIVE_INFINITY;

  const record = (server: string, came: Came, beside: Beside = {}): void => {
    if (closed.signal.aborted) return;
    const { tools, listing, failed } = came;
    const news = listing === undefined || told.get(server) === listing.digest ? {} : { listing };
    if (listing !== undefined) told.set(server, listing.digest);
    const why = failed === undefined ? {} : { failed };
    recorder.record({ type: "tools-listed", server, tools, ...news, ...beside, ...why });
  };

  const askOne = async (server: string): Promise<void> => {
    const before = first.get(server);
    const came = await listWithin(server);
    const beside = before === undefined ? await askBeside(server, came) : {};
    record(server, came, beside);
    const { listing } = came;
    if (listing === undefined) return;
    if (before === undefined) {
      first.set(server, listing);
      return;
    }
    if (before.digest === listing.digest || !(await world.sleep(pauseMs, closed.signal))) return;
    record(server, await listWithin(server));
  };

  const askBeside = async (server: string, { listing }: Came): Promise<Beside> => {
    const sessions = sessionsAtFirst(server);
    if (sessions < 2 || listing === undefined) return {};
    const others = await toldOtherwise(listing, {
      sessions,
      ask: () => listWithin(server),
      pause: () => world.sleep(pauseMs, closed.signal),
    });
    return others === undefined ? {} : { sessions, ...(others.length === 0 ? {} : { others }) };
  };

  /** A server may just be coming back: it is asked until the patience ends. */
  const listWithin = async (server: string): Promise<Came> => {
    const fromUs = world.nowUs();
    for (;;) {
      try {
        const leftMs = patienceMs - (world.nowUs() - fromUs) / 1000;
        return cameOf(await listToolsOf(server, leftMs));
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
      await Promise.race([Promise.all(asking), aborted(hurrying)]);
      closed.abort();
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

type Beside = Pick<ToolsListed, "others" | "sessions">;

/**
 * What other sessions are told that is not the same, twice: once may be chance, as while a new version is rolled out.
 * Undefined where they could not all be asked.
 */
async function toldOtherwise(
  { digest }: Listing,
  {
    sessions,
    ask,
    pause,
  }: {
    readonly sessions: number;
    readonly ask: () => Promise<Came>;
    readonly pause: () => Promise<boolean>;
  },
): Promise<readonly Listing[] | undefined> {
  for (let isAgain = false; ; isAgain = true) {
    const strange = new Map<string, Listing>();
    // One after another: a server that has room for few sessions shall lose none of the agents' for this.
    for (let more = 1; more < sessions; more += 1) {
      const { listing } = await ask();
      if (listing === undefined) return undefined;
      if (listing.digest !== digest) strange.set(listing.digest, listing);
    }
    if (strange.size === 0 || isAgain) return [...strange.values()];
    if (!(await pause())) return undefined;
  }
}

/** Over stdio each is a process of its own, and tells nothing of the others; of replicas each shall be met. */
export function sessionsAtFirst({ servers }: Pick<Declared, "servers">, name: string): number {
  const of = servers.find(({ server }) => server === name);
  return of?.transport === "stdio" ? 1 : Math.max(fewSessions, Math.min(manySessions, (of?.replicas?.count ?? 1) + 1));
}

const fewSessions = 3;
const manySessions = 16;

/** In a session of its own. */
export async function listToolsAt(
  target: Pick<SessionTarget, "open" | "startsProcesses">,
  { timeoutMs, world }: { readonly timeoutMs: number; readonly world: World },
): Promise<readonly Tool[]> {
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
    return await session.listTools(leftMs);
  } finally {
    const closed = session.close();
    // Whoever ends the server sees to it that each of its processes ends, however long that takes.
    if (target.startsProcesses) closed.catch(() => {});
    else await closed;
  }
}

/** Their order may change with every asking. */
function cameOf(tools: readonly Tool[]): Came {
  const inOrder = tools.toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
  return { tools: inOrder.map(({ name }) => name), listing: listingOf(inOrder.map(({ entry }) => entry)) };
}

interface Came {
  readonly tools: readonly string[];
  readonly listing?: Listing;
  readonly failed?: string;
}
