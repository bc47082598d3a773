/** Lists that servers said have changed, as marks: what many agents hear of one server in a row is one of them. */
import type { EventOf } from "../history/events.ts";
import type { Figures } from "./figures.ts";
import { counted } from "../units.ts";

interface Bout {
  readonly first: EventOf<"list-changed">;
  lastUs: number;
  count: number;
  readonly agents: Set<string>;
}

/** What comes later than this after the last one is told anew. */
const apartUs = 1_000_000;

export function listMarks(most: number): {
  readonly on: (event: EventOf<"list-changed">) => void;
  readonly end: () => Figures["marks"];
} {
  const bouts: Bout[] = [];
  const latest = new Map<string, Bout>();
  return {
    on: (event) => {
      const { server, list, group, agent, count, atUs } = event;
      const key = `${server} ${list}`;
      const before = latest.get(key);
      if (before !== undefined && atUs - before.lastUs <= apartUs) {
        before.lastUs = atUs;
        before.count += count;
        before.agents.add(`${group}.${agent}`);
      } else if (bouts.length < most) {
        const bout = { first: event, lastUs: atUs, count, agents: new Set([`${group}.${agent}`]) };
        bouts.push(bout);
        latest.set(key, bout);
      }
    },
    end: () => bouts.map((bout) => ({ atUs: bout.first.atUs, says: boutSays(bout) })),
  };
}

function boutSays({ first: { server, list }, count, agents }: Bout): string {
  const often = count > agents.size ? `, ${count} times` : "";
  return `${server} told ${counted(agents.size, "agent")} that its ${list} have changed${often}`;
}
