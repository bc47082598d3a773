/** Toxics that change under many connections: what no toxic eats arrives, and nothing hangs. */
import { describe, expect, test } from "vitest";
import type { Stream, Toxic } from "../../src/faults/handles.ts";
import type { EngineProxy } from "../../src/engines/engine.ts";
import { openServedEngine } from "../../src/engines/served.ts";
import type { EngineRestarted } from "../../src/history/engine-events.ts";
import type { Unstamped } from "../../src/history/events.ts";
import { realWorld, seededRandom } from "../../src/world.ts";
import { embedded, enginesUnderTest } from "./engines-under-test.ts";
import { openClient, openEcho } from "./peers.ts";

const harmless: readonly Pick<Toxic, "type" | "attributes">[] = [
  { type: "latency", attributes: { latency: 5, jitter: 5 } },
  { type: "bandwidth", attributes: { rate: 1000 } },
  { type: "slicer", attributes: { average_size: 500, size_variation: 100, delay: 100 } },
  { type: "slow_close", attributes: { delay: 10 } },
];
const eaters: readonly Pick<Toxic, "type" | "attributes">[] = [
  { type: "limit_data", attributes: { bytes: 2000 } },
  { type: "timeout", attributes: { timeout: 5 } },
  { type: "reset_peer", attributes: { timeout: 1 } },
];
const connections = 500;
const abreast = 20;
const rounds = 12;
const sent = Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * 7) % 251));

for (const { name, absent, start } of enginesUnderTest) {
  describe.skipIf(absent)(name, () => {
    test(`${connections} connections while toxics change under them lose only what a toxic eats`, async () => {
      const restarts: EngineRestarted[] = [];
      // The real server dies of this now and then (see docs/toxiproxy.md), so it is watched as in a run.
      const engine = await openServedEngine({
        kind: "binary",
        start: async () => ({ ...(await start()), says: name }),
        isOurs: true,
        prefix: "squall.0000f00d.",
        world: realWorld,
        recorder: {
          record: (event: Unstamped) => {
            if (event.type === "engine-restarted") restarts.push(event);
            return { id: "m:1", atUs: realWorld.nowUs() };
          },
          nowUs: realWorld.nowUs,
        },
        pulseMs: 20,
      });
      await using echo = await openEcho();
      const proxy = await engine.openProxy("churned", echo.address);
      const churn = startChurn(proxy);
      const tally = { whole: 0, eaten: 0 };
      const losses: Loss[] = [];
      const caller = async (): Promise<void> => {
        // Fast ones go on, so that the toxics have changed often enough.
        while (tally.whole + tally.eaten < connections || churn.rounds() < rounds) {
          const before = { eaters: churn.eaters(), eating: churn.isEating(), atUs: realWorld.nowUs() };
          const got = await echoed(proxy);
          if (got === "refused") {
            losses.push({ bytes: 0, fromUs: before.atUs, untilUs: realWorld.nowUs() });
            await realWorld.sleep(10);
            continue;
          }
          expect(sent.subarray(0, got.length).equals(got)).toBe(true);
          if (got.length === sent.length) tally.whole += 1;
          else {
            tally.eaten += 1;
            const metEater = before.eating || churn.eaters() > before.eaters;
            if (!metEater) losses.push({ bytes: got.length, fromUs: before.atUs, untilUs: realWorld.nowUs() });
          }
        }
      };
      try {
        const lost = engine.lost.then((error): never => {
          throw error;
        });
        await Promise.race([lost, Promise.all(Array.from({ length: abreast }, caller))]);
        await churn.stop();
      } finally {
        await engine.close();
      }
      expect(tally.whole).toBeGreaterThan(connections / 10);
      expect(tally.eaten).toBeGreaterThan(0);
      const inexplicable = losses.filter(
        ({ fromUs, untilUs }) => !restarts.some((down) => fromUs <= down.untilUs && untilUs >= down.fromUs),
      );
      expect(inexplicable, "what came where no toxic ate anything").toEqual([]);
      if (name === embedded.name) expect(restarts).toEqual([]);
    }, 60_000);
  });
}

interface Loss {
  readonly bytes: number;
  readonly fromUs: number;
  readonly untilUs: number;
}

/** What comes back of what is sent over a connection that, however it is hurt, ends. */
async function echoed({ address }: EngineProxy): Promise<Buffer | "refused"> {
  const client = await openClient(address).catch(() => undefined);
  // Between two lives of an engine nobody listens.
  if (client === undefined) return "refused";
  client.socket.write(sent);
  await Promise.race([client.got(sent.length).catch(() => 0), client.ended]);
  const got = client.received();
  client.socket.end();
  await client.ended;
  client.socket.destroy();
  return got;
}

interface Churn {
  /** How many eaters there have been. */
  eaters(): number;
  isEating(): boolean;
  rounds(): number;
  stop(): Promise<void>;
}

function startChurn(proxy: EngineProxy): Churn {
  const random = seededRandom("churn");
  const stopped = new AbortController();
  let rounds = 0;
  let eatersEver = 0;
  let eating = false;
  const add = async (kinds: typeof harmless, toxicity: number) => {
    const stream: Stream = random.integer(0, 1) === 0 ? "upstream" : "downstream";
    const kind = kinds[random.integer(0, kinds.length - 1)];
    if (kind === undefined) throw new Error("there are toxics");
    return proxy.addToxic({ ...kind, stream, toxicity });
  };
  const run = async (): Promise<void> => {
    for (; !stopped.signal.aborted; rounds += 1) {
      const cures = [await add(harmless, 1), await add(harmless, 0.5)];
      await realWorld.sleep(10);
      if (rounds % 4 === 3) {
        eating = true;
        eatersEver += 1;
        const eater = await add(eaters, 0.5);
        await realWorld.sleep(20);
        await eater.heal();
        eating = false;
      }
      for (const cure of cures) await cure.heal();
    }
  };
  const running = run();
  // Its failure is told when it is stopped.
  running.catch(() => undefined);
  return {
    eaters: () => eatersEver,
    isEating: () => eating,
    rounds: () => rounds,
    stop: () => {
      stopped.abort();
      return running;
    },
  };
}
