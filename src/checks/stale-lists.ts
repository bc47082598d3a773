/**
 * Agents who go on by a list that a fault had changed on its way: their server never changed, the trouble is over, and
 * their calls are refused or not made at all, because they list no more.
 */
import type { EventOf } from "../history/events.ts";
import type { Declared } from "../history/declared.ts";
import type { HistoryRecord, OpRecord } from "../history/records.ts";
import { refusesCall } from "../history/refusals.ts";
import { counted } from "../units.ts";
import { witnessesMax, type Finding } from "./check.ts";
import type { ListedAgain } from "./listed-again.ts";
import { followTouched } from "./touched-servers.ts";

type Told = Pick<EventOf<"discovered">, "id" | "atUs" | "digest"> & { readonly inTrouble: boolean };

interface Stale {
  readonly group: string;
  readonly server: string;
  readonly digest: string;
  count: number;
  readonly events: string[];
  readonly ops: string[];
}

export interface StaleListsFold {
  readonly on: (record: HistoryRecord) => void;
  readonly end: (listed: readonly ListedAgain[]) => readonly Finding[];
}

/** Of one agent and one server; ops are told late, but not that late. */
const keptMax = 20;

export function followStaleLists(declared: Declared): StaleListsFold {
  const touched = followTouched(declared);
  const lists = new Map<string, Told[]>();
  const stale = new Map<string, Stale>();
  /** What servers told agents themselves, with no fault on: that may depend on who asks. */
  const own = new Set<string>();

  const onDiscovered = ({ id, atUs, digest, failed, group, agent, server }: EventOf<"discovered">): void => {
    if (failed !== undefined) return;
    const key = `${group}.${agent} ${server}`;
    if (!touched.has(server)) own.add(`${group} ${server} ${digest}`);
    const told = [...(lists.get(key) ?? []), { id, atUs, digest, inTrouble: touched.has(server) }];
    lists.set(key, told.slice(-keptMax));
  };

  const onOp = ({ op, started, outcome, attempts, faults }: OpRecord): void => {
    if (outcome !== "failed" || faults.length > 0) return;
    const last = attempts.at(-1);
    if (last === undefined || !(last.class === "not-listed" || refusesCall(last))) return;
    const { group, agent, server } = started;
    const held = lists.get(`${group}.${agent} ${server}`)?.findLast(({ atUs }) => atUs <= last.startedUs);
    if (held?.inTrouble !== true) return;
    const key = `${group} ${server} ${held.digest}`;
    const all = stale.get(key) ?? { group, server, digest: held.digest, count: 0, events: [held.id], ops: [] };
    stale.set(key, all);
    all.count += 1;
    if (all.ops.length < witnessesMax) {
      all.ops.push(op);
      if (all.events.length < witnessesMax) all.events.push(last.id);
    }
  };

  return {
    on: (record) => {
      touched.on(record);
      if (record.type === "discovered") onDiscovered(record);
      else if (record.type === "op") onOp(record);
    },
    end: (listed) =>
      // Whom it hurt most comes first; who failed first is chance.
      [...stale.entries()]
        .toSorted(([, a], [, b]) => b.count - a.count)
        .flatMap(([key, of]) => {
          if (own.has(key)) return [];
          const server = listed.find((one) => one.server === of.server);
          const isSteady = server !== undefined && server.changes.length === 0 && server.varies === undefined;
          const isRight = server?.seen.some(({ digest }) => digest === of.digest) === true;
          return isSteady && server.seen.length > 0 && !isRight ? [findingAbout(of)] : [];
        }),
  };
}

function findingAbout({ group, server, count, events, ops }: Stale): Finding {
  return {
    grade: "weakness",
    blames: "agents",
    says: `${counted(count, "call")} of ${group} failed after the trouble was over: they go by a list of ${server} from within it, and list no more`,
    why: "The server is as it was, and its agents fail until somebody restarts them.",
    fix: "List again when a call is refused for its tool or its arguments, and when the server says that its list changed.",
    witness: { events, ops },
  };
}
