/**
 * Our side of Toxiproxy's control API: toxiproxy-node-client, with what it lacks. Every call ends within a limit, errors
 * carry the server's own words and status, names are encoded, and nothing is sent that a real server would choke on.
 * Whatever speaks the API fits behind it: the embedded engine, a binary, a container.
 */
import { Proxy as ClientProxy, Toxic as ClientToxic, Toxiproxy } from "toxiproxy-node-client";
import { z } from "zod";
import type { Toxic, ToxicOn } from "../faults/handles.ts";
import { shown } from "../units.ts";
import type { World } from "../world.ts";
import { EngineError, requestWithin } from "./control-request.ts";
import { findToxicKind } from "./embedded/toxics/registry.ts";
import type { Attributes } from "./embedded/toxics/toxic.ts";
import { parseAddress, type Address, type EngineProxy } from "./engine.ts";

export interface ToxiproxyServer {
  version(): Promise<string>;
  /** A new proxy, on a free port of 127.0.0.1 unless another place is said. */
  openProxy(name: string, upstream: Address, how?: ProxyStart): Promise<EngineProxy>;
  /** A proxy that is gone already counts as removed. */
  removeProxy(name: string): Promise<void>;
  listProxies(): Promise<readonly ListedProxy[]>;
}

export interface ProxyStart {
  readonly listen?: string;
  /** A proxy that shall be whole before anybody connects is opened disabled. */
  readonly enabled?: boolean;
}

export interface ListedProxy {
  readonly name: string;
  readonly address: Address;
  readonly upstream: Address;
  readonly enabled: boolean;
}

export interface ToxiproxyOptions {
  readonly url: string;
  readonly world: World;
  /** The limit of each call. */
  readonly timeoutMs?: number;
  /** Whether a server that does not answer will be ended: then nothing need be taken back there. */
  readonly isExpendable?: boolean;
}

export function openToxiproxy(options: ToxiproxyOptions): ToxiproxyServer {
  const { url, world, timeoutMs = 5000, isExpendable = false } = options;
  const client = new Toxiproxy(url.replace(/\/+$/, ""));
  const request = (method: string, target: string, body?: unknown): Promise<string> =>
    requestWithin({ method, url: target, body, timeoutMs, world });
  // The package's own requests have no limit and drop the server's words; every call goes through these four.
  Object.assign(client.api, {
    get: async (target: string) => ({ data: parseJson(await request("GET", target)) }),
    post: async (target: string, body?: unknown) => ({ data: parseJson(await request("POST", target, body)) }),
    delete: async (target: string) => void (await request("DELETE", target)),
    getText: (target: string) => request("GET", target),
  } satisfies Record<keyof Toxiproxy["api"], unknown>);

  const removeProxy = (name: string): Promise<void> => ignoringGone(handleOf(client, name).remove());

  return {
    version: async () => expectReply(versionReply, parseJson(await client.getVersion())).version,
    openProxy: async (name, upstream, { listen: at = "127.0.0.1:0", enabled = true } = {}) => {
      checkName(name);
      const wanted = { name, listen: at, upstream: formatAddress(upstream), enabled };
      const made = await undoneUnlessSure(
        client.createProxy(wanted),
        isExpendable ? undefined : () => removeProxy(name),
      );
      const { listen } = expectReply(proxyReply, made);
      return proxyHandle({ client, name, listen, upstream: wanted.upstream, isExpendable });
    },
    removeProxy,
    listProxies: async () => {
      const proxies = Object.values(await client.getAll());
      return proxies.map((proxy) => {
        const { name, listen, upstream, enabled } = expectReply(proxyReply, proxy);
        return { name, address: parseAddress(listen), upstream: parseAddress(upstream), enabled };
      });
    },
  };
}

interface HandleOptions {
  readonly client: Toxiproxy;
  readonly name: string;
  readonly listen: string;
  readonly upstream: string;
  readonly isExpendable: boolean;
}

