import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { openSource, readOnce, rowsOf } from "./opened.ts";

async function serving(answer: RequestListener): Promise<{ url: URL; [Symbol.asyncDispose]: () => Promise<void> }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return { url: new URL(`http://127.0.0.1:${port}/`), [Symbol.asyncDispose]: close };
}

/** Answers every request with this JSON. */
const always =
  (body: unknown, status = 200): RequestListener =>
  (_, response) =>
    void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));

test("reads the list of an answer, at the upstream's own address, with headers", async () => {
  const asked: unknown[] = [];
  await using api = await serving((request, response) => {
    asked.push([request.method, request.url, request.headers["authorization"]]);
    always({ data: { orders: [{ id: 1 }, { id: 2 }] } })(request, response);
  });
  const attributes = { url: "/orders?of=me", headers: { authorization: "Bearer abc" }, rows: "$.data.orders" };
  expect(await readOnce("http", attributes, { upstream: api.url })).toEqual([{ id: 1 }, { id: 2 }]);
  expect(asked).toEqual([["GET", "/orders?of=me", "Bearer abc"]]);
  const elsewhere = { ...attributes, url: "http://no-such-host/orders" };
  expect(await readOnce("http", elsewhere, { upstream: api.url })).toHaveLength(2);
});

test("reads on over pages, by a Link header or by what the answer says", async () => {
  await using api = await serving((request, response) => {
    const { searchParams, pathname } = new URL(request.url ?? "", "http://x");
    const page = Number(searchParams.get("page") ?? "1");
    const last = page === 3;
    if (pathname === "/linked" && !last) {
      response.setHeader(
        "link",
        `</linked?page=1>; rel="first", <http://api.test/linked?page=${page + 1}>; rel="next"`,
      );
    }
    always({ items: [page], next: last || pathname === "/linked" ? null : `?page=${page + 1}` })(request, response);
  });
  expect(await readOnce("http", { url: new URL("/linked", api.url).href, rows: "$.items" })).toEqual([1, 2, 3]);
  const told = { url: new URL("/told", api.url).href, rows: "$.items", next: "$.next" };
  expect(await readOnce("http", told)).toEqual([1, 2, 3]);
  const source = openSource("http", told);
  expect(await rowsOf(source, 1)).toEqual([1, 2]);
});

test.each([
  ["an error", always([], 500), {}, "answered HTTP 500"],
  [
    "what is no JSON",
    (_: unknown, response: Parameters<RequestListener>[1]) => void response.end("hello"),
    {},
    "no JSON",
  ],
  ["another answer than was expected", always({ error: "busy" }), { rows: "$.orders" }, "nothing at $.orders"],
  [
    "none of a list's elements",
    always({ orders: [] }),
    { rows: "$.orders[*]" },
    "where the list may be empty, say $.orders",
  ],
  ["pages in a circle", always({ next: "/" }), { next: "$.next" }, "in a circle"],
  [
    "a way to somewhere else",
    (_: unknown, response: Parameters<RequestListener>[1]) =>
      void response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(),
    {},
    "fetch failed",
  ],
] as const)("%s is a failed read, never no rows", async (_, answer, attributes, says) => {
  await using api = await serving(answer);
  await expect(readOnce("http", attributes, { upstream: api.url })).rejects.toThrow(says);
});

test("an empty list is one", async () => {
  await using api = await serving(always({ orders: [] }));
  expect(await readOnce("http", { rows: "$.orders" }, { upstream: api.url })).toEqual([]);
});
