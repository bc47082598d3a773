/** Sessions that were lost or not opened, as marks: what befalls many agents in a row for one reason is one of them. */
import type { EventOf } from "../history/events.ts";
import type { Figures } from "./figures.ts";

type Mark = Figures["marks"][number];

interface Bout {
  readonly first: EventOf<"session">;
  lastUs: number;
  readonly agents: Set<string>;
}

/** What comes later than this after the last one is told anew. */
const apartUs = 1_000_000;

export function sessionMarks(most: number): {
  readonly on: (event: EventOf<"session">) => void;
  readonly end: () => readonly Mark[];
} {
  const bouts: Bout[] = [];
  const latest = new Map<string, Bout>();
  return {
    on: (event) => {
      const { edge, server, because, group, agent, atUs } = event;
      if (edge !== "lost" && edge !== "failed") return;
      const key = [edge, server, because].join("\n");
      const before = latest.get(key);
      if (before !== undefined && atUs - before.lastUs <= apartUs) {
        before.lastUs = atUs;
        before.agents.add(`${group}.${agent}`);
      } else if (bouts.length < most) {
        const bout = { first: event, lastUs: atUs, agents: new Set([`${group}.${agent}`]) };
        bouts.push(bout);
        latest.set(key, bout);
      }
    },
    end: () => bouts.map((bout) => ({ atUs: bout.first.atUs, says: boutSays(bout) })),
  };
}

function boutSays({ first, agents }: Bout): string {
  const { edge, server, because } = first;
  const others = agents.size - 1;
  const who = `${first.group}.${first.agent}${others === 0 ? "" : ` and ${others} more`}`;
  const session = others === 0 ? "its session" : "their sessions";
  const what =
    edge === "lost"
      ? `lost ${session} with`
      : others === 0
        ? "could not open a session with"
        : "could not open sessions with";
  return `${who} ${what} ${server}${because === undefined ? "" : `: ${because}`}`;
}
