/**
 * What an agent's session hears unasked, as the history has it: the first of its kind at once, the rest as counts, so that
 * no server can fill a history by it.
 */
import type { Recorder, Unstamped } from "../history/events.ts";
import type { ListKind } from "../history/list-changes.ts";
import { ofToken } from "../history/progress.ts";
import type { Hears, Stray } from "../wire/ear.ts";

interface Hearing extends Hears {
  /** How often the server has said that this list changed. */
  readonly changesOf: (list: ListKind) => number;
  /** Writes down what has only been counted. */
  readonly end: () => void;
}

interface HearingOptions {
  readonly recorder: Recorder;
  readonly group: string;
  readonly agent: number;
  readonly server: string;
}

/** What an agent hears in its sessions, by server. */
export function openHearings(about: Omit<HearingOptions, "server">) {
  const hearings = new Map<string, Hearing>();
  return {
    /** For a session that is opened now, which takes the place of the one before. */
    begin: (server: string): Hears => {
      hearings.get(server)?.end();
      const hearing = openHearing({ ...about, server });
      hearings.set(server, hearing);
      return hearing;
    },
    changesOf: (server: string, list: ListKind): number => hearings.get(server)?.changesOf(list) ?? 0,
    end: (): void => {
      for (const hearing of hearings.values()) hearing.end();
    },
  };
}

type Counted = Extract<Unstamped, { readonly type: "list-changed" | "stray-progress" }>;

interface Tally {
  readonly event: Counted;
  atUs: number;
  unsaid: number;
}

/** A list that changes more often has still changed. */
const everyUs = 100_000;
/** Of one session: of more strays than that nobody needs to know whose each was. */
const namedMost = 100;

function openHearing({ recorder, ...place }: HearingOptions): Hearing {
  const tallies = new Map<string, Tally>();
  const changes = new Map<ListKind, number>();

  const count = (key: string, event: Counted, againAfterUs: number): void => {
    const atUs = recorder.nowUs();
    const tally = tallies.get(key);
    if (tally === undefined) {
      tallies.set(key, { event, atUs, unsaid: 0 });
      recorder.record(event);
      return;
    }
    tally.unsaid += 1;
    if (atUs - tally.atUs < againAfterUs) return;
    recorder.record({ ...event, count: tally.unsaid });
    tally.unsaid = 0;
    tally.atUs = atUs;
  };

  return {
    onListChanged: (list) => {
      changes.set(list, (changes.get(list) ?? 0) + 1);
      count(list, { type: "list-changed", ...place, list, count: 1 }, everyUs);
    },
    onStray: (stray) => {
      const named = `${stray.is} ${stray.inOrder} ${stray.ours ?? ""}`;
      const isNamed = tallies.has(named) || tallies.size < namedMost;
      const key = isNamed ? named : `${stray.is} ${stray.inOrder}`;
      count(key, { type: "stray-progress", ...place, ...saidOf(stray, isNamed), count: 1 }, Number.POSITIVE_INFINITY);
    },
    changesOf: (list) => changes.get(list) ?? 0,
    end: () => {
      for (const tally of tallies.values()) {
        if (tally.unsaid > 0) recorder.record({ ...tally.event, count: tally.unsaid });
        tally.unsaid = 0;
      }
    },
  };
}

function saidOf({ is, ours, inOrder }: Stray, isNamed: boolean) {
  return {
    is,
    ...(isNamed && ours !== undefined ? ofToken(ours) : {}),
    ...(inOrder ? { inOrder: true as const } : {}),
  };
}
