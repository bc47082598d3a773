/** One client's connection through a proxy: two ends, and a chain of toxics for each direction. */
import type { Stream } from "../../faults/handles.ts";
import type { Random, World } from "../../world.ts";
import type { Conduit } from "../conduit.ts";
import { Chain } from "./chain.ts";
import type { LiveToxic } from "./toxics/toxic.ts";

export interface Connection {
  readonly chains: Readonly<Record<Stream, Chain>>;
  /** Closes both sides now; what is on its way is lost. */
  destroy(): void;
}

export interface ConnectionOptions {
  readonly client: Conduit;
  /** Connected. */
  readonly upstream: Conduit;
  readonly toxics: readonly LiveToxic[];
  readonly randomFor: (toxic: LiveToxic) => Random;
  readonly world: World;
  readonly onClosed: () => void;
}

export function connect({ client, upstream, toxics, randomFor, world, onClosed }: ConnectionOptions): Connection {
  // As in the real server, only a toxic that exists from the connection's first moment makes it end by reset.
  const resets = toxics.some(({ kind }) => kind.resets === true);

  const link = (stream: Stream, source: Conduit, sink: Conduit): Chain => {
    const chain = new Chain({
      toxics: toxics.filter((toxic) => toxic.stream === stream),
      sink: {
        isFull: () => sink.writableNeedDrain,
        write: (data) => void sink.write(data),
        end: () => closeAfterWrites(sink, resets),
      },
      onRoom: () => void source.resume(),
      randomFor,
      world,
    });
    source.on("data", (data) => {
      chain.push(data);
      if (chain.isFull()) source.pause();
    });
    // There is no half-close, and a reset does not cross: each way of ending looks the same at the other side.
    source.on("end", () => chain.end());
    source.on("close", () => chain.end());
    sink.on("drain", () => chain.resume());
    sink.on("close", () => chain.discard());
    return chain;
  };

  const chains = {
    upstream: link("upstream", client, upstream),
    downstream: link("downstream", upstream, client),
  };
  for (const socket of [client, upstream]) {
    socket.on("close", () => {
      if (client.closed && upstream.closed) onClosed();
    });
  }
  client.resume();

  return {
    chains,
    destroy: () => {
      for (const socket of [client, upstream]) closeNow(socket, resets);
    },
  };
}

function closeAfterWrites(socket: Conduit, resets: boolean): void {
  if (socket.destroyed) return;
  if (!resets) return socket.destroySoon();
  // The callback of an empty write comes when all before it has reached the kernel.
  socket.write("", () => closeNow(socket, resets));
}

function closeNow(socket: Conduit, resets: boolean): void {
  if (socket.destroyed) return;
  if (resets) socket.resetAndDestroy();
  else socket.destroy();
}
