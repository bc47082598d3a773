/**
 * Toxiproxy's API as a simple model: calls in, the expected answers out. Ports are names, as in stimuli: the first port
 * that a proxy `a` comes to is `{a}`, the next `{a'}`.
 */
import { answers, gone, refuses, type Json, type ServerAnswer } from "./stimulus.ts";

export interface ModelToxic {
  readonly name: string;
  readonly type: string;
  readonly stream: string;
  readonly toxicity: number;
  readonly attributes: Readonly<Record<string, number>>;
}

interface ModelProxy {
  readonly name: string;
  listen: string;
  upstream: string;
  enabled: boolean;
  toxics: readonly ModelToxic[];
}

export interface ProxySettings {
  readonly listen?: string;
  readonly upstream?: string;
  readonly enabled?: boolean;
}

export type NamedSettings = ProxySettings & { readonly name?: string };

const anyPort = "127.0.0.1:0";
export const attributesOf: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  latency: { latency: 0, jitter: 0 },
  timeout: { timeout: 0 },
  limit_data: { bytes: 0 },
  noop: {},
};

class Refusal extends Error {
  readonly status: number;
  constructor(status: number, says: string) {
    super(says);
    this.status = status;
  }
}

export class Model {
  readonly #proxies = new Map<string, ModelProxy>();
  readonly #portsEver = new Map<string, number>();

