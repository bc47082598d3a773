/**
 * The balance at taps: requests in = answers + eaten + unknown, and none of them is anything else than what its caller
 * and its callee say of it. Each request must carry an op's id of its own, by which its exchange is found.
 */
import type { Exchange, Unstamped } from "../src/history/events.ts";

export interface Balance {
  readonly requests: number;
  readonly answered: number;
  readonly eaten: number;
  /** Whatever else became of them: its caller cannot know whether it was done. */
  readonly unknown: number;
}

/** By link. */
export function balanceOf(events: readonly Unstamped[]): ReadonlyMap<string, Balance> {
  const exchanges = events.filter((event) => event.type === "exchange");
  const links = Map.groupBy(exchanges, ({ link }) => link);
  return new Map(
    [...links].map(([link, of]) => {
      const count = (fate: ReturnType<typeof fateOf>): number => of.filter((one) => fateOf(one) === fate).length;
      return [
        link,
        { requests: of.length, answered: count("answered"), eaten: count("eaten"), unknown: count("unknown") },
      ];
    }),
  );
}

function fateOf({ ended }: Exchange): "answered" | "eaten" | "unknown" {
  return ended === "answered" || ended === "eaten" ? ended : "unknown";
}

/** What both ends of the links say, by the id that the request carried. */
export interface BothEnds {
  /** Whether its caller has got the whole answer. */
  readonly sent: ReadonlyMap<string, boolean>;
  /** How often the callee has acted on it. */
  readonly executed: ReadonlyMap<string, number>;
}

/** Whatever does not go up; nothing where the balance holds. */
export function imbalances(events: readonly Unstamped[], { sent, executed }: BothEnds): string[] {
  const found: string[] = [];
  const fates = new Map<string, Exchange>();
  for (const event of events) {
    if (event.type !== "exchange") continue;
    const [op, ...others] = event.ops;
    if (op === undefined || others.length > 0) found.push(`an exchange is of ${event.ops.length} requests`);
    else if (fates.has(op)) found.push(`${op} is told of twice: ${fates.get(op)?.ended}, ${event.ended}`);
    else if (!sent.has(op)) found.push(`${op} was seen, and nobody has sent it`);
    else fates.set(op, event);
    if (event.ended === "open") found.push(`${op} is still open`);
  }
  for (const [op, answered] of sent) {
    const exchange = fates.get(op);
    const ended = exchange?.ended;
    const times = executed.get(op) ?? 0;
    // A fault may have delivered it twice, or not at all; and what went a second time, a fault behind the tap may swallow.
    const delivered = exchange?.meddled?.delivered ?? 1;
    const says = `${op} was executed ${times} times, delivered ${delivered}, and its exchange is ${ended ?? "missing"}`;
    if (answered && ended !== "answered") found.push(`${op} was answered, and its exchange is ${ended ?? "missing"}`);
    if ((ended === "answered" || ended === "eaten") && times < Math.min(1, delivered)) found.push(says);
    if ((ended === undefined || ended === "refused" || ended === "lost") && times > 0) found.push(says);
    if (times > delivered) found.push(says);
  }
  for (const [link, { requests, answered, eaten, unknown }] of balanceOf(events)) {
    if (requests !== answered + eaten + unknown)
      found.push(`${link}: ${requests} requests in, ${answered + eaten + unknown} out`);
  }
  return found;
}
