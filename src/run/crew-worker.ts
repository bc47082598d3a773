/** The thread of a crew: what agents do must not be late because the supervisor or a tap is busy. */
import { parentPort, workerData } from "node:worker_threads";
import { realWorld } from "../world.ts";
import type { CrewBrief, Order, Said } from "./crew-messages.ts";
import { serveCrew } from "./crew-service.ts";

const port = parentPort;
if (port === null) throw new Error("a crew's thread is started by the supervisor");

// Only our own supervisor makes briefs and orders.
const brief = workerData as CrewBrief;
const serve = await serveCrew(brief, {
  world: { ...realWorld, env: brief.env },
  say: (said: Said) =>
    port.postMessage(said, said.is === "news" ? [said.news.begun.buffer, said.news.ended.buffer] : []),
});
port.on(
  "message",
  ({ number, order }: { readonly number: number; readonly order: Order }) => void serve(number, order),
);
