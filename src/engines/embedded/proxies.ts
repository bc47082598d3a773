/** The proxies of an engine by name, and what the API may do with them. */
import { z } from "zod";
import type { Stream } from "../../faults/handles.ts";
import { apiError, badBody, readAs, toApiError, type ApiError } from "./api-error.ts";
import { Proxy, type ProxyOptions } from "./proxy.ts";
import { findToxicKind } from "./toxics/registry.ts";
import type { LiveToxic, PreparedToxic, ToxicKind } from "./toxics/toxic.ts";

const proxyBody = z.object({
  name: z.string().optional(),
  listen: z.string().optional(),
  upstream: z.string().optional(),
  enabled: z.boolean().optional(),
});

const toxicBody = z.object({
  name: z.string().optional(),
  type: z.string().optional(),
  stream: z.string().optional(),
  toxicity: z.number().min(0).max(1).optional(),
  attributes: z.record(z.string(), z.unknown()).optional(),
});

export interface Proxies {
  all(): readonly Proxy[];
  named(name: string): Proxy;
  create(body: unknown): Promise<Proxy>;
  /** What was made before something went wrong stays. */
  populate(body: unknown): Promise<{ readonly made: readonly Proxy[] | null; readonly error?: ApiError }>;
  update(proxy: Proxy, body: unknown): Promise<Proxy>;
  remove(name: string): Promise<void>;
  /** Starts every proxy and removes every toxic. */
  reset(): Promise<void>;
  addToxic(proxy: Proxy, body: unknown): LiveToxic;
  updateToxic(proxy: Proxy, toxic: LiveToxic, body: unknown): LiveToxic;
  stopAll(): Promise<void>;
}

export function createProxies(options: ProxyOptions): Proxies {
  const proxies = new Map<string, Proxy>();

  const named = (name: string): Proxy => {
    const proxy = proxies.get(name);
    if (proxy === undefined) throw apiError("proxyNotFound");
    return proxy;
  };

  const addOrReplace = async (settings: CompleteSettings): Promise<Proxy> => {
    const existing = proxies.get(settings.name);
    if (existing !== undefined) {
      if (!(await existing.differs(settings))) return existing;
      await existing.stop();
    }
    const proxy = new Proxy(settings, options);
    if (settings.enabled) await proxy.start();
    proxies.set(proxy.name, proxy);
    return proxy;
  };

  return {
    all: () => [...proxies.values()],
    named,

    create: async (body) => {
      const settings = complete(readAs(proxyBody, body ?? {}));
      if (proxies.has(settings.name)) throw apiError("proxyAlreadyExists");
      return addOrReplace(settings);
    },

    populate: async (body) => {
      // Nothing is made before all of it has been looked at.
      const entries = body === null ? [] : readAs(z.array(proxyBody), body);
      const wanted = entries.map((entry, index) => complete(entry, ` at proxy ${index + 1}`));
      const made: Proxy[] = [];
      try {
        for (const settings of wanted) made.push(await addOrReplace(settings));
      } catch (error) {
        return { made: made.length === 0 ? null : made, error: toApiError(error) };
      }
      return { made: made.length === 0 ? null : made };
    },

    update: async (proxy, body) => {
      const { listen, upstream, enabled } = readAs(proxyBody, body ?? {});
      await proxy.update({
        listen: listen ?? proxy.listen,
        upstream: upstream ?? proxy.upstream,
        enabled: enabled ?? proxy.enabled,
      });
      return proxy;
    },

    remove: async (name) => {
      await named(name).stop();
      proxies.delete(name);
    },

    reset: async () => {
      for (const proxy of proxies.values()) {
        await proxy.start();
        for (const toxic of proxy.toxics) proxy.removeToxic(toxic);
      }
    },

    addToxic,
    updateToxic,
    stopAll: async () => {
      await Promise.all([...proxies.values()].map((proxy) => proxy.stop()));
    },
  };
}

interface CompleteSettings {
  readonly name: string;
  readonly listen: string;
  readonly upstream: string;
  readonly enabled: boolean;
}

function complete({ name, listen, upstream, enabled }: z.output<typeof proxyBody>, where = ""): CompleteSettings {
  if (name === undefined || name === "") throw apiError("missingField", `name${where}`);
  if (upstream === undefined || upstream === "") throw apiError("missingField", `upstream${where}`);
  return { name, listen: listen ?? "", upstream, enabled: enabled ?? true };
}

function addToxic(proxy: Proxy, body: unknown): LiveToxic {
  const { name, type = "", stream = "downstream", toxicity = 1, attributes = {} } = readAs(toxicBody, body ?? {});
  const direction = directionOf(stream);
  const kind = findToxicKind(type);
  if (kind === undefined) throw apiError("invalidToxicType");
  const named = name === undefined || name === "" ? `${type}_${stream}` : name;
  if (proxy.toxics.some((toxic) => toxic.name === named)) throw apiError("toxicAlreadyExists");
  const prepared = prepare(kind, attributes);
  return proxy.addToxic({ name: named, stream: direction, streamAsWritten: stream, toxicity, kind, prepared });
}

/** Absent attributes keep their value; a body that is refused changes nothing. */
function updateToxic(proxy: Proxy, toxic: LiveToxic, body: unknown): LiveToxic {
  const { toxicity = toxic.toxicity, attributes = {} } = readAs(
    toxicBody.pick({ toxicity: true, attributes: true }),
    body ?? {},
  );
  const prepared = prepare(toxic.kind, { ...toxic.prepared.attributes, ...attributes });
  const updated = { ...toxic, toxicity, prepared };
  proxy.updateToxic(updated);
  return updated;
}

export function toxicNamed(proxy: Proxy, name: string): LiveToxic {
  const found = proxy.toxics.find((toxic) => toxic.name === name);
  if (found === undefined) throw apiError("toxicNotFound");
  return found;
}

function prepare(kind: ToxicKind, attributes: Readonly<Record<string, unknown>>): PreparedToxic {
  try {
    return kind.prepare(attributes);
  } catch (error) {
    throw error instanceof z.ZodError ? badBody(error, ["attributes"]) : error;
  }
}

function directionOf(stream: string): Stream {
  const lower = stream.toLowerCase();
  if (lower !== "upstream" && lower !== "downstream") throw apiError("invalidStream");
  return lower;
}
