/**
 * An engine made of a Toxiproxy server. It knows how every proxy shall be, so that a server of ours that hangs or dies
 * can be ended, started anew and given all of it again in the middle of a run. What that did to the evidence is
 * recorded. A server that is not ours is given up instead.
 */
import { codeOf, exitCodes, messageOf, UserError } from "../errors.ts";
import type { Toxic, ToxicOn } from "../faults/handles.ts";
import type { EngineKind } from "../history/engine-events.ts";
import type { Recorder } from "../history/events.ts";
import type { World } from "../world.ts";
import { EngineError } from "./control-request.ts";
import type { Address, Engine, EngineProxy } from "./engine.ts";
import { beginLife, type KeptProxy, type KeptToxic, type Life, type LifeOptions } from "./served-life.ts";
import type { StartEngineServer } from "./server.ts";

export interface ServedOptions {
  readonly kind: EngineKind;
  readonly start: StartEngineServer;
  /** Whether it may be ended and started anew. */
  readonly isOurs: boolean;
  /** What the names of its proxies begin with: nobody else's do. */
  readonly prefix: string;
  readonly world: World;
  readonly recorder: Recorder;
  /** The limit of each call; a server of ours that takes longer is ended. */
  readonly timeoutMs?: number;
  /** How often it is asked whether it still answers. */
  readonly pulseMs?: number;
}

const restartsMost = 5;
const startTries = 2;
/** How much later than a broken connection the news of its end may come. */
const newsMaxMs = 200;

export async function openServedEngine(options: ServedOptions): Promise<Engine> {
  const { timeoutMs = 5000, recorder } = options;
  const lifeOptions: LifeOptions = { ...options, timeoutMs, nowUs: recorder.nowUs };
  return new ServedEngine(options, lifeOptions, await beginLife(lifeOptions));
}

class ServedEngine implements Engine {
  readonly kind: EngineKind;
  readonly version: string;
  readonly says: string;
  readonly lost: Promise<Error>;
  readonly #options: ServedOptions;
  readonly #lifeOptions: LifeOptions;
  readonly #kept = new Set<KeptProxy>();
  readonly #closing = new AbortController();
  readonly #lose: (error: Error) => void;
  #last: Life;
  /** Rejects once it is lost. */
  #current: Promise<Life>;
  #isLost = false;
  #restarts = 0;
  #closed: Promise<void> | undefined;

  constructor(options: ServedOptions, lifeOptions: LifeOptions, first: Life) {
    const { promise, resolve } = Promise.withResolvers<Error>();
    this.kind = options.kind;
    this.version = first.version;
    this.says = first.server.says;
    this.lost = promise;
    this.#lose = resolve;
    this.#options = options;
    this.#lifeOptions = lifeOptions;
    this.#last = first;
    this.#current = Promise.resolve(first);
    this.#watch(first);
  }

  async openProxy(link: string, upstream: Address): Promise<EngineProxy> {
    const name = `${this.#options.prefix}${link}`;
    const kept: KeptProxy = { name, link, upstream, toxics: new Set(), enabled: true, address: undefined };
    this.#kept.add(kept);
    try {
      await this.#tell((life) => life.open(kept));
    } catch (error) {
      this.#kept.delete(kept);
      throw error;
    }
    return {
      get address() {
        if (kept.address === undefined) throw new EngineError(`the proxy ${name} is not open`);
        return kept.address;
      },
      setEnabled: (enabled) => {
        kept.enabled = enabled;
        return this.#tell((life) => life.setEnabled(kept));
      },
      addToxic: (toxic) => this.#addToxic(kept, toxic),
    };
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #addToxic(kept: KeptProxy, toxic: Toxic): Promise<ToxicOn> {
    const added: KeptToxic = { toxic };
    kept.toxics.add(added);
    try {
      await this.#tell((life) => life.addToxic(kept, added));
    } catch (error) {
      kept.toxics.delete(added);
      throw error;
    }
    const heal = async (): Promise<void> => {
      kept.toxics.delete(added);
      // With a server of ours that is ended for good, all that it did to anybody has ended too.
      if (this.#isLost && this.#options.isOurs) return;
      await this.#tell((life) => life.heal(added));
    };
    const update = (next: Toxic): Promise<void> => {
      added.toxic = next;
      return this.#tell((life) => life.updateToxic(added));
    };
    return { heal, update };
  }

  /** A server that is started anew is given all that is kept, so whatever was asked for meanwhile is done with it. */
  async #tell(call: (life: Life) => Promise<void>): Promise<void> {
    const life = await this.#current;
    try {
      await call(life);
    } catch (error) {
      if (!isUnanswered(error)) throw error;
      await this.#renew(life, error);
    }
  }

