/** What servers listed from moment to moment, past every link and where no fault touched them. */
import { callsTool, type Declared } from "../history/declared.ts";
import type { EventOf } from "../history/events.ts";
import type { ListedEntry, Listing } from "../history/listing.ts";
import type { HistoryRecord } from "../history/records.ts";
import { followTouched } from "./touched-servers.ts";
import { toolChanges, type ToolChange } from "./tool-changes.ts";

type Asked = EventOf<"tools-listed">;

export interface Seen {
  readonly id: string;
  readonly atUs: number;
  /** Empty before the first. */
  readonly phase: string;
  readonly digest: string;
}

export interface ListedAgain {
  readonly server: string;
  /** Only answered ones, the first before any phase. */
  readonly seen: readonly Seen[];
  readonly tools: number;
  /** Of what held on, or was the last, against the first. */
  readonly changes: readonly SeenChange[];
  /** What sessions that asked at the same moment were told otherwise. */
  readonly varies:
    | { readonly id: string; readonly sessions: number; readonly changes: readonly ToolChange[] }
    | undefined;
  /** Why it could not be asked, the last time. */
  readonly failed: string | undefined;
}

export interface SeenChange extends ToolChange {
  /** When it was seen first, and when it was not there yet. */
  readonly at: Seen;
  readonly before: Seen;
}

export interface ListedAgainFold {
  readonly on: (record: HistoryRecord) => void;
  readonly end: () => readonly ListedAgain[];
}

interface Following {
  readonly seen: Seen[];
  readonly entries: Map<string, readonly ListedEntry[]>;
  /** As it was told last, whenever that was. */
  digest: string | undefined;
  varies: ListedAgain["varies"];
  failed: string | undefined;
}

export function followListings(declared: Declared): ListedAgainFold {
  const touched = followTouched(declared);
  const names = declared.servers
    .map(({ server }) => server)
    .filter((server) => declared.steps.some((step) => step.server === server && callsTool(step)));
  const all = new Map(names.map((server) => [server, openFollowing()]));
  let phase = "";

  const take = (record: Asked, of: Following): void => {
    const { listing, failed } = record;
    if (listing !== undefined) {
      of.digest = listing.digest;
      of.entries.set(listing.digest, listing.entries);
    }
    of.failed = failed;
    if (failed !== undefined || of.digest === undefined || touched.has(record.server)) return;
    of.varies ??= variationIn(record, of);
    const { id, atUs } = record;
    of.seen.push({ id, atUs, phase, digest: of.digest });
  };

  return {
    on: (record) => {
      touched.on(record);
      if (record.type === "phase" && record.edge === "start") phase = record.phase;
      if (record.type !== "tools-listed") return;
      const of = all.get(record.server);
      if (of !== undefined) take(record, of);
    },
    end: () => [...all].map(([server, of]) => comparedWithFirst(server, of)),
  };
}

function openFollowing(): Following {
  return { seen: [], entries: new Map(), digest: undefined, varies: undefined, failed: undefined };
}

function variationIn({ id, others = [], sessions = others.length + 1 }: Asked, of: Following): ListedAgain["varies"] {
  if (others.length === 0) return undefined;
  const entries = of.entries.get(of.digest ?? "") ?? [];
  const changes = others.flatMap((other: Listing) => toolChanges(entries, other.entries));
  return { id, sessions, changes: onceEach(changes) };
}

function comparedWithFirst(server: string, { seen, entries, varies, failed }: Following): ListedAgain {
  const [first, ...later] = seen;
  const isFirst = first?.phase === "";
  const then = entries.get(first?.digest ?? "") ?? [];
  const changes = later.flatMap((at, index): SeenChange[] => {
    const before = later[index - 1] ?? first;
    // A slip is none: what was right again at once has not changed.
    if (before === undefined || at.digest === first?.digest || later[index + 1]?.digest === first?.digest) return [];
    return toolChanges(then, entries.get(at.digest) ?? []).map((change) => ({ ...change, at, before }));
  });
  return { server, seen: isFirst ? seen : [], tools: then.length, changes: onceEach(changes), varies, failed };
}

function onceEach<T extends ToolChange>(changes: readonly T[]): T[] {
  return [...Map.groupBy(changes, ({ says }) => says).values()].flatMap(([first]) =>
    first === undefined ? [] : [first],
  );
}
