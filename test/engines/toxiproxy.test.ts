import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import type { Toxic } from "../../src/faults/handles.ts";
import { EngineError } from "../../src/engines/control-request.ts";
import { openApi } from "../../src/engines/embedded/api.ts";
import { openToxiproxy } from "../../src/engines/toxiproxy.ts";
import { realWorld } from "../../src/world.ts";
import { closedAddress } from "../closed-address.ts";
import { listen } from "./peers.ts";

const world = realWorld;
const upstream = { host: "127.0.0.1", port: 9 };
const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function openEngine(): Promise<string> {
  const api = await openApi({ world, seed: 1 });
  cleanups.push(() => api.close());
  return api.url;
}

/** A server that is no Toxiproxy, or a sick one; it notes the requests it gets. */
async function openFalse(serve: RequestListener): Promise<{ readonly url: string; readonly seen: string[] }> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    serve(request, response);
  });
  const { port } = await listen(server);
  cleanups.push(async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  });
  return { url: `http://127.0.0.1:${port}`, seen };
}

describe("our Toxiproxy client", () => {
  test("opens, lists and removes proxies", async () => {
    const server = openToxiproxy({ url: await openEngine(), world });
    const { address } = await server.openProxy("p", upstream);
    expect(address).toEqual({ host: "127.0.0.1", port: expect.any(Number) });
    expect(await server.listProxies()).toEqual([{ name: "p", address, upstream, enabled: true }]);
    await server.removeProxy("p");
    await server.removeProxy("p");
    expect(await server.listProxies()).toEqual([]);
    expect(await server.version()).toMatch(/^2\.12\.0/);
  });

  test("carries names with signs through every call", async () => {
    const url = await openEngine();
    const server = openToxiproxy({ url: `${url}/`, world });
    const name = "plan#1?@cloud->api %2F";
    const proxy = await server.openProxy(name, { host: "::1", port: 9 });
    await proxy.setEnabled(false);
    const cure = await proxy.addToxic({ type: "latency", stream: "upstream", attributes: { latency: 1 } });
    expect(await server.listProxies()).toMatchObject([{ name, enabled: false, upstream: { host: "::1", port: 9 } }]);
    await cure.heal();
    await server.removeProxy(name);
    expect(await server.listProxies()).toEqual([]);
    for (const bad of ["", ".", "..", "a/b"])
      await expect(server.openProxy(bad, upstream)).rejects.toThrow(EngineError);
  });

  test("tells the server's own words and status", async () => {
    const server = openToxiproxy({ url: await openEngine(), world });
    await server.openProxy("p", upstream);
    const error = await server.openProxy("p", upstream).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(EngineError);
    expect(error).toMatchObject({
      status: 409,
      message: expect.stringMatching(
        /^Toxiproxy at http:\/\/127\.0\.0\.1:\d+: POST \/proxies answered 409: proxy already/,
      ),
    });
    // Being refused is an answer: the proxy of that name is somebody's, and stays.
    expect(await server.listProxies()).toHaveLength(1);
  });

  test("lets toxics of one kind overlap, and heals each once or twice", async () => {
    const url = await openEngine();
    const proxy = await openToxiproxy({ url, world }).openProxy("p", upstream);
    const toxic: Toxic = { type: "latency", stream: "upstream", attributes: { latency: 1 } };
    const cures = [await proxy.addToxic(toxic), await proxy.addToxic(toxic)];
    const toxics = async (): Promise<unknown[]> => (await (await fetch(`${url}/proxies/p/toxics`)).json()) as unknown[];
    expect(await toxics()).toHaveLength(2);
    await cures[0]?.heal();
    await cures[0]?.heal();
    expect(await toxics()).toHaveLength(1);
    await cures[1]?.heal();
    expect(await toxics()).toEqual([]);
  });

  test("updates a toxic in place, and only what can be updated", async () => {
    const url = await openEngine();
    const proxy = await openToxiproxy({ url, world }).openProxy("p", upstream);
    const on = await proxy.addToxic({ type: "latency", stream: "upstream", attributes: { latency: 1 } });
    await on.update({ type: "latency", stream: "upstream", toxicity: 0.5, attributes: { latency: 20, jitter: 3 } });
    expect(await (await fetch(`${url}/proxies/p/toxics`)).json()).toMatchObject([
      { name: "latency_upstream_1", toxicity: 0.5, attributes: { latency: 20, jitter: 3 } },
    ]);
    await expect(on.update({ type: "latency", stream: "downstream", attributes: {} })).rejects.toThrow(
      "a latency on upstream cannot become a latency on downstream",
    );
    await expect(on.update({ type: "latency", stream: "upstream", attributes: { latency: -1 } })).rejects.toThrow(
      EngineError,
    );
    await on.heal();
    expect(await (await fetch(`${url}/proxies/p/toxics`)).json()).toEqual([]);
    await expect(on.update({ type: "latency", stream: "upstream", attributes: {} })).rejects.toThrow("404");
  });

  test("counts a toxic as healed when its proxy is gone, too", async () => {
    const server = openToxiproxy({ url: await openEngine(), world });
    const proxy = await server.openProxy("p", upstream);
    const cure = await proxy.addToxic({ type: "latency", stream: "upstream", attributes: {} });
    await server.removeProxy("p");
    await cure.heal();
    await expect(proxy.setEnabled(false)).rejects.toThrow("answered 404: proxy not found");
  });

  test("rounds fractions up and gives a toxic its defaults", async () => {
    const url = await openEngine();
    const proxy = await openToxiproxy({ url, world }).openProxy("p", upstream);
    await proxy.addToxic({ type: "latency", stream: "upstream", attributes: { latency: 1.2 } });
    expect(await (await fetch(`${url}/proxies/p/toxics`)).json()).toEqual([
      {
        name: "latency_upstream_1",
        type: "latency",
        stream: "upstream",
        toxicity: 1,
        attributes: { latency: 2, jitter: 0 },
      },
    ]);
  });

  test.for<[toxic: Partial<Toxic>, says: string]>([
    [{ attributes: { latency: -1 } }, "attributes.latency"],
    [{ attributes: { latency: Number.NaN } }, "attributes.latency"],
    [{ attributes: { latency: Number.POSITIVE_INFINITY } }, "attributes.latency"],
    [{ attributes: { delay: 5 } }, '"delay"'],
    [{ toxicity: 1.5 }, "toxicity"],
    [{ type: "timeout", attributes: { latency: 5 } }, '"latency"'],
    [{ type: "bandwidth", attributes: { rate: -1 } }, "attributes.rate"],
    [{ type: "slicer" }, "expected at least 1 byte, got 0"],
    [{ type: "slicer", attributes: { average_size: 10, size_variation: 11 } }, "expected at most average_size"],
    [{ type: "slicer", attributes: { average_size: 10, size: 10 } }, '"size"'],
  ])("refuses %j before anything is sent", async ([wrong, says]) => {
    const url = await openEngine();
    const proxy = await openToxiproxy({ url, world }).openProxy("p", upstream);
    const toxic: Toxic = { type: "latency", stream: "upstream", attributes: {}, ...wrong };
    await expect(proxy.addToxic(toxic)).rejects.toThrow(says);
    expect(await (await fetch(`${url}/proxies/p/toxics`)).json()).toEqual([]);
  });
});

