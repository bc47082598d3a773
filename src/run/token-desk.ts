/**
 * The tokens of all identities that are granted any: fetched before the agents begin, renewed before they end and when
 * a server has refused one. However many agents ask, each identity asks for one token at a time.
 */
import { messageOf } from "../errors.ts";
import type { Recorder } from "../history/events.ts";
import type { TokenEvent } from "../history/token-events.ts";
import type { Masks } from "../masks.ts";
import type { Grant } from "../wire/oauth.ts";
import type { World } from "../world.ts";
import type { Granted, Wallet } from "./identity.ts";

export interface TokenClient {
  readonly identity: string;
  /** 0: only once the server has refused the old one. */
  readonly refreshBeforeMs: number;
  /** Rejects with why there is none. */
  readonly grant: () => Promise<Grant>;
}

export interface TokenDesk extends Wallet {
  /** Of all identities, as they are now. */
  held(): readonly Granted[];
  /** Told of every token from now on. Returns how to stop it. */
  readonly onGranted: (listener: (granted: Granted) => void) => () => void;
}

export interface DeskOptions {
  readonly clients: readonly TokenClient[];
  readonly recorder: Recorder;
  readonly masks: Pick<Masks, "add">;
  readonly world: World;
  /** No token is renewed any more. */
  readonly over: AbortSignal;
}

// An authorization server that has just said no, or nothing, would say the same to the next agent.
const pauseMs = 1000;

/** Rejects where an identity is granted none at all. */
export async function openTokenDesk(options: DeskOptions): Promise<TokenDesk> {
  const { clients, over } = options;
  const listeners = new Set<(granted: Granted) => void>();
  const tell = (granted: Granted): void => {
    for (const listener of listeners) listener(granted);
  };
  const accounts = new Map(clients.map((client) => [client.identity, new Account(client, { ...options, tell })]));
  await Promise.all([...accounts.values()].map((account) => account.begin()));
  for (const account of accounts.values()) void account.keepFresh(over);
  const of = (identity: string): Account => {
    const account = accounts.get(identity);
    if (account === undefined) throw new Error(`${identity} was never granted a token`);
    return account;
  };
  return {
    get: (identity) => of(identity).granted,
    renew: (identity, number) => of(identity).renewAfter(number),
    held: () => [...accounts.values()].map(({ granted }) => granted),
    onGranted: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

class Account {
  readonly #client: TokenClient;
  readonly #options: DeskOptions & { readonly tell: (granted: Granted) => void };
  #granted: Granted | undefined;
  #endsUs = Number.POSITIVE_INFINITY;
  #renewFromUs = Number.POSITIVE_INFINITY;
  #asking: Promise<boolean> | undefined;
  #quietUntilUs = 0;
  /** Wakes whoever waits for the end of a token that has been renewed early. */
  #changed = new AbortController();

  constructor(client: TokenClient, options: DeskOptions & { readonly tell: (granted: Granted) => void }) {
    this.#client = client;
    this.#options = options;
  }

  get granted(): Granted {
    if (this.#granted === undefined) throw new Error(`${this.#client.identity} has no token yet`);
    return this.#granted;
  }

  async begin(): Promise<void> {
    await this.#fetch("start");
  }

  async renewAfter(number: number): Promise<boolean> {
    if (this.granted.number > number) return true;
    if (this.#asking === undefined && this.#options.world.nowUs() < this.#quietUntilUs) return false;
    return this.#renew("refusal");
  }

  /** For as long as the run lasts: nobody waits for it. */
  async keepFresh(over: AbortSignal): Promise<void> {
    const { world } = this.#options;
    while (!over.aborted) {
      const changed = this.#changed.signal;
      const waitMs = Math.max(0, (this.#renewFromUs - world.nowUs()) / 1000);
      const until = AbortSignal.any([over, changed]);
      if (waitMs === Number.POSITIVE_INFINITY) await aborted(until);
      else if (await world.sleep(waitMs, until)) {
        if (!(await this.#renew("expiry"))) await world.sleep(pauseMs, over);
      }
    }
  }

  #renew(why: TokenEvent["why"]): Promise<boolean> {
    this.#asking ??= this.#fetch(why)
      .then(
        () => true,
        () => false,
      )
      .finally(() => {
        this.#asking = undefined;
      });
    return this.#asking;
  }

  async #fetch(why: TokenEvent["why"]): Promise<void> {
    const { recorder, world, masks, tell, over } = this.#options;
    const { identity, refreshBeforeMs, grant } = this.#client;
    const askedUs = world.nowUs();
    const number = (this.#granted?.number ?? 0) + 1;
    const record = (how: Pick<TokenEvent, "edge" | "lastsMs" | "because">): void => {
      recorder.record({ type: "token", identity, why, number, tookUs: world.nowUs() - askedUs, ...how });
    };
    try {
      const { token, lastsMs } = await grant();
      // The history may be closed already.
      over.throwIfAborted();
      masks.add([token]);
      this.#granted = { identity, token, number };
      this.#endsUs = lastsMs === undefined ? Number.POSITIVE_INFINITY : world.nowUs() + lastsMs * 1000;
      const leadMs = Math.min(refreshBeforeMs, (lastsMs ?? 0) / 2);
      // However short its tokens live, an authorization server is not asked without end.
      const fromUs = Math.max(this.#endsUs - leadMs * 1000, world.nowUs() + pauseMs * 250);
      this.#renewFromUs = refreshBeforeMs === 0 ? Number.POSITIVE_INFINITY : fromUs;
      record({ edge: "granted", ...(lastsMs === undefined ? {} : { lastsMs }) });
      tell(this.#granted);
      this.#changed.abort();
      this.#changed = new AbortController();
    } catch (error) {
      if (over.aborted) throw error;
      this.#quietUntilUs = world.nowUs() + pauseMs * 1000;
      record({ edge: "failed", because: messageOf(error) });
      throw error;
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