  #renew(dead: Life, error: unknown): Promise<Life> {
    if (this.#last === dead && !this.#isLost) {
      this.#current = this.#again(dead, messageOf(error));
      // Whoever calls hears of it, and everybody else by `lost`.
      this.#current.catch(() => undefined);
    }
    return this.#current;
  }

  async #again(dead: Life, error: string): Promise<Life> {
    // Nobody else shall start it again for the same reason.
    this.#last = { ...dead };
    try {
      const { kind, world, recorder } = this.#options;
      await this.#newsOf(dead, world);
      const end = dead.end();
      const because = end?.because ?? error;
      this.#refuseInVain(dead, because);
      await dead.server.stop();
      const life = await this.#begun();
      const links = [...this.#kept].map(({ link }) => link);
      const fromUs = end?.atUs ?? dead.heardUs();
      recorder.record({ type: "engine-restarted", kind, fromUs, untilUs: recorder.nowUs(), because, links });
      this.#last = life;
      this.#watch(life);
      return life;
    } catch (failed) {
      this.#isLost = true;
      // Of a server that is not of Squall's making a person is told, and not that Squall is broken.
      const lost = new UserError(messageOf(failed), { exitCode: exitCodes.inconclusive, cause: failed });
      await dead.server.stop();
      this.#lose(lost);
      throw lost;
    }
  }

  #refuseInVain({ server }: Life, because: string): void {
    const { isOurs } = this.#options;
    const refuse = (why: string): never => {
      throw new EngineError(`the engine ${server.says} is lost: ${because}; ${why}`);
    };
    if (this.#closing.signal.aborted) refuse("the run is over");
    if (!isOurs) refuse("Squall did not start it, so it does not start it again");
    if (this.#restarts === restartsMost) refuse(`it has been started again ${restartsMost} times already`);
    this.#restarts += 1;
  }

  async #newsOf(dead: Life, world: World): Promise<void> {
    const waited = new AbortController();
    await Promise.race([dead.ended, world.sleep(newsMaxMs, waited.signal)]);
    waited.abort();
  }

  /** A fresh server with everything that the old one had. */
  async #begun(): Promise<Life> {
    for (let left = startTries; ; left -= 1) {
      let life: Life | undefined;
      try {
        life = await beginLife(this.#lifeOptions);
        for (const kept of this.#kept) await life.open(kept);
        return life;
      } catch (error) {
        await life?.server.stop();
        if (left === 1) throw error;
      }
    }
  }

  #watch(life: Life): void {
    void this.#awaitEnd(life);
    void this.#feelPulse(life);
  }

  async #awaitEnd(life: Life): Promise<void> {
    await life.ended;
    if (!this.#closing.signal.aborted) await this.#renew(life, new Error("it has ended")).catch(() => undefined);
  }

  /** The list of proxies, and not the version: that is also answered by a server whose other routes all hang. */
  async #feelPulse(life: Life): Promise<void> {
    const { world, pulseMs = 1000 } = this.#options;
    while (await world.sleep(pulseMs, this.#closing.signal)) {
      if (this.#last !== life) return;
      try {
        const missing = await life.missing();
        if (missing.length === 0) continue;
        throw new EngineError(`it has lost ${missing.join(", ")}: somebody emptied it`, { isUnanswered: true });
      } catch (error) {
        // What it answers wrongly it will answer wrongly to whoever asks for something.
        if (isUnanswered(error)) return void this.#renew(life, error).catch(() => undefined);
      }
    }
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    const { isOurs } = this.#options;
    const life = await this.#current.catch(() => this.#last);
    this.#isLost = true;
    this.#current = Promise.reject(new EngineError("the engine is closed"));
    this.#current.catch(() => undefined);
    if (isOurs) await life.server.stop();
    else await life.removeAll().catch(unlessGone);
  }
}

/** With a server its proxies have gone: it keeps nothing on disk. */
function unlessGone(error: unknown): void {
  if (codeOf(error) !== "ECONNREFUSED") throw error;
}

function isUnanswered(error: unknown): boolean {
  return error instanceof EngineError && error.isUnanswered;
}
