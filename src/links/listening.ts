/** What taps, the balancer and the egress gateway do alike: listen on this machine alone, and close at once. */
import { once } from "node:events";
import type { Server } from "node:net";
import { backlog, type Address } from "../engines/engine.ts";

const host = "127.0.0.1";

export async function listenHere(server: Server): Promise<Address> {
  server.listen({ host, port: 0, backlog });
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("a server that listens has a port");
  return { host, port: address.port };
}

/** Takes no more connections and ends those that there are; however often it is called, it happens once. */
export function closingOf(server: Server, endConnections: () => void): () => Promise<void> {
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    endConnections();
    await closed;
  };
  return () => (closing ??= close());
}
