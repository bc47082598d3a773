/** A request sent a second time beside its own connection, as a proxy does that tries again; its answer goes nowhere. */
import { connect } from "node:net";
import type { Address } from "../engines/engine.ts";
import type { World } from "../world.ts";
import { readAnswers } from "./http-reader.ts";

const answerMaxMs = 10_000;

/** Calls back once, when it is answered or nothing more can be hoped for; returns how to stop it, if it is not over. */
export function deliverAside(
  { to, bytes, bodiless, world }: { to: Address; bytes: Buffer; bodiless: boolean; world: World },
  onOver: (delivered: boolean) => void,
): () => boolean {
  const socket = connect({ ...to, noDelay: true });
  let delivered = false;
  let over = false;
  const end = (): void => {
    if (over) return;
    over = true;
    limit.cancel();
    socket.destroy();
    onOver(delivered);
  };
  const limit = world.timer(answerMaxMs, end);
  let interim = false;
  const answers = readAnswers({
    head: ({ status }) => {
      interim = status < 200;
      return bodiless || interim ? "nothing" : "body";
    },
    body: () => {},
    end: () => {
      if (!interim) end();
    },
  });
  socket.once("connect", () => {
    socket.write(bytes, () => (delivered = true));
  });
  socket.on("data", (chunk) => answers.feed(chunk, world.nowUs()));
  socket.once("error", end);
  socket.once("close", end);
  return () => {
    const underway = !over && delivered;
    over = true;
    limit.cancel();
    socket.destroy();
    // Whether the callee has it all the same.
    return underway;
  };
}
