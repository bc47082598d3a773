/**
 * One direction of one connection: a stage for each toxic, in order of addition, that can change while bytes flow.
 *
 *     source ─▶ stage ─▶ stage ─▶ sink
 *
 * Each stage that is full stops the one before it, and the first of them stops the source.
 */
import type { Random, World } from "../../world.ts";
import { ToxicStage, type Outlet } from "./stage.ts";
import type { Chunk, LiveToxic } from "./toxics/toxic.ts";

export interface ChainOptions {
  readonly toxics: readonly LiveToxic[];
  readonly sink: Sink;
  /** Called when there is room for the source to go on. */
  readonly onRoom: () => void;
  readonly randomFor: (toxic: LiveToxic) => Random;
  readonly world: World;
}

/** Where the bytes leave. */
export interface Sink {
  isFull(): boolean;
  /** Never refuses, like an outlet. */
  write(data: Buffer): void;
  end(): void;
}

const chunkBytesMax = 32 * 1024;

export class Chain {
  readonly #options: ChainOptions;
  readonly #stages: ToxicStage[] = [];
  readonly #outlet: Outlet;
  #done = false;

  constructor(options: ChainOptions) {
    this.#options = options;
    this.#outlet = {
      isFull: () => options.sink.isFull(),
      push: ({ data }: Chunk) => {
        if (!this.#done) options.sink.write(data);
      },
      end: () => {
        if (this.#done) return;
        this.#done = true;
        options.sink.end();
      },
    };
    for (const toxic of options.toxics) this.#append(toxic);
  }

  /** Cuts the data into chunks stamped with this moment. */
  push(data: Buffer): void {
    // Without a toxic nobody asks for the time or sees chunks: all leaves as it came.
    if (this.#stages.length === 0) {
      if (!this.#done) this.#options.sink.write(data);
      return;
    }
    const sinceUs = this.#options.world.nowUs();
    for (let start = 0; start < data.length; start += chunkBytesMax) {
      this.#first().push({ data: data.subarray(start, start + chunkBytesMax), sinceUs });
    }
  }

  isFull(): boolean {
    return this.#done || this.#first().isFull();
  }

  /** The source has ended; the sink hears of it once all that came before has passed. */
  end(): void {
    this.#first().end();
  }

  /** Goes on after the sink was full: from the end backwards, so that each stage finds the room made behind it. */
  resume(): void {
    for (const stage of this.#stages.toReversed()) stage.pump();
    this.#wakeSource();
  }

  add(toxic: LiveToxic): void {
    if (this.#done) return;
    this.#append(toxic);
    this.resume();
  }

  update(toxic: LiveToxic): void {
    this.#stageOf(toxic)?.update(toxic);
    this.resume();
  }

  /** What the toxic held passes at once, in order. */
  remove(toxic: LiveToxic): void {
    const stage = this.#stageOf(toxic);
    // A closed stage stays where it is: nothing may follow the end that it has handed on.
    if (stage === undefined || stage.isClosed()) return;
    if (toxic.kind.closesOnRemoval === true) return stage.close();
    const next = this.#after(stage);
    const { chunks, ended } = stage.release();
    // Until all of it has moved on, the stage stays in place and keeps newer chunks from overtaking.
    for (const chunk of chunks) next.push(chunk);
    if (ended) next.end();
    this.#stages.splice(this.#stages.indexOf(stage), 1);
    this.resume();
  }

  /** The sink is gone: drops everything. */
  discard(): void {
    this.#done = true;
    for (const stage of this.#stages) stage.discard();
  }

  #first(): Outlet {
    return this.#stages[0] ?? this.#outlet;
  }

  #after(stage: ToxicStage): Outlet {
    return this.#stages[this.#stages.indexOf(stage) + 1] ?? this.#outlet;
  }

  #stageOf({ nth }: LiveToxic): ToxicStage | undefined {
    return this.#stages.find((stage) => stage.nth === nth);
  }

  #wakeSource(): void {
    if (!this.isFull()) this.#options.onRoom();
  }

  #append(toxic: LiveToxic): void {
    const stage: ToxicStage = new ToxicStage({
      toxic,
      random: this.#options.randomFor(toxic),
      world: this.#options.world,
      next: () => this.#after(stage),
      onRoom: () => {
        const before = this.#stages[this.#stages.indexOf(stage) - 1];
        if (before === undefined) this.#wakeSource();
        else before.pump();
      },
    });
    this.#stages.push(stage);
  }
}
