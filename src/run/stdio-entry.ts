/** A server that its clients start: what it is started with, and the links over which they have it. */
import { join } from "node:path";
import { openStdioLink } from "../links/stdio-link.ts";
import type { ScenarioServer } from "../scenario/resolve.ts";
import { openStdioServer } from "../targets/stdio-server.ts";
import type { Prepared } from "./credentials.ts";
import { variablesOf } from "./identity.ts";
import type { FaultyLink } from "./fault-desk.ts";
import type { Told } from "./server-links.ts";
import { dialectOf } from "../wire/dialect.ts";
import { stdioTarget, type SessionTarget } from "./session-target.ts";
import type { OnHerd, StageOptions } from "./stage.ts";
import { renderAll, startCommand } from "./start-command.ts";

export interface StdioEntry {
  /** The server over a link of this name, which is opened and put to the others. */
  over(link: string, links: Map<string, FaultyLink>, identity?: Prepared): SessionTarget;
  /** The server in a process of its own that no link sees. */
  straight(identity?: Prepared): SessionTarget;
}

export function openStdio(
  options: StageOptions,
  { name, target, env, startTimeoutMs, protocol }: ScenarioServer,
  told: Told,
  onHerd: OnHerd,
): StdioEntry {
  const { world, recorder, tracer, lease, stopping: signal, directory, closing } = options;
  if (target.is === "url") throw new Error(`${name} speaks stdio and has a url`);
  const start = startCommand(options, target, { name, transport: "stdio", told });
  const server = openStdioServer({
    ...start,
    name,
    env: { ...start.env, ...renderAll(env, world, told), ...told.variables },
    lease,
    masks: options.masks,
    logFile: join(directory, "targets", `${name}.log`),
    world,
    recorder,
    signal,
  });
  const about = { startTimeoutMs, dialect: dialectOf(protocol, "stdio"), mask: options.masks.mask };
  const ownOf = (identity: Prepared | undefined) =>
    identity === undefined ? {} : { variablesOf: (agent: number) => variablesOf(identity, agent) };
  closing.defer(name, () => server.close());
  onHerd({ server: name }, server.herd);
  return {
    over: (link, links, identity) => {
      const opened = openStdioLink({ name: link, recorder, tracer, world });
      links.set(link, opened);
      closing.defer(`the link ${link}`, () => opened.close());
      return stdioTarget(server, { link: opened, ...about, ...ownOf(identity) });
    },
    straight: (identity) => {
      const unseen = { ...recorder, record: () => ({ id: "", atUs: 0 }) };
      const opened = openStdioLink({ name, recorder: unseen, tracer, world });
      return stdioTarget(server, { link: opened, ...about, ...ownOf(identity) });
    },
  };
}
