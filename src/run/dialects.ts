/** What is spoken with each server: what the scenario says, until somebody has spoken with it. */
import type { ScenarioServer } from "../scenario/resolve.ts";
import { dialectOf, type Dialect } from "../wire/dialect.ts";
import type { SessionTarget } from "./session-target.ts";

export interface Dialects {
  readonly speakingTo: (target: SessionTarget) => SessionTarget;
  /** The same for what another thread makes a target of. */
  readonly with: <T extends { readonly server: string }>(target: T) => T & { readonly dialect: Dialect };
  learn(found: ReadonlyMap<string, Dialect>): void;
}

export function createDialects(servers: readonly Pick<ScenarioServer, "name" | "protocol">[]): Dialects {
  const dialects = new Map(servers.map(({ name, protocol }) => [name, dialectOf(protocol)]));
  const of = (server: string): Dialect => {
    const dialect = dialects.get(server);
    if (dialect === undefined) throw new Error(`nothing is called ${server}`);
    return dialect;
  };
  return {
    speakingTo: (target) => target.speaking(of(target.server)),
    with: (target) => ({ ...target, dialect: of(target.server) }),
    learn: (found) => {
      for (const [server, dialect] of found) dialects.set(server, dialect);
    },
  };
}
