/** What the agents of a group will answer that a server asks back: all that any of their steps with it has a script for. */
import type { AskMethod } from "../history/asked-events.ts";
import type { ScenarioGroup } from "../scenario/resolve.ts";
import { isAskMethod } from "../wire/asked-back.ts";

/** Undefined where nothing is answered. */
export function answeredIn({
  steps,
}: Pick<ScenarioGroup, "steps">): (server: string) => readonly AskMethod[] | undefined {
  const answered = new Map<string, Set<AskMethod>>();
  for (const { server, answers = {} } of steps) {
    const known = answered.get(server) ?? new Set();
    for (const method of Object.keys(answers)) if (isAskMethod(method)) answered.set(server, known.add(method));
  }
  const lists = new Map([...answered].map(([server, methods]) => [server, [...methods]]));
  return (server) => lists.get(server);
}
