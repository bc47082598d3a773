/** A chain of toxics between a source that obeys it and a sink that can be stopped up, on a clock that tests move. */
import type { Stream } from "../../src/faults/handles.ts";
import { Chain } from "../../src/engines/embedded/chain.ts";
import { findToxicKind } from "../../src/engines/embedded/toxics/registry.ts";
import type { LiveToxic } from "../../src/engines/embedded/toxics/toxic.ts";
import { seededRandom, type World } from "../../src/world.ts";
import { fakeWorld, type FakeWorld } from "../fake-world.ts";

interface Arrival {
  readonly data: Buffer;
  readonly atMs: number;
}

export function rig({ seed = 1, fake = fakeWorld() }: { seed?: number; fake?: FakeWorld } = {}) {
  let timers = 0;
  const world: World = {
    ...fake,
    timer: (ms, fire) => {
      timers += 1;
      let running = true;
      const stop = (): void => {
        if (running) timers -= 1;
        running = false;
      };
      const timer = fake.timer(ms, () => {
        stop();
        fire();
      });
      return {
        cancel: () => {
          stop();
          timer.cancel();
        },
      };
    },
  };
  const arrived: Arrival[] = [];
  const unsent: Buffer[] = [];
  let paused = false;
  let sinkFull = false;
  let ends = 0;
  let nth = 0;

  const chain = new Chain({
    toxics: [],
    sink: {
      isFull: () => sinkFull,
      write: (data) => void arrived.push({ data, atMs: world.nowUs() / 1000 }),
      end: () => void (ends += 1),
    },
    onRoom: () => void (paused = false),
    randomFor: (toxic) => seededRandom(seed, toxic.nth),
    world,
  });
  const flush = (): void => {
    while (!paused) {
      const data = unsent.shift();
      if (data === undefined) break;
      chain.push(data);
      paused = chain.isFull();
    }
  };

  return {
    world,
    chain,
    arrived,
    flush,
    ends: () => ends,
    timers: () => timers,
    /** How much the source could not get rid of. */
    unsent: () => unsent.length,
    received: () => Buffer.concat(arrived.map(({ data }) => data)).toString(),
    send: (data: Buffer | string) => {
      unsent.push(Buffer.from(data));
      flush();
    },
    stopSink: (full: boolean) => {
      sinkFull = full;
      if (!full) chain.resume();
      flush();
    },
    advance: async (ms: number) => {
      await fake.advance(ms);
      flush();
    },
    toxic: (type: string, attributes: Record<string, number> = {}, toxicity = 1): LiveToxic => {
      nth += 1;
      return makeToxic({ nth, type, attributes, toxicity });
    },
  };
}

interface ToxicSpec {
  readonly nth: number;
  readonly type: string;
  readonly attributes: Record<string, number>;
  readonly toxicity: number;
}

function makeToxic({ nth, type, attributes, toxicity }: ToxicSpec): LiveToxic {
  const kind = findToxicKind(type);
  if (kind === undefined) throw new Error(`no toxic ${type}`);
  const stream: Stream = "upstream";
  const prepared = kind.prepare(attributes);
  return { nth, name: `${type}-${nth}`, stream, streamAsWritten: stream, toxicity, kind, prepared };
}

/** As if the kind had room for so many chunks: few fill up in a short test. */
export function withRoom(toxic: LiveToxic, bufferChunks: number): LiveToxic {
  return { ...toxic, kind: { ...toxic.kind, bufferChunks } };
}

export const updated = (toxic: LiveToxic, attributes: Record<string, number>, toxicity = 1): LiveToxic =>
  makeToxic({ nth: toxic.nth, type: toxic.kind.type, attributes, toxicity });
