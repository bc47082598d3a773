/** What is spoken with each server: what the scenario says, until somebody has spoken with it. */
import { UserError } from "../errors.ts";
import { faultKindNamed } from "../faults/registry.ts";
import { noAnswersOfItsOwn } from "../scenario/fault-references.ts";
import type { Scenario } from "../scenario/resolve.ts";
import { dialectOf, type Dialect } from "../wire/dialect.ts";
import type { SessionTarget } from "./session-target.ts";

export interface Dialects {
  readonly speakingTo: (target: SessionTarget) => SessionTarget;
  /** The same for what another thread makes a target of. */
  readonly with: <T extends { readonly server: string }>(target: T) => T & { readonly dialect: Dialect };
  /** Throws a UserError where a fault of the scenario cannot be on what was found. */
  learn(found: ReadonlyMap<string, Dialect>): void;
}

type Plan = Pick<Scenario, "servers" | "faults" | "links">;

export function createDialects(scenario: Plan): Dialects {
  const { servers } = scenario;
  const dialects = new Map(servers.map(({ name, protocol, transport }) => [name, dialectOf(protocol, transport)]));
  const of = (server: string): Dialect => {
    const dialect = dialects.get(server);
    if (dialect === undefined) throw new Error(`nothing is called ${server}`);
    return dialect;
  };
  return {
    speakingTo: (target) => target.speaking(of(target.server)),
    with: (target) => ({ ...target, dialect: of(target.server) }),
    learn: (found) => {
      for (const [server, dialect] of found) {
        dialects.set(server, dialect);
        if (dialect.begins === "event-stream") refuseRules(server, scenario);
      }
    },
  };
}

/** Where the scenario leaves open what is spoken, this is a mistake that only the server's own word brings to light. */
function refuseRules(server: string, { faults, links }: Plan): void {
  const before = new Set(
    links.flatMap(({ link, plane, server: of }) => (of === server && plane !== "server-upstream" ? [link] : [])),
  );
  const mistakes = faults.flatMap(({ kind, places }, index) => {
    const isThere = places.some((place) => place.links.some((link) => before.has(link)));
    if (!isThere || faultKindNamed(kind).plane !== "protocol") return [];
    return [{ path: `faults[${index}].kind`, ...noAnswersOfItsOwn(kind, server) }];
  });
  if (mistakes.length > 0) throw new UserError(`${server} speaks HTTP+SSE (2024-11-05)`, { mistakes });
}
