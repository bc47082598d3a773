/** The tap's listener: the caller's end of a link, and the connections that go through it. */
import { createServer, type Socket } from "node:net";
import { backlog, type Address, type EngineProxy } from "../engines/engine.ts";
import type { World } from "../world.ts";
import { Connection } from "./connection.ts";
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

const host = "127.0.0.1";

export async function openTap(proxy: Pick<EngineProxy, "address">, context: LinkContext, world: World): Promise<Tap> {
  const live = new Set<Connection>();
  let connections = 0;

  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (caller: Socket) => {
    connections += 1;
    const connection: Connection = new Connection({
      number: connections,
      caller,
      engine: proxy.address,
      context,
      world,
      onGone: () => live.delete(connection),
    });
    live.add(connection);
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port: 0, backlog }, () => {
      const address = server.address();
      if (typeof address === "object" && address !== null) resolve(address.port);
      else reject(new Error("a tap listens on a port"));
    });
  });

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const connection of live) connection.close();
    await closed;
  };

  return {
    address: { host, port },
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
    close: () => (closing ??= close()),
  };
}
