/** The two ends that are joined within a thread, beside those of a real connection: what one sees the other sees. */
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Conduit } from "../../src/engines/conduit.ts";
import { joined, refused } from "../../src/engines/embedded/joined.ts";
import { codeOf } from "../../src/errors.ts";
import { rounds } from "../rounds.ts";
import { closedAddress } from "../closed-address.ts";
import { listen } from "./peers.ts";

type Ends = Readonly<Record<Side, Conduit>>;
type Side = "caller" | "callee";
interface Step {
  readonly side: Side;
  readonly does: "write" | "end" | "destroy" | "destroySoon" | "reset" | "pause" | "resume";
}

async function socketEnds(): Promise<Ends> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
  const address = await listen(server);
  const accepted = once(server, "connection");
  const caller = connect({ ...address, allowHalfOpen: true, noDelay: true });
  const [[callee]] = await Promise.all([accepted, once(caller, "connect")]);
  server.close();
  return { caller, callee: callee as Conduit };
}

async function joinedEnds(): Promise<Ends> {
  const [caller, callee] = joined();
  await once(caller, "connect");
  return { caller, callee };
}

/** What happens at one end, in order; bytes are counted, for they may come in any pieces. */
function watch(end: Conduit) {
  const seen: string[] = [];
  let bytes = 0;
  end.on("data", (chunk: Buffer) => (bytes += chunk.length));
  for (const event of ["end", "finish", "close"]) end.on(event, () => seen.push(event));
  // Which of the two names a write to one that is gone gets is a matter of moments.
  end.on("error", (error) => seen.push(String(codeOf(error)).replace("EPIPE", "ECONNRESET")));
  return () => ({ seen: [...seen], bytes, read: end.bytesRead, destroyed: end.destroyed, open: end.readable });
}

function take(end: Conduit, does: Step["does"]): void {
  switch (does) {
    case "write":
      if (!end.writableEnded && !end.destroyed) end.write("twelve bytes");
      break;
    case "end":
      if (!end.destroyed) end.end();
      break;
    case "reset":
      if (!end.destroyed) end.resetAndDestroy();
      break;
    default:
      end[does]();
  }
}

// What the system does takes its time on a busy machine, and what it leaves alone shall have had the time.
const [settleMs, settleMaxMs] = [5, 2000];

async function settled(looks: readonly [() => unknown, () => unknown]): Promise<void> {
  const untilMs = performance.now() + settleMaxMs;
  do await sleep(settleMs);
  while (!isDeepStrictEqual(looks[0](), looks[1]()) && performance.now() < untilMs);
}

function begin(ends: Ends, readsAtOnce: boolean) {
  const looks = { caller: watch(ends.caller), callee: watch(ends.callee) };
  if (readsAtOnce) ends.callee.resume();
  return () => ({ caller: looks.caller(), callee: looks.callee() });
}

async function play(real: Ends, ours: Ends, steps: readonly Step[], readsAtOnce: boolean): Promise<void> {
  const looks = [begin(real, readsAtOnce), begin(ours, readsAtOnce)] as const;
  for (const { side, does } of steps) {
    for (const ends of [real, ours]) take(ends[side], does);
    await settled(looks);
    expect(looks[1]()).toEqual(looks[0]());
  }
}

const step = fc.record({
  side: fc.constantFrom<Side>("caller", "callee"),
  does: fc.constantFrom<Step["does"]>("write", "write", "end", "destroy", "destroySoon", "reset", "pause", "resume"),
});

test("whatever is done at either end, both ends see what a socket's would", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), fc.boolean(), async (steps, atOnce) => {
      const [real, ours] = await Promise.all([socketEnds(), joinedEnds()]);
      await play(real, ours, steps, atOnce).finally(() => {
        for (const end of [real.caller, real.callee, ours.caller, ours.callee]) end.destroy();
      });
    }),
    { numRuns: rounds(200, 40, 2000) },
  );
}, 120_000);

test("where nobody listens, the caller sees what it would see of a port that is closed", async () => {
  const seenOf = async (end: Conduit): Promise<unknown> => {
    const look = watch(end);
    await new Promise((resolve) => end.once("close", resolve));
    return look();
  };
  const nowhere = await closedAddress();
  const [real, ours] = await Promise.all([seenOf(connect({ ...nowhere, allowHalfOpen: true })), seenOf(refused())]);
  expect(ours).toEqual(real);
});