  list(): ServerAnswer {
    return answers(200, Object.fromEntries([...this.#proxies].map(([name, proxy]) => [name, shown(proxy)])));
  }

  create(settings: NamedSettings): ServerAnswer {
    return orRefuse(() => {
      const wanted = whole(settings);
      if (this.#proxies.has(wanted.name)) throw new Refusal(409, "proxy already exists");
      return answers(201, shown(this.#addOrReplace(wanted)));
    });
  }

  update(name: string, settings: ProxySettings): ServerAnswer {
    return orRefuse(() => {
      const proxy = this.#named(name);
      const { listen, upstream, enabled } = { ...proxy, ...settings };
      if (listen !== proxy.listen || upstream !== proxy.upstream) {
        Object.assign(proxy, { listen, upstream, enabled: false });
      }
      if (enabled) this.#start(proxy);
      else proxy.enabled = false;
      return answers(200, shown(proxy));
    });
  }

  delete(name: string): ServerAnswer {
    return orRefuse(() => {
      this.#named(name);
      this.#proxies.delete(name);
      return gone;
    });
  }

  populate(entries: readonly NamedSettings[]): ServerAnswer {
    const made: ModelProxy[] = [];
    const list = (): Json => (made.length === 0 ? null : made.map(shown));
    try {
      const wanted = entries.map((entry, index) => whole(entry, ` at proxy ${index + 1}`));
      for (const settings of wanted) made.push(this.#addOrReplace(settings));
      return answers(201, { proxies: list() });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return answers(error.status, { error: error.message, status: error.status, proxies: list() });
    }
  }

  /** Undefined where the answer hangs on the order in which the proxies are taken. */
  reset(): ServerAnswer | undefined {
    const all = [...this.#proxies.values()];
    const fixed = all.map(({ listen }) => listen).filter((listen) => listen !== anyPort);
    if (new Set(fixed).size < fixed.length) return undefined;
    for (const proxy of all) {
      this.#start(proxy);
      proxy.toxics = [];
    }
    return gone;
  }

  addToxic(proxyName: string, given: Partial<ModelToxic>): ServerAnswer {
    return orRefuse(() => {
      const proxy = this.#named(proxyName);
      const { type = "", stream = "downstream", toxicity = 1, attributes = {} } = given;
      if (!["upstream", "downstream"].includes(stream.toLowerCase())) {
        throw new Refusal(400, "stream was invalid, can be either upstream or downstream");
      }
      const defaults = attributesOf[type];
      if (defaults === undefined) throw new Refusal(400, "invalid toxic type");
      const name = given.name ?? `${type}_${stream}`;
      if (proxy.toxics.some((toxic) => toxic.name === name)) throw new Refusal(409, "toxic already exists");
      const toxic = { attributes: merged(defaults, attributes), name, type, stream, toxicity };
      proxy.toxics = [...proxy.toxics, toxic];
      return answers(200, { ...toxic });
    });
  }

  updateToxic(proxyName: string, name: string, given: Partial<ModelToxic>): ServerAnswer {
    return orRefuse(() => {
      const proxy = this.#named(proxyName);
      const found = toxicNamed(proxy, name);
      const updated = {
        ...found,
        toxicity: given.toxicity ?? found.toxicity,
        attributes: merged(found.attributes, given.attributes ?? {}),
      };
      proxy.toxics = proxy.toxics.map((toxic) => (toxic === found ? updated : toxic));
      return answers(200, { ...updated });
    });
  }

  removeToxic(proxyName: string, name: string): ServerAnswer {
    return orRefuse(() => {
      const proxy = this.#named(proxyName);
      const found = toxicNamed(proxy, name);
      proxy.toxics = proxy.toxics.filter((toxic) => toxic !== found);
      return gone;
    });
  }

  #named(name: string): ModelProxy {
    const proxy = this.#proxies.get(name);
    if (proxy === undefined) throw new Refusal(404, "proxy not found");
    return proxy;
  }

  #addOrReplace(wanted: Omit<ModelProxy, "toxics">): ModelProxy {
    const existing = this.#proxies.get(wanted.name);
    if (existing !== undefined) {
      if (existing.listen === wanted.listen && existing.upstream === wanted.upstream) return existing;
      existing.enabled = false;
    }
    const proxy = { ...wanted, enabled: false, toxics: [] };
    if (wanted.enabled) this.#start(proxy);
    this.#proxies.set(proxy.name, proxy);
    return proxy;
  }

  #start(proxy: ModelProxy): void {
    if (proxy.enabled) return;
    if ([...this.#proxies.values()].some(({ enabled, listen }) => enabled && listen === proxy.listen)) {
      throw new Refusal(500, `listen tcp ${proxy.listen}: bind: address already in use`);
    }
    if (proxy.listen === anyPort) {
      const nth = this.#portsEver.get(proxy.name) ?? 0;
      this.#portsEver.set(proxy.name, nth + 1);
      proxy.listen = `127.0.0.1:{${proxy.name}${"'".repeat(nth)}}`;
    }
    proxy.enabled = true;
  }

  /** The ports that have been given out, as bodies may name them. */
  ports(): readonly string[] {
    return [...this.#portsEver].flatMap(([name, ever]) => {
      return Array.from({ length: ever }, (_, nth) => `127.0.0.1:{${name}${"'".repeat(nth)}}`);
    });
  }
}

function whole({ name, listen, upstream, enabled }: NamedSettings, where = ""): Omit<ModelProxy, "toxics"> {
  if (name === undefined || name === "") throw new Refusal(400, `missing required field: name${where}`);
  if (upstream === undefined || upstream === "") throw new Refusal(400, `missing required field: upstream${where}`);
  return { name, listen: listen ?? anyPort, upstream, enabled: enabled ?? true };
}

function toxicNamed({ toxics }: ModelProxy, name: string): ModelToxic {
  const found = toxics.find((toxic) => toxic.name === name);
  if (found === undefined) throw new Refusal(404, "toxic not found");
  return found;
}

/** Names of attributes that the kind does not have are ignored. */
function merged(known: ModelToxic["attributes"], given: ModelToxic["attributes"]): ModelToxic["attributes"] {
  return Object.fromEntries(Object.entries(known).map(([name, value]) => [name, given[name] ?? value]));
}

function shown({ name, listen, upstream, enabled, toxics }: ModelProxy): Json {
  const on = (wanted: string): readonly ModelToxic[] => toxics.filter(({ stream }) => stream.toLowerCase() === wanted);
  return {
    name,
    listen,
    upstream,
    enabled,
    toxics: [...on("upstream"), ...on("downstream")].map((toxic) => ({ ...toxic })),
  };
}

function orRefuse(work: () => ServerAnswer): ServerAnswer {
  try {
    return work();
  } catch (error) {
    if (error instanceof Refusal) return refuses(error.status, error.message);
    throw error;
  }
}