describe("our Toxiproxy client, where the server is sick", () => {
  test("gives up on a server that never answers, and hangs up", async () => {
    let hungUp: Promise<unknown> | undefined;
    const { url } = await openFalse((request) => {
      hungUp = once(request.socket, "close");
    });
    const server = openToxiproxy({ url, world, timeoutMs: 50 });
    await expect(server.version()).rejects.toThrow("GET /version failed: no answer within 50ms");
    await hungUp;
  });

  test("gives up on an answer that never ends", async () => {
    const { url } = await openFalse((_, response) => void response.write('{"version": '));
    await expect(openToxiproxy({ url, world, timeoutMs: 50 }).version()).rejects.toThrow("no answer within 50ms");
  });

  test("refuses an answer that is too long", async () => {
    const { url } = await openFalse((_, response) => void response.end(Buffer.alloc(5_000_000, "x")));
    await expect(openToxiproxy({ url, world }).version()).rejects.toThrow("an answer of more than");
  });

  test("says that nobody is there", async () => {
    const { port } = await closedAddress();
    const error = await openToxiproxy({ url: `http://127.0.0.1:${port}`, world })
      .version()
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ status: undefined, message: expect.stringContaining("ECONNREFUSED") });
  });

  test.for<[status: number, text: string, says: string]>([
    [200, "<html>", 'expected JSON from Toxiproxy, got "<html>"'],
    [200, "{}", "not an answer of Toxiproxy's"],
    [301, "", "answered 301: no reason given"],
    [502, "bad gateway\n", 'answered 502: "bad gateway"'],
  ])("makes sense of status %i with %j", async ([status, text, says]) => {
    const { url } = await openFalse((_, response) => void response.writeHead(status).end(text));
    await expect(openToxiproxy({ url, world }).version()).rejects.toThrow(says);
  });

  test("takes a toxic back that may have been added although no answer came", async () => {
    const body = { name: "p", listen: "127.0.0.1:1", upstream: "127.0.0.1:9", enabled: true, toxics: [] };
    const { url, seen } = await openFalse((request, response) => {
      if (request.url === "/proxies") response.writeHead(201).end(JSON.stringify(body));
      else if (request.method === "DELETE") response.writeHead(204).end();
    });
    const proxy = await openToxiproxy({ url, world, timeoutMs: 100 }).openProxy("p", upstream);
    const adding = proxy.addToxic({ type: "latency", stream: "upstream", attributes: { latency: 1 } });
    await expect(adding).rejects.toThrow("no answer within 100ms");
    expect(seen).toEqual(["POST /proxies", "POST /proxies/p/toxics", "DELETE /proxies/p/toxics/latency_upstream_1"]);
  });

  test("does not believe a proxy that says it is enabled after it was disabled", async () => {
    const body = { name: "p", listen: "127.0.0.1:1", upstream: "127.0.0.1:9", enabled: true, toxics: [] };
    const { url } = await openFalse((_, response) => void response.end(JSON.stringify(body)));
    const proxy = await openToxiproxy({ url, world }).openProxy("p", upstream);
    await expect(proxy.setEnabled(false)).rejects.toThrow("proxy p is still enabled");
  });
});
