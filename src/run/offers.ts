/** What the agents of a group tell a server that they can: answer what it asks back, wait for tasks, and listen. */
import type { AskMethod } from "../history/asked-events.ts";
import type { ScenarioGroup } from "../scenario/resolve.ts";
import { isAskMethod } from "../wire/asked-back.ts";
import type { SessionOptions } from "../wire/session.ts";

export type Offers = Pick<SessionOptions, "answered" | "takesTasks" | "listens">;

/** All that any of their steps with it has a script for. */
export function offersIn({ steps, listens }: Pick<ScenarioGroup, "steps" | "listens">): (server: string) => Offers {
  const answered = new Map<string, Set<AskMethod>>();
  for (const { server, answers = {} } of steps) {
    const known = answered.get(server) ?? new Set();
    for (const method of Object.keys(answers)) if (isAskMethod(method)) answered.set(server, known.add(method));
  }
  const tasked = new Set(steps.filter(({ kind }) => kind === "task").map(({ server }) => server));
  return (server) => {
    const methods = answered.get(server);
    return {
      ...(methods === undefined ? {} : { answered: [...methods] }),
      ...(tasked.has(server) ? { takesTasks: true } : {}),
      ...(listens === true ? { listens } : {}),
    };
  };
}
