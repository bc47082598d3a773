/** The tap's listener: the caller's end of a link, and the connections that go through it. */
import { createServer, type Socket } from "node:net";
import type { Address, EngineProxy } from "../engines/engine.ts";
import type { World } from "../world.ts";
import { Connection } from "./connection.ts";
import { closingOf, listenHere } from "./listening.ts";
import type { Work } from "./rules.ts";
import type { LinkContext } from "./traffic.ts";

export interface Tap {
  readonly address: Address;
  /** How many connections were made, the refused among them. */
  readonly connections: number;
  openExchanges(): number;
  reportSilence(): void;
  dropConnections(): number;
  release(work: Work): void;
  close(): Promise<void>;
}

export async function openTap(
  proxy: Pick<EngineProxy, "address" | "dial">,
  context: LinkContext,
  world: World,
): Promise<Tap> {
  const live = new Set<Connection>();
  let connections = 0;

  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (caller: Socket) => {
    connections += 1;
    const connection: Connection = new Connection({
      number: connections,
      caller,
      engine: proxy,
      context,
      world,
      onGone: () => live.delete(connection),
    });
    live.add(connection);
  });
  const address = await listenHere(server);
  const close = closingOf(server, () => {
    for (const connection of live) connection.close();
  });

  return {
    address,
    get connections() {
      return connections;
    },
    openExchanges: () => [...live].reduce((sum, connection) => sum + connection.openCount(), 0),
    reportSilence: () => {
      for (const connection of live) connection.reportSilence();
    },
    dropConnections: () => [...live].filter((connection) => connection.drop()).length,
    release: (work) => {
      for (const connection of live) connection.release(work);
    },
    close,
  };
}
