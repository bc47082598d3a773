/** An address where nothing listens, for as long as this process lives. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { freePort } from "../src/targets/free-port.ts";

const host = "127.0.0.1";
/** Where the connections end that hold the ports. */
let anchor: Promise<number> | undefined;

async function openAnchor(): Promise<number> {
  const server = createServer((socket) => void socket.on("error", () => undefined).unref());
  server.listen({ host, port: 0 }).unref();
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/**
 * A port that is free may be a stranger's a moment later: on a busy machine others listen all the time. So a connection
 * is made from it, and stays: the system gives it to nobody else, and refuses who asks for it.
 */
export async function closedAddress(): Promise<{ readonly host: string; readonly port: number }> {
  anchor ??= openAnchor();
  for (;;) {
    const localPort = await freePort();
    const holder = connect({ host, port: await anchor, localPort });
    try {
      await once(holder, "connect");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") continue;
      throw error;
    }
    holder.on("error", () => undefined).unref();
    return { host, port: localPort };
  }
}