function proxyHandle({ client, name, listen, upstream, isExpendable }: HandleOptions): EngineProxy {
  const handle = handleOf(client, name);
  let toxicsEver = 0;
  return {
    address: parseAddress(listen),
    setEnabled: async (enabled) => {
      // The addresses exactly as the server gave them: anything else would drop the connections as well.
      const { enabled: now } = await handle.update({ enabled, listen, upstream });
      if (now !== enabled) throw new EngineError(`proxy ${name} is still ${now ? "enabled" : "disabled"}`);
    },
    addToxic: async (toxic) => {
      const { type, stream, toxicity, attributes } = checkToxic(toxic);
      // Names are ours, so that two faults of one kind may overlap.
      toxicsEver += 1;
      const body = { name: `${type}_${stream}_${toxicsEver}`, type, stream, toxicity, attributes };
      const added = new ClientToxic<Attributes>(client.api, handle.getPath(), body);
      const remove = (): Promise<void> => ignoringGone(added.remove());
      await undoneUnlessSure(handle.addToxic(body), isExpendable ? undefined : remove);
      const update = async (next: Toxic): Promise<void> => {
        const checked = checkToxic(next);
        // A server changes these two and silently ignores the rest.
        if (checked.type !== type || checked.stream !== stream) {
          throw new EngineError(`a ${type} on ${stream} cannot become a ${checked.type} on ${checked.stream}`);
        }
        await added.update({ ...body, toxicity: checked.toxicity, attributes: checked.attributes });
      };
      return { heal: remove, update } satisfies ToxicOn;
    },
  };
}

/** The client's own handle, made to speak of an encoded name: it puts names into paths as they are. */
function handleOf(client: Toxiproxy, name: string): ClientProxy {
  const unused = { listen: "", upstream: "", enabled: true, toxics: [] };
  return new ClientProxy(client, { ...unused, name: encodeURIComponent(name) });
}

/** A call that got no answer may still have worked: then what it made is taken back, as nobody holds its handle. */
async function undoneUnlessSure<T>(call: Promise<T>, undo: (() => Promise<void>) | undefined): Promise<T> {
  try {
    return await call;
  } catch (error) {
    const mayHaveWorked = !(error instanceof EngineError) || error.status === undefined;
    // The first error is the one to tell; that the undoing failed as well adds nothing to it.
    if (mayHaveWorked) await undo?.().catch(() => undefined);
    throw error;
  }
}

async function ignoringGone(call: Promise<void>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof EngineError && error.status === 404)) throw error;
  }
}

function checkName(name: string): void {
  const says = `expected a proxy name without a slash, got ${JSON.stringify(name)}`;
  if (name === "" || name === "." || name === ".." || name.includes("/")) throw new EngineError(says);
}

function checkToxic(toxic: Toxic): Required<Toxic> {
  const kind = findToxicKind(toxic.type);
  if (kind === undefined) throw new EngineError(`no toxic ${toxic.type}`);
  // Strict, because a server ignores what it does not know, and the toxic would then do nothing.
  const checked = z
    .strictObject({ toxicity: z.number().min(0).max(1), attributes: kind.attributes.strict() })
    .safeParse({ toxicity: toxic.toxicity ?? 1, attributes: inWholeUnits(toxic.attributes) });
  if (!checked.success) throw new EngineError(`toxic ${toxic.type}: ${z.prettifyError(checked.error)}`);
  return { type: toxic.type, stream: toxic.stream, ...checked.data };
}

/** Toxiproxy knows no fractions; rounded up, a delay is still never shorter than was asked for. */
function inWholeUnits(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, Math.ceil(value)]));
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function parseJson(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EngineError(`expected JSON from Toxiproxy, got ${shown(text)}`, { cause });
  }
}

/** The package believes whatever it is told; this looks. */
function expectReply<T>(schema: z.ZodType<T>, reply: unknown): T {
  const read = schema.safeParse(reply);
  if (!read.success) throw new EngineError(`not an answer of Toxiproxy's: ${z.prettifyError(read.error)}`);
  return read.data;
}

const versionReply = z.object({ version: z.string() });
const proxyReply = z.object({ name: z.string(), listen: z.string(), upstream: z.string(), enabled: z.boolean() });
