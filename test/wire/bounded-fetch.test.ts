/** What comes by the fetch that the SDKs are given: every event whole, and as soon as it is whole. */
import { createServer, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, test } from "vitest";
import { openBoundedFetch } from "../../src/wire/bounded-fetch.ts";

const ends = { "line feeds": "\n\n", both: "\r\n\r\n", "carriage returns": "\r\r" } as const;

describe.each(Object.entries(ends))("an event that ends with %s", (_, end) => {
  const event = `data: whole${end}`;
  const cuts = Array.from({ length: event.length - 1 }, (_unused, at) => at + 1);

  test.for(cuts)("comes once it is there, cut after byte %i and with nothing behind it", async (cut, { expect }) => {
    await using stream = await streaming();
    await stream.write(event.slice(0, cut));
    // Another turn, so that the two are not one chunk.
    const first = stream.read();
    await new Promise((resolve) => void setTimeout(resolve, 5));
    await stream.write(event.slice(cut));
    expect(await first).toBe(event);
  });
});

test("what is no whole event comes when the stream ends", async ({ expect }) => {
  await using stream = await streaming();
  await stream.write("data: one\n\ndata: hal");
  expect(await stream.read()).toBe("data: one\n\ndata: hal");
  await stream.write("f");
  stream.end();
  expect(await stream.read()).toBe("f");
});

/** An event stream that is sent piece by piece, and what comes of it. */
async function streaming() {
  const answering = Promise.withResolvers<ServerResponse>();
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.flushHeaders();
    answering.resolve(response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const fetched = await openBoundedFetch()(`http://127.0.0.1:${port}/`, { method: "POST", body: "{}" });
  const response = await answering.promise;
  const reader = fetched.body?.getReader();
  return {
    write: (text: string) => new Promise<void>((resolve) => void response.write(text, () => resolve())),
    read: async () => Buffer.from((await reader?.read())?.value ?? []).toString(),
    end: () => void response.end(),
    [Symbol.asyncDispose]: async () => {
      await reader?.cancel();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
