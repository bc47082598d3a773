/** What one call is told of how far it is: counted as it comes, and the first few values that do not go up. */
import type { NotUp, ProgressSeen } from "../history/progress.ts";
import type { World } from "../world.ts";

const samplesMost = 3;

export class ProgressWatch {
  readonly #world: World;
  readonly #startUs: number;
  #count = 0;
  #firstUs = 0;
  #lastUs = 0;
  #notUp: { count: number; inOrder: number; first: NotUp["first"][number][] } | undefined;
  /** Of the stream on which all is in order, and of all the others. */
  readonly #before: { certain?: number; other?: number } = {};

  constructor(world: World) {
    this.#world = world;
    this.#startUs = world.nowUs();
  }

  note(value: number, inOrder: boolean): void {
    this.#lastUs = this.#world.nowUs() - this.#startUs;
    if (this.#count === 0) this.#firstUs = this.#lastUs;
    this.#count += 1;
    const stream = inOrder ? "certain" : "other";
    const before = this.#before[stream];
    this.#before[stream] = value;
    if (before === undefined || value > before) return;
    this.#notUp ??= { count: 0, inOrder: 0, first: [] };
    this.#notUp.count += 1;
    if (inOrder) this.#notUp.inOrder += 1;
    if (this.#notUp.first.length < samplesMost) this.#notUp.first.push({ before, value });
  }

  /** Since the call began; undefined where nothing came. */
  get lastMs(): number | undefined {
    return this.#count === 0 ? undefined : this.#lastUs / 1000;
  }

  seen(): ProgressSeen {
    if (this.#count === 0) return { count: 0 };
    return {
      count: this.#count,
      firstUs: this.#firstUs,
      lastUs: this.#lastUs,
      ...(this.#notUp === undefined ? {} : { notUp: { ...this.#notUp, first: [...this.#notUp.first] } }),
    };
  }
}
