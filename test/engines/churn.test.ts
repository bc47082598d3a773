/** Toxics that change under many connections: what no toxic eats arrives, and nothing hangs. */
import { describe, expect, test } from "vitest";
import type { Stream, Toxic } from "../../src/faults/handles.ts";
import { openToxiproxy } from "../../src/engines/toxiproxy.ts";
import type { EngineProxy } from "../../src/engines/engine.ts";
import { realWorld, seededRandom } from "../../src/world.ts";
import { enginesUnderTest } from "./engines-under-test.ts";
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
const sent = Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * 7) % 251));

for (const { name, absent, start } of enginesUnderTest) {
  describe.skipIf(absent)(name, () => {
    test(`${connections} connections while toxics change under them lose only what a toxic eats`, async () => {
      const engine = await start();
      await using echo = await openEcho();
      const proxy = await openToxiproxy({ url: engine.url, world: realWorld }).openProxy("churned", echo.address);
      const churn = startChurn(proxy);
      const tally = { whole: 0, eaten: 0 };
      const caller = async (): Promise<void> => {
        while (tally.whole + tally.eaten < connections) {
          const before = { eaters: churn.eaters(), eating: churn.isEating() };
          const client = await openClient(proxy.address);
          client.socket.write(sent);
          await Promise.race([client.got(sent.length).catch(() => 0), client.ended]);
          const got = client.received();
          client.socket.end();
          // However it was hurt, it ends.
          await client.ended;
          client.socket.destroy();
          expect(sent.subarray(0, got.length).equals(got)).toBe(true);
          if (got.length === sent.length) tally.whole += 1;
          else tally.eaten += 1;
          const metEater = before.eating || churn.eaters() > before.eaters;
          expect(got.length === sent.length || metEater, `${got.length} bytes came, and no toxic ate any`).toBe(true);
        }
      };
      try {
        await Promise.all(Array.from({ length: abreast }, caller));
      } finally {
        await churn.stop();
        await engine.stop();
      }
      expect(tally.whole).toBeGreaterThan(connections / 10);
      expect(tally.eaten).toBeGreaterThan(0);
      expect(churn.rounds()).toBeGreaterThan(10);
    }, 60_000);
  });
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
