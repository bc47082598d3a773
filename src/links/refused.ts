/** Reads the caller of a dead link a little, so that the request that was lost with it can be told and joined. */
import type { Socket } from "node:net";
import type { World } from "../world.ts";
import type { Traffic } from "./traffic.ts";

const readMaxMs = 50;

/** Calls back once there is no more to learn; returns how to stop it. */
export function readRefused(caller: Socket, traffic: Traffic, world: World, onKnown: () => void): () => void {
  let reading = true;
  const stop = (): void => {
    reading = false;
    limit.cancel();
  };
  const known = (): void => {
    if (!reading) return;
    stop();
    onKnown();
  };
  const limit = world.timer(readMaxMs, known);
  caller.on("data", (chunk) => {
    if (reading) traffic.up(chunk);
    if (traffic.requestKnown) known();
  });
  caller.once("end", known);
  caller.resume();
  if (traffic.requestKnown) known();
  return stop;
}
