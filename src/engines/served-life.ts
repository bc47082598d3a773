/** One life of a Toxiproxy server: from its start to its end, with the proxies and toxics that it has been given. */
import type { Toxic, ToxicOn } from "../faults/handles.ts";
import type { World } from "../world.ts";
import { acquaint } from "./acquaintance.ts";
import { EngineError } from "./control-request.ts";
import type { Address, EngineProxy } from "./engine.ts";
import type { EngineServer, StartEngineServer } from "./server.ts";
import { formatAddress, openToxiproxy, type ToxiproxyServer } from "./toxiproxy.ts";

/** A proxy as it shall be, whichever life it is in. */
export interface KeptProxy {
  readonly name: string;
  readonly link: string;
  readonly upstream: Address;
  readonly toxics: Set<KeptToxic>;
  enabled: boolean;
  /** Where it is reached from here, once it has been opened. */
  address: Address | undefined;
}

/** An object of its own for each time that a toxic is added. */
export interface KeptToxic {
  toxic: Toxic;
}

export interface Life {
  readonly server: EngineServer;
  readonly version: string;
  readonly api: ToxiproxyServer;
  /** When it last answered. */
  readonly heardUs: () => number;
  /** When and how it ended by itself, if it did. */
  readonly end: () => { readonly atUs: number; readonly because: string } | undefined;
  readonly ended: Promise<void>;
  /** The call's answer; when the server ends meanwhile, that is the call's error. */
  asked<T>(call: Promise<T>): Promise<T>;
  open(kept: KeptProxy): Promise<void>;
  setEnabled(kept: KeptProxy): Promise<void>;
  addToxic(kept: KeptProxy, toxic: KeptToxic): Promise<void>;
  updateToxic(toxic: KeptToxic): Promise<void>;
  heal(toxic: KeptToxic): Promise<void>;
  /** The proxies that it has been given and no longer has. */
  missing(): Promise<readonly string[]>;
  removeAll(): Promise<void>;
}

export interface LifeOptions {
  readonly start: StartEngineServer;
  /** Ended when it does not answer, so that nothing need be taken back from it. */
  readonly isOurs: boolean;
  readonly timeoutMs: number;
  readonly nowUs: () => number;
  readonly world: World;
}

export async function beginLife({ start, isOurs, timeoutMs, nowUs, world }: LifeOptions): Promise<Life> {
  const server = await start();
  try {
    const { url, says } = server;
    const version = await acquaint({ url, says, timeoutMs, world });
    const api = openToxiproxy({ url, world, timeoutMs, isExpendable: isOurs });
    return { server, version, api, ...lifeOf(server, api, nowUs) };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

function lifeOf(server: EngineServer, api: ToxiproxyServer, nowUs: () => number) {
  const { network } = server;
  const proxies = new Map<KeptProxy, EngineProxy>();
  const cures = new Map<KeptToxic, ToxicOn>();
  const { asked, ...watched } = watch(server, nowUs);
  const proxyOf = (kept: KeptProxy): EngineProxy => {
    const proxy = proxies.get(kept);
    if (proxy === undefined) throw new EngineError(`the proxy ${kept.name} is not open`);
    return proxy;
  };

  const openAt = (kept: KeptProxy, listen: string | undefined, enabled: boolean): Promise<EngineProxy> => {
    const upstream = network?.calls(kept.upstream) ?? kept.upstream;
    return asked(api.openProxy(kept.name, upstream, { ...(listen === undefined ? {} : { listen }), enabled }));
  };
  const addToxic = async (kept: KeptProxy, added: KeptToxic): Promise<void> => {
    // A life that began meanwhile has been given it already; one that is taken back must not come again.
    if (cures.has(added) || !kept.toxics.has(added)) return;
    cures.set(added, await asked(proxyOf(kept).addToxic(added.toxic)));
  };
  const open = async (kept: KeptProxy): Promise<void> => {
    if (proxies.has(kept)) return;
    // With toxics it must be whole before anybody can connect; without any it is so at once.
    const atOnce = kept.enabled && kept.toxics.size === 0;
    const wanted = network?.nextListen() ?? (kept.address === undefined ? undefined : formatAddress(kept.address));
    const proxy = await openAt(kept, wanted, atOnce).catch((error: unknown) => {
      const isTaken = error instanceof EngineError && error.status === 500 && /in use/.test(error.message);
      // Somebody else has taken its port since; taps ask where it listens each time.
      if (!isTaken || network !== undefined || kept.address === undefined) throw error;
      return openAt(kept, undefined, atOnce);
    });
    proxies.set(kept, proxy);
    for (const toxic of kept.toxics) await addToxic(kept, toxic);
    if (kept.enabled && !atOnce) await asked(proxy.setEnabled(true));
    kept.address = network?.reachedAt(proxy.address) ?? proxy.address;
  };

  return {
    ...watched,
    asked,
    open,
    addToxic,
    setEnabled: (kept: KeptProxy) => asked(proxyOf(kept).setEnabled(kept.enabled)),
    updateToxic: async (kept: KeptToxic): Promise<void> => {
      const on = cures.get(kept);
      if (on !== undefined) await asked(on.update(kept.toxic));
    },
    heal: async (toxic: KeptToxic): Promise<void> => {
      const cure = cures.get(toxic);
      if (cure === undefined) return;
      await asked(cure.heal());
      cures.delete(toxic);
    },
    missing: async (): Promise<readonly string[]> => {
      const given = [...proxies.keys()].map(({ name }) => name);
      const there = new Set((await asked(api.listProxies())).map(({ name }) => name));
      return given.filter((name) => !there.has(name));
    },
    removeAll: async (): Promise<void> => {
      await Promise.all([...proxies.keys()].map(({ name }) => asked(api.removeProxy(name))));
    },
  };
}

function watch(server: EngineServer, nowUs: () => number) {
  let end: { readonly atUs: number; readonly because: string } | undefined;
  let heardUs = nowUs();
  const ends = async (): Promise<void> => {
    const because = await (server.ended ?? new Promise<never>(() => {}));
    end = { atUs: nowUs(), because };
  };
  const ended = ends();
  const gone = ended.then((): never => {
    throw new EngineError(`${server.says}: ${end?.because ?? "it has ended"}`, { isUnanswered: true });
  });
  // Calls hear of it when they race with it; between calls nobody listens, and that is no error yet.
  gone.catch(() => undefined);
  const asked = async <T>(call: Promise<T>): Promise<T> => {
    const answer = await Promise.race([gone, call]);
    heardUs = nowUs();
    return answer;
  };
  return { asked, ended, end: () => end, heardUs: () => heardUs };
}
