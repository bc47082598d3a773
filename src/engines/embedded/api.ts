/**
 * Toxiproxy's HTTP API over the proxies of this engine: same routes, same answers, so that its clients fit unchanged.
 * In come requests, one at a time; out go JSON and the named errors.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { World } from "../../world.ts";
import type { Conduit } from "../conduit.ts";
import { toApiError } from "./api-error.ts";
import { formatListen, listeningAt } from "./listen-address.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { createProxies, toxicNamed, type Proxies } from "./proxies.ts";
import type { Proxy } from "./proxy.ts";
import { parseBody, readBody } from "./request-body.ts";
import type { LiveToxic } from "./toxics/toxic.ts";

/** The release whose API this is; the build tells the two apart. */
const embeddedVersion = "2.12.0+squall";

export interface Api {
  readonly url: string;
  /** A connection to the proxy with this name from within this thread. */
  dial(proxy: string): Conduit;
  /** Stops every proxy, then the API itself. */
  close(): Promise<void>;
}

export interface ApiOptions {
  readonly world: World;
  readonly seed: number;
  /** Whether bytes are counted and told at /metrics. */
  readonly metrics?: boolean;
}

export async function openApi(options: ApiOptions): Promise<Api> {
  const metrics = options.metrics === true ? createMetrics() : undefined;
  const proxies = createProxies({ ...options, metrics });
  const runPrefix = options.world.nonce();
  let requests = 0;
  // One at a time: opening and closing listeners takes a while, and two of them must not meet.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };

  const server = createServer((request, response) => {
    requests += 1;
    const id = `${runPrefix}-${requests}`;
    answer(request, { run: (work) => inTurn(() => work(proxies)), metrics })
      .then((reply) => send(response, reply, id))
      // The client has hung up in the middle: there is nobody to answer.
      .catch(() => response.destroy());
  });
  server.listen({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");

  return {
    url: `http://${formatListen(listeningAt(server))}`,
    dial: (name) => proxies.named(name).dial(),
    close: async () => {
      await inTurn(() => proxies.stopAll());
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Reply {
  readonly status: number;
  readonly type?: string;
  readonly text?: string;
  /** Made by no route: unknown paths and methods. */
  readonly unrouted?: true;
}

interface Call {
  readonly proxies: Proxies;
  readonly metrics: Metrics | undefined;
  /** The path's `{proxy}` and `{toxic}`, decoded. */
  readonly proxy: string;
  readonly toxic: string;
  readonly body: string;
}

type Handler = (call: Call) => Reply | Promise<Reply>;

const anyMethod = "*";
const metricsType = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";

const routes: readonly (readonly [path: string, handlers: Readonly<Record<string, Handler>>])[] = [
  ["/version", { GET: () => versionReply }],
  ["/metrics", { [anyMethod]: ({ metrics }) => ({ status: 200, type: metricsType, text: metrics?.text() ?? "" }) }],
  ["/reset", { POST: ({ proxies }) => gone(proxies.reset()) }],
  ["/populate", { POST: populate }],
  [
    "/proxies",
    {
      GET: ({ proxies }) => json(200, showAll(proxies)),
      POST: async ({ proxies, body }) => json(201, show(await proxies.create(parseBody(body)))),
    },
  ],
  [
    "/proxies/{proxy}",
    {
      GET: ({ proxies, proxy }) => json(200, show(proxies.named(proxy))),
      POST: updateProxy,
      PATCH: updateProxy,
      DELETE: ({ proxies, proxy }) => gone(proxies.remove(proxy)),
    },
  ],
  [
    "/proxies/{proxy}/toxics",
    {
      GET: ({ proxies, proxy }) => json(200, proxies.named(proxy).toxics.map(showToxic)),
      POST: ({ proxies, proxy, body }) => json(200, showToxic(proxies.addToxic(proxies.named(proxy), parseBody(body)))),
    },
  ],
  [
    "/proxies/{proxy}/toxics/{toxic}",
    {
      GET: ({ proxies, proxy, toxic }) => json(200, showToxic(toxicNamed(proxies.named(proxy), toxic))),
      POST: updateToxic,
      PATCH: updateToxic,
      DELETE: ({ proxies, proxy, toxic }) => {
        const found = proxies.named(proxy);
        found.removeToxic(toxicNamed(found, toxic));
        return { status: 204 };
      },
    },
  ],
];

async function populate({ proxies, body }: Call): Promise<Reply> {
  try {
    const { made, error } = await proxies.populate(parseBody(body));
    const shown = made?.map(show) ?? null;
    if (error === undefined) return json(201, { proxies: shown });
    return json(error.status, { error: error.message, status: error.status, proxies: shown });
  } catch (thrown) {
    // Alone among the routes, this one answers its errors as JSON by type too.
    const { message, status } = toApiError(thrown);
    return json(status, { error: message, status, proxies: null });
  }
}

async function updateProxy({ proxies, proxy, body }: Call): Promise<Reply> {
  const found = proxies.named(proxy);
  return json(200, show(await proxies.update(found, parseBody(body))));
}

function updateToxic({ proxies, proxy, toxic, body }: Call): Reply {
  const found = proxies.named(proxy);
  const named = toxicNamed(found, toxic);
  return json(200, showToxic(proxies.updateToxic(found, named, parseBody(body))));
}

interface Desk {
  readonly run: (work: (proxies: Proxies) => Promise<Reply>) => Promise<Reply>;
  readonly metrics: Metrics | undefined;
}

async function answer(request: IncomingMessage, { run, metrics }: Desk): Promise<Reply> {
  const route = routeOf(request.url ?? "/");
  const isOff = metrics === undefined && route?.path === "/metrics";
  if (route === undefined || isOff) return { ...plain(404, "404 page not found"), unrouted: true };
  const handler = route.handlers[request.method ?? ""] ?? route.handlers[anyMethod];
  if (handler === undefined) return { status: 405, unrouted: true };
  if (request.headers["user-agent"]?.startsWith("Mozilla/") === true) return plain(403, "User agent not allowed");
  try {
    const body = await readBody(request);
    const { proxy, toxic } = route;
    return await run(async (proxies) => handler({ proxies, metrics, proxy, toxic, body }));
  } catch (thrown) {
    const { message, status } = toApiError(thrown);
    return plain(status, JSON.stringify({ error: message, status }));
  }
}

interface Route {
  readonly path: string;
  readonly handlers: Readonly<Record<string, Handler>>;
  readonly proxy: string;
  readonly toxic: string;
}

function routeOf(url: string): Route | undefined {
  const segments = decodeSegments(url);
  if (segments === undefined) return undefined;
  for (const [path, handlers] of routes) {
    const wanted = path.split("/");
    const matches =
      wanted.length === segments.length &&
      wanted.every((word, index) => word === segments[index] || (word.startsWith("{") && segments[index] !== ""));
    if (matches) return { path, handlers, proxy: segments[2] ?? "", toxic: segments[4] ?? "" };
  }
  return undefined;
}

/** A slash within a name cannot be reached, as in the real server. */
function decodeSegments(url: string): readonly string[] | undefined {
  try {
    return decodeURIComponent(url.split("?", 1)[0] ?? "").split("/");
  } catch {
    return undefined;
  }
}

function show(proxy: Proxy): object {
  const { name, listen, upstream, enabled } = proxy;
  // The real server lets its logger slip into the JSON; clients may have come to expect it.
  return { name, listen, upstream, enabled, Logger: {}, toxics: proxy.toxics.map(showToxic) };
}

function showAll(proxies: Proxies): object {
  const byName = proxies.all().toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return Object.fromEntries(byName.map((proxy) => [proxy.name, show(proxy)]));
}

function showToxic({ prepared, name, kind, streamAsWritten, toxicity }: LiveToxic): object {
  return { attributes: prepared.attributes, name, type: kind.type, stream: streamAsWritten, toxicity };
}

const versionReply: Reply = {
  status: 200,
  type: "application/json;charset=utf-8",
  text: `{"version": "${embeddedVersion}"}\n`,
};

function json(status: number, value: unknown): Reply {
  return { status, type: "application/json", text: JSON.stringify(value) };
}

const plainType = "text/plain; charset=utf-8";

function plain(status: number, text: string): Reply {
  return { status, type: plainType, text: `${text}\n` };
}

async function gone(work: Promise<void>): Promise<Reply> {
  await work;
  return { status: 204 };
}

function send(response: ServerResponse, { status, type, text, unrouted }: Reply, id: string): void {
  const headers: Record<string, string> = {};
  if (type !== undefined) headers["Content-Type"] = type;
  if (type === plainType) headers["X-Content-Type-Options"] = "nosniff";
  if (unrouted !== true) headers["X-Toxiproxy-Request-Id"] = id;
  response.writeHead(status, headers).end(text);
}
