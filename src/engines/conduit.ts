/** A byte stream that ends as TCP does: a socket, or what stands for one within a thread. */
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

export interface Conduit extends Duplex, Pick<Socket, "destroySoon" | "bytesRead" | "bytesWritten"> {
  resetAndDestroy(): this;
}
