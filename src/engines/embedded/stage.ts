/**
 * One toxic at work on one direction of one connection: chunks wait here, one at a time is in the toxic's hands.
 * Everything happens within the call that causes it, so that adding and removing toxics never races with the bytes.
 */
import type { Random, Timer, World } from "../../world.ts";
import { passThrough, type Behaviour, type Chunk, type LiveToxic, type Stage } from "./toxics/toxic.ts";

/** Where bytes go next: another stage, or the socket at the end. */
export interface Outlet {
  isFull(): boolean;
  /** Never refuses: whoever pushes is the one to look at `isFull` and wait. */
  push(chunk: Chunk): void;
  end(): void;
}

export interface StageOptions {
  readonly toxic: LiveToxic;
  readonly random: Random;
  readonly world: World;
  readonly next: () => Outlet;
  /** Called when the stage was full and no longer is. */
  readonly onRoom: () => void;
}

export class ToxicStage implements Outlet, Stage {
  readonly nth: number;
  readonly random: Random;
  tally = 0;
  readonly #options: StageOptions;
  readonly #bufferChunks: number;
  readonly #waiting: Chunk[] = [];
  #behaviour: Behaviour;
  #ended = false;
  #closed = false;
  #pumping = false;
  /** The toxic has a chunk, or the end, and has not asked for the next. */
  #busy = false;
  #handedOn = false;
  #held: Chunk | undefined;
  #timer: Timer | undefined;

  constructor(options: StageOptions) {
    const { toxic, random } = options;
    this.nth = toxic.nth;
    this.random = random;
    this.#options = options;
    this.#bufferChunks = toxic.kind.bufferChunks ?? 1;
    this.#behaviour = behave(toxic, this);
  }

  isFull(): boolean {
    return this.#closed || this.#waiting.length >= this.#bufferChunks;
  }

  isClosed(): boolean {
    return this.#closed;
  }

  push(chunk: Chunk): void {
    if (this.#closed) return;
    this.#waiting.push(chunk);
    this.pump();
  }

  end(): void {
    this.#ended = true;
    this.pump();
  }

  /** Goes on, if something was in the way and no longer is. */
  pump(): void {
    // A toxic that asks for the next chunk while it is given one is served by the loop that is already running.
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#isReady()) {
      const chunk = this.#waiting.shift();
      if (chunk === undefined && !this.#ended) break;
      this.#busy = true;
      this.#handedOn = false;
      if (chunk === undefined) this.#behaviour.end();
      else this.#behaviour.chunk(chunk);
      if (this.#waiting.length === this.#bufferChunks - 1) this.#options.onRoom();
    }
    this.#pumping = false;
  }

  #isReady(): boolean {
    return !this.#closed && !this.#busy && !(this.#handedOn && this.#options.next().isFull());
  }

  update(toxic: LiveToxic): void {
    if (this.#closed) return;
    const chunk = this.#stopWaiting();
    if (chunk !== undefined && toxic.kind.retakes === true) this.#waiting.unshift(chunk);
    else if (chunk !== undefined) this.pass(chunk);
    this.#busy = false;
    this.#behaviour = behave(toxic, this);
    this.pump();
  }

  /** Stops the toxic and gives back what it had not handed on. */
  release(): { readonly chunks: readonly Chunk[]; readonly ended: boolean } {
    const chunk = this.#stopWaiting();
    const chunks = chunk === undefined ? [...this.#waiting] : [chunk, ...this.#waiting];
    this.discard();
    return { chunks, ended: this.#ended };
  }

  /** Stops the toxic and drops what it has. */
  discard(): void {
    this.#closed = true;
    this.#stopWaiting();
    this.#waiting.length = 0;
  }

  // --- what the toxic sees ---

  nowUs(): number {
    return this.#options.world.nowUs();
  }

  pass(chunk: Chunk): void {
    this.#handedOn = true;
    this.#options.next().push(chunk);
  }

  next(): void {
    this.#busy = false;
    this.pump();
  }

  wait(ms: number, then: () => void, held?: Chunk): void {
    this.#stopWaiting();
    if (ms <= 0) return then();
    this.#held = held;
    this.#timer = this.#options.world.timer(ms, () => {
      this.#stopWaiting();
      then();
    });
  }

  close(): void {
    if (this.#closed) return;
    this.discard();
    this.#options.next().end();
  }

  #stopWaiting(): Chunk | undefined {
    const chunk = this.#held;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#held = undefined;
    return chunk;
  }
}

/** Toxicity is drawn for each connection when the toxic starts on it, and again when the toxic is updated. */
function behave(toxic: LiveToxic, stage: Stage): Behaviour {
  return stage.random.next() < toxic.toxicity ? toxic.prepared.start(stage) : passThrough(stage);
}
