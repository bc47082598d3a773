/** HTTP+SSE: what is posted is only taken, and answered on a stream beside it. */
import { once } from "node:events";
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import type { Exchange } from "../../src/history/events.ts";
import { openRig, type Rig } from "./rig.ts";

interface Stage extends AsyncDisposable {
  readonly rig: Rig;
  /** The streams of the server, in order, once they are there. */
  readonly streams: readonly ServerResponse[];
  /** Opens a stream; it names this endpoint, or says this. */
  listen(says: string): Promise<{ readonly hangUp: () => void }>;
  post(path: string, message: object): Promise<number | undefined>;
  /** Exchanges of requests, once there are so many. */
  posts(count: number): Promise<readonly Exchange[]>;
}

async function onStage(onPost: (streams: readonly ServerResponse[]) => void = () => undefined): Promise<Stage> {
  const streams: ServerResponse[] = [];
  let saying = "";
  const server = createServer((asked: IncomingMessage, response) => {
    if (asked.method === "GET") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(saying);
      streams.push(response);
      return;
    }
    asked.resume();
    asked.once("end", () => {
      onPost(streams);
      response.writeHead(202).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const rig = await openRig((server.address() as AddressInfo).port, "mcp");
  return {
    rig,
    streams,
    listen: async (says) => {
      saying = says;
      const asked = request(rig.url("/sse")).end();
      const [response] = (await once(asked, "response")) as [IncomingMessage];
      response.on("error", () => undefined);
      await once(response, "data");
      return { hangUp: () => asked.destroy() };
    },
    post: async (path, message) => {
      const asked = request(rig.url(path), { method: "POST", agent: false }).end(JSON.stringify(message));
      const [response] = (await once(asked, "response")) as [IncomingMessage];
      response.resume();
      await once(response, "end");
      return response.statusCode;
    },
    posts: async (count) => {
      const found = (): Exchange[] => rig.exchanges().filter(({ method }) => method === "POST");
      await expect.poll(() => found().length).toBe(count);
      return found();
    },
    [Symbol.asyncDispose]: async () => {
      await rig[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
    },
  };
}

const names = (endpoint: string): string => `event: endpoint\ndata: ${endpoint}\n\n`;
const call = (id: number): object => ({
  jsonrpc: "2.0",
  id,
  method: "tools/call",
  params: { name: "Create", arguments: { key: "0badcafe.planner.0.1.1" } },
});
const answerTo = (id: number): string => `event: message\ndata: {"jsonrpc":"2.0","id":${id},"result":{}}\n\n`;

test("an exchange ends with the answer on its stream, not with the 202", async () => {
  await using stage = await onStage();
  await stage.listen(names("/messages?sessionId=1"));
  expect(await stage.post("/messages?sessionId=1", call(1))).toBe(202);
  expect(await stage.post("/messages?sessionId=1", { jsonrpc: "2.0", method: "notifications/initialized" })).toBe(202);
  // The notification has none to wait for.
  const [said] = await stage.posts(1);
  expect(said).not.toHaveProperty("tool");
  stage.streams[0]?.write(answerTo(1));
  const [, answered] = await stage.posts(2);
  expect(answered).toMatchObject({ ended: "answered", tool: "Create", status: 202, ops: ["0badcafe.planner.0.1.1"] });
  expect(answered?.firstByteUs).toBeGreaterThan(answered?.sentUs ?? Number.POSITIVE_INFINITY);
});

test("an answer may overtake the 202, and each session has numbers of its own", async () => {
  await using stage = await onStage(([first]) => void first?.write(answerTo(7)));
  await stage.listen(names("/messages?sessionId=1"));
  await stage.listen(names("/messages?sessionId=2"));
  await stage.post("/messages?sessionId=1", call(7));
  await stage.posts(1);
  await stage.post("/messages?sessionId=2", call(7));
  expect(await stage.posts(1)).toHaveLength(1);
  stage.streams[1]?.write(answerTo(7));
  expect(await stage.posts(2)).toMatchObject([{ ended: "answered" }, { ended: "answered" }]);
});

test("what was taken and can be answered no more ends with its stream", async () => {
  await using stage = await onStage();
  const { hangUp } = await stage.listen(names("/messages?sessionId=1"));
  await stage.post("/messages?sessionId=1", call(1));
  hangUp();
  expect(await stage.posts(1)).toMatchObject([{ ended: "caller-left", status: 202, tool: "Create" }]);
});

test("the listening stream of a later revision names no endpoint, and a 202 is an answer there", async () => {
  await using stage = await onStage();
  await stage.listen(answerTo(1));
  await stage.post("/sse", call(2));
  expect(await stage.posts(1)).toMatchObject([{ ended: "answered", status: 202 }]);
});
