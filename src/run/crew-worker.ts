/** The thread of a crew: what agents do must not be late because the supervisor or a tap is busy. */
import { setFlagsFromString } from "node:v8";
import { parentPort, workerData } from "node:worker_threads";
import { realWorld } from "../world.ts";
import type { CrewBrief, Order, Said } from "./crew-messages.ts";
import { serveCrew } from "./crew-service.ts";

// In a rush most of what an op allocates outlives a collection or two. V8 concludes that it always will, and allocates
// it where it is collected late; it then keeps what it points to, and for the rest of the run each collection takes
// twenty milliseconds in place of two, as long as nobody is answered.
setFlagsFromString("--no-allocation-site-pretenuring");

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
