/** The defect of timeout-cascade, put into a history: calls that are cancelled while their work behind goes on and on. */
import type { EventOf, HistoryEvent, Stamp } from "../history/events.ts";
import type { Plant } from "./check.ts";

type Exchange = EventOf<"exchange">;

const patienceUs = 500_000;
/** A request ends about when its call does; who waits for it for longer than for so many calls waits in vain. */
const callsMax = 10_000;

interface Call {
  readonly started: EventOf<"op-started">;
  readonly asked: Exchange | undefined;
  readonly ended: boolean;
}

/**
 * After the first op whose upstream request carries its id come copies of it that get no answer; their upstream
 * requests end much too late. Where an id never gets that far, nothing can be planted, as nothing could be found.
 */
export function plantOrphans(
  watched: ReadonlyMap<string, string>,
  { stopUs, count }: { readonly stopUs: number; readonly count: number },
): Plant {
  const calls = new Map<string, Call>();
  let dueUs: number | undefined;
  let due: readonly Exchange[] = [];

  return (event) => {
    if (dueUs !== undefined) {
      const isDue = due.length > 0 && (event.atUs >= dueUs || event.type === "run-ended");
      if (!isDue) return undefined;
      const atUs = Math.min(event.atUs, dueUs);
      const late = due.map((exchange) => ({ ...exchange, atUs }));
      due = [];
      return [...late, event];
    }
    const call = follow(event, calls, watched);
    if (call?.asked === undefined || !call.ended) return undefined;
    const { started, asked } = call;
    const copies = Array.from({ length: count }, (_, n) => cancelledCopy({ started, asked, at: event, n }));
    dueUs = event.atUs + 1.5 * stopUs;
    due = copies.map(({ exchange }) => exchange);
    return [event, ...copies.flatMap(({ events }) => events)];
  };
}

/** The call that this event belongs to, as far as it is known by now; its request may end before it or after. */
function follow(event: HistoryEvent, calls: Map<string, Call>, watched: ReadonlyMap<string, string>): Call | undefined {
  if (event.type === "op-started") {
    calls.set(event.op, { started: event, asked: undefined, ended: false });
    const [oldest = ""] = calls.size > callsMax ? calls.keys() : [];
    calls.delete(oldest);
  }
  const op = event.type === "op-ended" ? event.op : event.type === "exchange" ? event.ops[0] : undefined;
  const known = op === undefined ? undefined : calls.get(op);
  if (known === undefined) return undefined;
  const isOwn = event.type === "exchange" && event.ops.length === 1 && watched.get(event.link) === known.started.server;
  const call: Call = {
    started: known.started,
    asked: isOwn ? event : known.asked,
    ended: known.ended || event.type === "op-ended",
  };
  calls.set(known.started.op, call);
  return call;
}

function cancelledCopy({
  started,
  asked,
  at,
  n,
}: {
  readonly started: EventOf<"op-started">;
  readonly asked: Exchange;
  readonly at: Stamp;
  readonly n: number;
}): { readonly events: readonly HistoryEvent[]; readonly exchange: Exchange } {
  const op = `${started.op}~planted${n}`;
  const stamp = (part: string): Stamp => ({ id: `${at.id}~planted${n}${part}`, atUs: at.atUs });
  const startedUs = at.atUs - patienceUs;
  const { leftUs: _, ...request } = asked;
  return {
    events: [
      { ...started, ...stamp("a"), op },
      {
        type: "attempt",
        ...stamp("b"),
        op,
        attempt: 1,
        startedUs,
        class: "timeout",
        outcome: "unknown",
        onTimeout: "cancel",
      },
      { type: "op-ended", ...stamp("c"), op, outcome: "unknown" },
    ],
    exchange: { ...request, ...stamp("d"), ops: [op], attempt: 1, startedUs, ended: "closed" },
  };
}
