/** Where a cut stream ends: behind which of the callee's own events, which stay as they came. */
import { expect, test } from "vitest";
import type { Cure, GivenAnswer, LinkHandle, MadeAnswer } from "../../src/faults/handles.ts";
import { sseCut } from "../../src/faults/sse-cut.ts";

const text = '{"jsonrpc":"2.0","id":7,"result":{}}';
const first = "id: a-1\nretry: 100\ndata: \n\n";
const note = 'id: a-2\nevent: message\ndata: {"jsonrpc":"2.0","method":"notifications/message"}\n\n';
const answer = `id: a-3\nevent: message\ndata: ${text}\n\n`;
const asStream: GivenAnswer = { status: 200, contentType: "text/event-stream", text, stream: first + note + answer };

async function cut(attributes: Readonly<Record<string, unknown>>, given: GivenAnswer): Promise<MadeAnswer | undefined> {
  let made: MadeAnswer | undefined;
  const healed: Cure = { heal: () => Promise.resolve() };
  const link: Pick<LinkHandle, "meddle"> = {
    meddle: ({ deed }) => {
      if (deed.does === "replace-answer") made = deed.make({ method: "POST", path: "/mcp", id: 7 }, given);
      return healed;
    },
  };
  await sseCut.prepare(attributes).inject(link as LinkHandle);
  return made;
}

test.each([
  [{ where: "before" }, first + note, false],
  [{ where: "within" }, first + note + answer.slice(0, Math.ceil(answer.length / 2)), false],
  [{ where: "after" }, first + note + answer, true],
  [{ events: 0 }, "", false],
  [{ events: 1 }, first, false],
  [{ events: 1, where: "after" }, first, false],
  [{ events: 9, where: "before" }, first + note, false],
])("%o of a stream", async (attributes, body, answered) => {
  expect(await cut(attributes, asStream)).toMatchObject({
    body,
    holds: answered ? "data" : "garbage",
    unended: { how: "cut", answered },
  });
});

test("lines may end in any of the ways of event streams", async () => {
  const crlf = { ...asStream, stream: asStream.stream?.replaceAll("\n", "\r\n") ?? "" };
  expect((await cut({ where: "before" }, crlf))?.body).toBe((first + note).replaceAll("\n", "\r\n"));
});

test("an answer that was no stream is one event, without an id", async () => {
  expect((await cut({ where: "after" }, { text }))?.body).toBe(`event: message\ndata: ${text}\n\n`);
  expect((await cut({ where: "before" }, { text }))?.body).toBe("");
});
