import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openApi } from "../../src/engines/embedded/api.ts";
import { parseAddress } from "../../src/engines/engine.ts";
import { realWorld } from "../../src/world.ts";
import { ask, type Answer } from "./ask.ts";
import { embedded, enginesUnderTest, type RunningEngine } from "./engines-under-test.ts";
import { isRefused, openClient, openEcho } from "./peers.ts";

const loopback = "127.0.0.1:0";
const nowhere = "127.0.0.1:9";

for (const { name, absent, start } of enginesUnderTest) {
  describe.skipIf(absent)(`the API of ${name}`, () => {
    let engine: RunningEngine;
    let names = 0;
    const call = (line: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> =>
      ask(engine.url, line, body, headers);
    const newProxy = async (more: object = {}): Promise<string> => {
      names += 1;
      const made = await call("POST /proxies", { name: `p${names}`, listen: loopback, upstream: nowhere, ...more });
      expect(made.status).toBe(201);
      return `/proxies/p${names}`;
    };

    beforeAll(async () => {
      engine = await start();
    });
    afterAll(() => engine.stop());

    test("a proxy is made, listed, shown and deleted", async () => {
      const made = await call("POST /proxies", { name: "first", listen: loopback, upstream: nowhere });
      expect(made).toMatchObject({ status: 201, type: "application/json" });
      const { listen } = made.body;
      expect(parseAddress(listen)).toEqual({ host: "127.0.0.1", port: expect.any(Number) });
      const shown = { name: "first", listen, upstream: nowhere, enabled: true, Logger: {}, toxics: [] };
      expect(made.body).toEqual(shown);
      expect((await call("GET /proxies/first")).body).toEqual(shown);
      expect((await call("GET /proxies")).body.first).toEqual(shown);
      expect(await call("DELETE /proxies/first")).toMatchObject({ status: 204, text: "" });
      expect((await call("GET /proxies/first")).status).toBe(404);
      expect(await isRefused(parseAddress(listen))).toBe(true);
    });

    test("errors are JSON by content and text by type", async () => {
      const missing = await call("GET /proxies/nobody");
      expect(missing).toMatchObject({ status: 404, type: "text/plain; charset=utf-8" });
      expect(missing.text).toBe('{"error":"proxy not found","status":404}\n');
    });

    test.for<[line: string, body: unknown, status: number, error: string]>([
      ["POST /proxies", "", 400, "bad request body: EOF"],
      ["POST /proxies", "{", 400, "bad request body: "],
      ["POST /proxies", { upstream: nowhere }, 400, "missing required field: name"],
      ["POST /proxies", { name: "x" }, 400, "missing required field: upstream"],
      ["POST /proxies", { name: 1, upstream: nowhere }, 400, "bad request body: "],
      ["POST /proxies", { name: "x", upstream: nowhere, listen: "foo" }, 500, "address foo: missing port in address"],
      ["PATCH /proxies/nobody", "", 404, "proxy not found"],
      ["DELETE /proxies/nobody", "", 404, "proxy not found"],
      ["POST /proxies/nobody/toxics", {}, 404, "proxy not found"],
      ["POST /proxies/host/toxics", "", 400, "bad request body: EOF"],
      ["POST /proxies/host/toxics", {}, 400, "invalid toxic type"],
      ["POST /proxies/host/toxics", { type: "down" }, 400, "invalid toxic type"],
      ["POST /proxies/host/toxics", { type: "latency", stream: "" }, 400, "stream was invalid, can be either upstream"],
      ["POST /proxies/host/toxics", { type: "x", stream: "sideways" }, 400, "stream was invalid"],
      ["POST /proxies/host/toxics", { type: "latency", attributes: { latency: "5" } }, 400, "bad request body: "],
      ["POST /proxies/host/toxics", { type: "latency", attributes: { latency: 0.5 } }, 400, "bad request body: "],
      ["POST /proxies/host/toxics", { type: "latency", toxicity: "all" }, 400, "bad request body: "],
      ["GET /proxies/host/toxics/nothing", undefined, 404, "toxic not found"],
      ["PATCH /proxies/host/toxics/nothing", "", 404, "toxic not found"],
      ["DELETE /proxies/host/toxics/nothing", "", 404, "toxic not found"],
    ])("%s %j is answered %i %s", async ([line, body, status, error]) => {
      await call("POST /proxies", { name: "host", listen: loopback, upstream: nowhere });
      const answer = await call(line, body);
      expect(answer.status).toBe(status);
      expect(answer.body).toEqual({ error: expect.stringContaining(error), status });
      expect((await call("GET /proxies/host/toxics")).body).toEqual([]);
    });

    test("a name is taken once, a port too", async () => {
      const path = await newProxy();
      const { name, listen } = (await call(`GET ${path}`)).body;
      const again = await call("POST /proxies", { name, listen: loopback, upstream: nowhere });
      expect(again.body).toEqual({ error: "proxy already exists", status: 409 });
      const taken = await call("POST /proxies", { name: "late", listen, upstream: nowhere });
      expect(taken.body).toEqual({ error: `listen tcp ${listen}: bind: address already in use`, status: 500 });
      expect((await call("GET /proxies/late")).status).toBe(404);
    });

    test("keys may be written in any case, and unknown ones are ignored", async () => {
      const made = await call("POST /proxies", { NAME: "Cased", Upstream: nowhere, listen: loopback, colour: "red" });
      expect(made.body).toMatchObject({ name: "Cased", upstream: nowhere });
    });

    test("a name with spaces and signs is reached encoded", async () => {
      const name = "agent->server: a b?c";
      await call("POST /proxies", { name, listen: loopback, upstream: nowhere });
      expect((await call(`GET /proxies/${encodeURIComponent(name)}`)).body.name).toBe(name);
      expect((await call("GET /proxies/a%2Fb")).text).toBe("404 page not found\n");
    });

    test("disabling refuses and enabling takes the same port again, by POST and by PATCH", async () => {
      await using echo = await openEcho();
      const path = await newProxy({ upstream: `127.0.0.1:${echo.address.port}`, enabled: false });
      const enabled = (await call(`POST ${path}`, { enabled: true })).body;
      const address = parseAddress(enabled.listen);
      expect(enabled.enabled).toBe(true);
      const client = await openClient(address);
      expect((await call(`PATCH ${path}`, { enabled: false })).body).toMatchObject({
        enabled: false,
        listen: enabled.listen,
      });
      expect(await client.ended).toBe("fin");
      expect(await isRefused(address)).toBe(true);
      expect((await call(`PATCH ${path}`, { enabled: true })).body.listen).toBe(enabled.listen);
      expect(await isRefused(address)).toBe(false);
      client.socket.destroy();
    });

    test("another upstream drops the connections and keeps the toxics; a name is never changed", async () => {
      await using one = await openEcho();
      await using other = await openEcho();
      const path = await newProxy({ upstream: `127.0.0.1:${one.address.port}` });
      const { listen, name } = (await call(`GET ${path}`)).body;
      await call(`POST ${path}/toxics`, { type: "latency" });
      const client = await openClient(parseAddress(listen));
      const moved = await call(`PATCH ${path}`, { upstream: `127.0.0.1:${other.address.port}`, name: "renamed" });
      expect(moved.body).toMatchObject({ name, listen, enabled: true, toxics: [{ name: "latency_downstream" }] });
      expect(await client.ended).toBe("fin");
      const again = await openClient(parseAddress(listen));
      again.socket.write("x");
      await again.got(1);
      expect(other.peers).toHaveLength(1);
      for (const { socket } of [client, again]) socket.destroy();
    });

    test("a toxic gets its defaults, and its name only once", async () => {
      const path = await newProxy();
      const made = await call(`POST ${path}/toxics`, { type: "latency", attributes: { latency: 5, colour: "red" } });
      expect(made.status).toBe(200);
      expect(made.body).toEqual({
        attributes: { latency: 5, jitter: 0 },
        name: "latency_downstream",
        type: "latency",
        stream: "downstream",
        toxicity: 1,
      });
      const again = await call(`POST ${path}/toxics`, { type: "latency" });
      expect(again.body).toEqual({ error: "toxic already exists", status: 409 });
      const upstream = await call(`POST ${path}/toxics`, { type: "timeout", stream: "Upstream" });
      expect(upstream.body).toMatchObject({ name: "timeout_Upstream", stream: "Upstream", attributes: { timeout: 0 } });
      // The upstream chain comes first, whatever the order of addition.
      const listed = (await call(`GET ${path}/toxics`)).body.map(({ name }: { name: string }) => name);
      expect(listed).toEqual(["timeout_Upstream", "latency_downstream"]);
      expect((await call(`GET ${path}/toxics/latency_downstream`)).body).toEqual(made.body);
    });

    test("an update changes attributes and toxicity, keeps what is absent, and ignores the rest", async () => {
      const path = await newProxy();
      await call(`POST ${path}/toxics`, { type: "latency", name: "l", attributes: { latency: 5, jitter: 1 } });
      const changes = { toxicity: 0.5, attributes: { jitter: 2 }, name: "m", type: "timeout", stream: "upstream" };
      const expected = {
        attributes: { latency: 5, jitter: 2 },
        name: "l",
        type: "latency",
        stream: "downstream",
        toxicity: 0.5,
      };
      expect(await call(`PATCH ${path}/toxics/l`, changes)).toMatchObject({ status: 200, body: expected });
      expect((await call(`POST ${path}/toxics/l`, {})).body).toEqual(expected);
      expect((await call(`DELETE ${path}/toxics/l`)).status).toBe(204);
      expect((await call(`DELETE ${path}/toxics/l`)).status).toBe(404);
    });

    test.for<[type: string, attributes: Record<string, number>, shown: Record<string, number>]>([
      ["bandwidth", {}, { rate: 0 }],
      ["latency", { latency: 1, jitter: 2 }, { latency: 1, jitter: 2 }],
      ["limit_data", { bytes: 5 }, { bytes: 5 }],
      ["noop", { colour: 5 }, {}],
      ["reset_peer", {}, { timeout: 0 }],
      ["slicer", { average_size: 5 }, { average_size: 5, size_variation: 0, delay: 0 }],
      ["slow_close", {}, { delay: 0 }],
      ["timeout", {}, { timeout: 0 }],
    ])("%s %j is a toxic, shown as %j, on either stream", async ([type, attributes, shown]) => {
      const path = await newProxy();
      for (const stream of ["upstream", "downstream"]) {
        const made = await call(`POST ${path}/toxics`, { type, stream, attributes });
        expect(made).toMatchObject({ status: 200, type: "application/json" });
        expect(made.body).toEqual({ attributes: shown, name: `${type}_${stream}`, type, stream, toxicity: 1 });
      }
      expect((await call(`GET ${path}/toxics`)).body).toHaveLength(2);
    });

    test("a reset starts every proxy and removes every toxic", async () => {
      const path = await newProxy();
      await call(`POST ${path}/toxics`, { type: "latency" });
      await call(`POST ${path}/toxics`, { type: "timeout" });
      await call(`PATCH ${path}`, { enabled: false });
      expect(await call("POST /reset")).toMatchObject({ status: 204, text: "" });
      expect((await call(`GET ${path}`)).body).toMatchObject({ enabled: true, toxics: [] });
    });

    test("populating replaces what differs and leaves the rest alone", async () => {
      const entry = { name: "kept", listen: loopback, upstream: nowhere };
      const [kept, changed] = (await call("POST /populate", [entry, { ...entry, name: "changed" }])).body.proxies;
      await call("POST /proxies/kept/toxics", { type: "latency" });
      await call("POST /proxies/changed/toxics", { type: "latency" });
      const again = await call("POST /populate", [
        { name: "kept", listen: kept.listen, upstream: nowhere, enabled: false },
        { name: "changed", listen: changed.listen, upstream: "127.0.0.1:10" },
      ]);
      expect(again.status).toBe(201);
      expect(again.body.proxies).toMatchObject([
        { name: "kept", enabled: true, toxics: [{ type: "latency" }] },
        { name: "changed", upstream: "127.0.0.1:10", toxics: [] },
      ]);
    });

    test("populating with one bad entry makes nothing", async () => {
      const refused = await call("POST /populate", [
        { name: "good", listen: loopback, upstream: nowhere },
        { name: "bad" },
      ]);
      expect(refused).toMatchObject({ status: 400, type: "application/json" });
      expect(refused.body).toEqual({
        error: "missing required field: upstream at proxy 2",
        status: 400,
        proxies: null,
      });
      expect((await call("GET /proxies/good")).status).toBe(404);
      expect((await call("POST /populate", [])).body).toEqual({ proxies: null });
    });

    test("populating keeps what it made before a port was taken", async () => {
      const { listen } = (await call(`GET ${await newProxy()}`)).body;
      const entry = { upstream: nowhere, listen: loopback };
      const answer = await call("POST /populate", [
        { ...entry, name: "made" },
        { ...entry, name: "clash", listen },
        { ...entry, name: "never" },
      ]);
      expect(answer.body).toMatchObject({ status: 500, proxies: [{ name: "made" }] });
      expect((await call("GET /proxies/made")).status).toBe(200);
      expect((await call("GET /proxies/never")).status).toBe(404);
    });

    test("paths, methods and browsers that do not fit are turned away", async () => {
      expect(await call("GET /nothing")).toMatchObject({ status: 404, text: "404 page not found\n" });
      expect(await call("PUT /proxies")).toMatchObject({ status: 405, text: "" });
      const browser = { "user-agent": "Mozilla/5.0" };
      expect(await call("GET /proxies", undefined, browser)).toMatchObject({
        status: 403,
        text: "User agent not allowed\n",
      });
      expect((await call("GET /nothing", undefined, browser)).status).toBe(404);
    });

    test("the version is JSON with a line end", async () => {
      const version = await call("GET /version");
      expect(version.text).toMatch(/^\{"version": "[^"]+"\}\n$/);
      expect(version.type).toBe("application/json;charset=utf-8");
    });
  });
}

for (const { name, absent, start } of enginesUnderTest.filter(({ hasMetrics }) => hasMetrics)) {
  describe.skipIf(absent)(`the metrics of ${name}`, () => {
    test("are there only where they were asked for", async () => {
      const engine = await start();
      try {
        expect(await ask(engine.url, "GET /metrics")).toMatchObject({ status: 404, text: "404 page not found\n" });
      } finally {
        await engine.stop();
      }
    });

    test("count the bytes of a connection once it has closed, by proxy, direction and addresses", async () => {
      const engine = await start({ metrics: true });
      await using echo = await openEcho();
      try {
        const upstream = `127.0.0.1:${echo.address.port}`;
        const counters = async (): Promise<string[]> => {
          const { status, type, text } = await ask(engine.url, "GET /metrics");
          expect({ status, type }).toEqual({
            status: 200,
            type: "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
          });
          return text.split("\n").filter((line) => line.includes("toxiproxy"));
        };
        const odd = String.raw`a "b" \ c`;
        const { listen } = (await ask(engine.url, "POST /proxies", { name: odd, listen: loopback, upstream })).body;
        const limit = { type: "limit_data", attributes: { bytes: 7 } };
        await ask(engine.url, `POST /proxies/${encodeURIComponent(odd)}/toxics`, limit);
        expect(await counters()).toEqual([]);
        for (const _ of ["once", "and again"]) {
          const client = await openClient(parseAddress(listen));
          client.socket.write("0123456789");
          expect(await client.ended).toBe("fin");
          client.socket.destroy();
        }
        const labels = (direction: string): string =>
          String.raw`{direction="${direction}",listener="${listen}",proxy="a \"b\" \\ c",upstream="${upstream}"}`;
        const [received, sent] = ["toxiproxy_proxy_received_bytes_total", "toxiproxy_proxy_sent_bytes_total"];
        await expect
          .poll(counters)
          .toEqual([
            `# HELP ${received} `,
            `# TYPE ${received} counter`,
            `${received}${labels("downstream")} 20`,
            `${received}${labels("upstream")} 20`,
            `# HELP ${sent} `,
            `# TYPE ${sent} counter`,
            `${sent}${labels("downstream")} 14`,
            `${sent}${labels("upstream")} 20`,
          ]);
      } finally {
        await engine.stop();
      }
    });
  });
}

describe("chance", () => {
  test("repeats for the same seed: which connections a toxic acts on", async () => {
    await using echo = await openEcho();
    const hits = async (seed: number): Promise<string> => {
      const engine = await embedded.start({ seed });
      try {
        const upstream = `127.0.0.1:${echo.address.port}`;
        const { listen } = (await ask(engine.url, "POST /proxies", { name: "p", listen: loopback, upstream })).body;
        const half = { type: "limit_data", toxicity: 0.5, attributes: { bytes: 1 } };
        await ask(engine.url, "POST /proxies/p/toxics", half);
        let pattern = "";
        for (let nth = 0; nth < 40; nth += 1) {
          const client = await openClient(parseAddress(listen));
          client.socket.write("xy");
          pattern += await Promise.race([
            client.ended,
            client.got(2).then(
              () => "spared",
              () => "fin",
            ),
          ]);
          client.socket.destroy();
        }
        return pattern;
      } finally {
        await engine.stop();
      }
    };
    const first = await hits(7);
    expect(await hits(7)).toBe(first);
    expect(await hits(8)).not.toBe(first);
    expect(first).toContain("fin");
    expect(first).toContain("spared");
  });
});

describe("the API of the embedded engine alone", () => {
  test.for<[line: string, body: object]>([
    ["POST /proxies/p/toxics", { type: "latency", name: "other", attributes: { latency: -1 } }],
    ["POST /proxies/p/toxics", { type: "timeout", name: "other", attributes: { timeout: 1e300 } }],
    ["POST /proxies/p/toxics", { type: "latency", name: "other", toxicity: 7 }],
    ["POST /proxies/p/toxics", { type: "latency", name: "other", toxicity: -0.1 }],
    ["POST /proxies/p/toxics", { type: "bandwidth", name: "other", attributes: { rate: -1 } }],
    ["POST /proxies/p/toxics", { type: "limit_data", name: "other", attributes: { bytes: -1 } }],
    ["POST /proxies/p/toxics", { type: "slow_close", name: "other", attributes: { delay: -1 } }],
    ["POST /proxies/p/toxics", { type: "slicer", name: "other" }],
    ["POST /proxies/p/toxics", { type: "slicer", name: "other", attributes: { average_size: 1, size_variation: 2 } }],
    ["PATCH /proxies/p/toxics/kept", { attributes: { latency: 9, jitter: -1 } }],
    ["PATCH /proxies/p/toxics/kept", { attributes: { latency: 9 }, toxicity: 2 }],
  ])("%s %j is refused and changes nothing", async ([line, body]) => {
    const engine = await embedded.start();
    try {
      await ask(engine.url, "POST /proxies", { name: "p", listen: loopback, upstream: nowhere });
      const kept = await ask(engine.url, "POST /proxies/p/toxics", { type: "latency", name: "kept" });
      const refused = await ask(engine.url, line, body);
      expect(refused.body).toEqual({ error: expect.stringMatching(/^bad request body: \w/), status: 400 });
      expect((await ask(engine.url, "GET /proxies/p/toxics")).body).toEqual([kept.body]);
    } finally {
      await engine.stop();
    }
  });

  test("an update that would make a slicer deadly is refused, and says why", async () => {
    const engine = await embedded.start();
    try {
      await ask(engine.url, "POST /proxies", { name: "p", listen: loopback, upstream: nowhere });
      const attributes = { average_size: 10, size_variation: 5 };
      await ask(engine.url, "POST /proxies/p/toxics", { type: "slicer", name: "s", attributes });
      const refused = await ask(engine.url, "PATCH /proxies/p/toxics/s", { attributes: { size_variation: 11 } });
      const says = "bad request body: attributes.size_variation: expected at most average_size";
      expect(refused.body).toEqual({ error: says, status: 400 });
      const smaller = await ask(engine.url, "PATCH /proxies/p/toxics/s", { attributes: { average_size: 5 } });
      expect(smaller.body.attributes).toEqual({ average_size: 5, size_variation: 5, delay: 0 });
    } finally {
      await engine.stop();
    }
  });

  test("a body without end is refused, and the API lives on", async () => {
    const engine = await embedded.start();
    try {
      const answer = await ask(engine.url, "POST /proxies", " ".repeat(2 * 1024 * 1024));
      expect(answer).toMatchObject({ status: 400, body: { error: expect.stringContaining("longer than") } });
      expect((await ask(engine.url, "GET /version")).status).toBe(200);
    } finally {
      await engine.stop();
    }
  });

  test("calls at the same moment are served one after the other", async () => {
    const engine = await embedded.start();
    try {
      // Looking up a name takes long enough for the others to catch up.
      const wanted = { name: "p", listen: "localhost:0", upstream: nowhere };
      const made = await Promise.all(Array.from({ length: 10 }, () => ask(engine.url, "POST /proxies", wanted)));
      const statuses = made.map(({ status }) => status).toSorted((a, b) => a - b);
      expect(statuses).toEqual([201, ...Array<number>(9).fill(409)]);
    } finally {
      await engine.stop();
    }
  });

  test("closing leaves nothing that listens, neither proxies nor the API", async () => {
    await using echo = await openEcho();
    const api = await openApi({ world: realWorld, seed: 1 });
    const upstream = `127.0.0.1:${echo.address.port}`;
    const { listen } = (await ask(api.url, "POST /proxies", { name: "p", listen: loopback, upstream })).body;
    const client = await openClient(parseAddress(listen));
    await api.close();
    expect(await client.ended).toBe("fin");
    expect(await isRefused(parseAddress(listen))).toBe(true);
    expect(await isRefused(parseAddress(new URL(api.url).host))).toBe(true);
    client.socket.destroy();
  });
});
