/**
 * A stdio server as a real process that opens sessions honestly and then does whatever a test tells it, started, tapped
 * and spoken to as a run does it.
 */
import type { Unstamped } from "../../src/history/events.ts";
import { createTracer } from "../../src/history/ids.ts";
import { openStdioLink } from "../../src/links/stdio-link.ts";
import { stdioTarget } from "../../src/run/session-target.ts";
import type { Herd } from "../../src/targets/herd.ts";
import { openStdioServer } from "../../src/targets/stdio-server.ts";
import { usualDialect, type Dialect } from "../../src/wire/dialect.ts";
import { openLeanSession } from "../../src/wire/lean.ts";
import type { OpenSession, Session } from "../../src/wire/session.ts";
import { realWorld } from "../../src/world.ts";
import { openStand, type Stand } from "../targets/stand.ts";

/** Bodies of functions of `message`, which may use answer(result), send(value), write(text or bytes) and heard. */
export interface Behaviour {
  /** Reacts to a tools/call. */
  readonly call?: string;
  /** Reacts to messages of these names, those of the opening too. */
  readonly on?: Readonly<Record<string, string>>;
  /** Runs first. */
  readonly first?: string;
  /** Runs when stdin ends. */
  readonly last?: string;
  readonly startTimeoutMs?: number;
  /** In place of a script. */
  readonly command?: readonly [string, ...string[]];
  readonly wire?: OpenSession;
  readonly dialect?: Dialect;
  /** `first` is all there is. */
  readonly bare?: true;
}

export interface StdioStand extends AsyncDisposable {
  readonly stand: Stand;
  readonly events: readonly Unstamped[];
  readonly herd: Herd;
  open(instance?: string): Promise<Session>;
  readonly stopping: AbortController;
}

export async function openStdioStand(behaviour: Behaviour): Promise<StdioStand> {
  const stand = await openStand();
  const stopping = new AbortController();
  const server = openStdioServer({
    name: "cloud",
    command:
      behaviour.command ??
      (await stand.script(behaviour.bare === true ? (behaviour.first ?? "") : scriptOf(behaviour))),
    env: {},
    lease: stand.lease,
    logFile: `${stand.folder}/cloud.log`,
    world: realWorld,
    recorder: stand.recorder,
    signal: stopping.signal,
  });
  const tracer = createTracer("0badcafe", ["planner"]);
  const link = openStdioLink({ name: "planner@cloud", recorder: stand.recorder, tracer, world: realWorld });
  const target = stdioTarget(server, {
    link,
    startTimeoutMs: behaviour.startTimeoutMs ?? 15_000,
    dialect: behaviour.dialect ?? usualDialect,
  });
  return {
    stand,
    events: stand.events,
    herd: server.herd,
    stopping,
    open: (instance = "planner.0") =>
      target.open(behaviour.wire ?? openLeanSession, {
        instance,
        agent: 0,
        timeoutMs: 1,
        world: realWorld,
        clientName: "squall",
      }),
    [Symbol.asyncDispose]: async () => {
      await link.close();
      await server.close();
      await stand[Symbol.asyncDispose]();
    },
  };
}

/** One session with a child that behaves so; everything is closed again. */
export async function withChild<T>(behaviour: Behaviour, use: (session: Session, stand: StdioStand) => Promise<T>) {
  await using stand = await openStdioStand(behaviour);
  return await use(await stand.open(), stand);
}

function scriptOf({ call = "answer({})", on = {}, first = "", last = "process.exit(0)" }: Behaviour): string {
  const opening = `answer({ protocolVersion: "2025-11-25", capabilities: {}, serverInfo: { name: "x", version: "1" } })`;
  const reactions = Object.entries({ initialize: opening, ...on, "tools/call": call });
  return `
import { createInterface } from "node:readline";
import { closeSync, writeSync } from "node:fs";
const heard = [];
const write = (data) => process.stdout.write(data);
const send = (value) => write(JSON.stringify(value) + "\\n");
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const reactions = {
${reactions.map(([name, body]) => `${JSON.stringify(name)}: async (message, answer) => { ${body} },`).join("\n")}
};
${first}
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const message = JSON.parse(line);
  heard.push(message);
  reactions[message.method]?.(message, (result) => send({ jsonrpc: "2.0", id: message.id, result }));
});
lines.on("close", () => { ${last} });
`;
}
