/** Ways of letting go of a socket, and of not letting go. */
import type { Conduit } from "../engines/conduit.ts";
import type { Timer, World } from "../world.ts";

const lingerMaxMs = 1000;

/** Ends it with a FIN. What still comes is read and dropped, as closing with unread bytes would send a RST. */
export function part(socket: Conduit, world: World): void {
  if (socket.destroyed) return;
  const linger = world.timer(lingerMaxMs, () => socket.destroy());
  socket.once("close", () => linger.cancel());
  socket.end();
  socket.resume();
}

/** Ends it with a RST. */
export function reset(socket: Conduit): void {
  if (socket.destroyed) return;
  // While a FIN is just being sent, resetting fails and would leave the socket neither open nor closed.
  const ending = socket.writableEnded && socket.writableLength === 0 && !socket.writableFinished;
  if (ending) socket.once("finish", () => socket.resetAndDestroy());
  else socket.resetAndDestroy();
}

export function onceBothClosed(one: Conduit, other: Conduit, call: () => void): void {
  one.once("close", () => (other.closed ? call() : other.once("close", call)));
}

/** Sends this every second, until it is cancelled or the socket ends. */
export function beat(socket: Conduit, bytes: Buffer, world: World): Timer {
  let timer: Timer | undefined;
  const next = (): void => {
    timer = world.timer(1000, () => {
      if (socket.destroyed || socket.writableEnded) return;
      socket.write(bytes);
      next();
    });
  };
  next();
  return { cancel: () => timer?.cancel() };
}
