/** What Node's own fetch would do at the wish of a hostile server, and the SDK's wire does not. */
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { fetchedBytesMax } from "../../src/wire/bounded-fetch.ts";
import { openSdkSession } from "../../src/wire/sdk.ts";
import { answerTo, callOf, openTo, resultTo, startFaultServer, textResult, type React } from "./fault-server.ts";

const open = openSdkSession;
const spaces = " ".repeat(1024 * 1024);

describe("an answer without end on the SDK's wire", () => {
  const endless: React = ({ response }) => {
    response.writeHead(200, { "content-type": "application/json" });
    const more = (): void => {
      while (!response.destroyed && response.write(spaces));
    };
    response.on("drain", more);
    more();
  };

  test("is given up, and called what it is", async () => {
    const { answer } = await answerTo(endless, { open, call: { timeoutMs: 20_000 } });
    expect(answer).toMatchObject({ class: "oversized", outcome: "unknown" });
  });

  test("neither helps it to be small on the way", async () => {
    const bomb = gzipSync(Buffer.alloc(4 * fetchedBytesMax, " "));
    const { answer } = await answerTo(
      ({ response }) =>
        void response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" }).end(bomb),
      { open, call: { timeoutMs: 20_000 } },
    );
    expect(answer.class).toBe("oversized");
  });
});

test.each([301, 302, 303, 307, 308])("a redirect by %i is not followed, and no header goes with it", async (status) => {
  const elsewhere = await startFaultServer((asked) => asked.json(resultTo(asked, textResult("got you"))));
  const server = await startFaultServer(({ response }) => {
    response.writeHead(status, { location: elsewhere.url.href }).end();
  });
  const session = await openTo(server.url, { headers: { "x-api-key": "a-secret-of-ours" } }, open);
  const answer = await session.call(callOf());
  await session.close();
  await Promise.all([server.close(), elsewhere.close()]);
  expect(answer).toMatchObject({ class: "http-refusal", status });
  expect(elsewhere.heard).toEqual([]);
});

test.each(["^(a+)+$", "^(?=(a+)+$)a+$"])(
  "a tool's output schema that would be tried for years (%s) is given up",
  async (pattern) => {
    const outputSchema = { type: "object", properties: { word: { type: "string", pattern } } };
    const tool = { name: "FetchResources", inputSchema: { type: "object" }, outputSchema };
    const { answer } = await answerTo(
      (asked) => asked.json(resultTo(asked, { content: [], structuredContent: { word: `${"a".repeat(60)}!` } })),
      {
        open,
        listsFirst: true,
        on: { "tools/list": (asked) => asked.json(resultTo(asked, { tools: [tool] })) },
      },
    );
    expect(answer).toMatchObject({ class: "malformed-answer", says: expect.stringContaining("more than 250 ms") });
  },
);

test("of very many questions of a server not each gets a connection of its own", async () => {
  const pings = Array.from({ length: 500 }, (_, index) => ({ jsonrpc: "2.0", id: `ping ${index}`, method: "ping" }));
  const server = await startFaultServer(({ events }) => events(...pings), {
    // Answers of ours, which it takes and never closes.
    on: { POST: () => undefined },
  });
  const session = await openTo(server.url, {}, open);
  const answer = await session.call(callOf({ timeoutMs: 2000 }));
  const answers = server.heard.filter(({ message }) => message.method === undefined && message.result !== undefined);
  await Promise.all([session.close(), server.close()]);
  expect(answer.outcome).toBe("unknown");
  expect(answers.length).toBeGreaterThan(0);
  expect(answers.length).toBeLessThanOrEqual(32);
});
