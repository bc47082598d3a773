/** How bytes were cut on their way must never matter, and every answer is read as what it is. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { bodyReader, type Found } from "../../src/wire/lean-body.ts";

const text = fc.string({ unit: fc.oneof(fc.constantFrom("é", "漢", "🙂", "\n", "\r", ":", " "), fc.string()) });
const message = fc.oneof(
  { weight: 4, arbitrary: fc.record({ jsonrpc: fc.constant("2.0"), id: fc.constantFrom(7, 8), result: fc.object() }) },
  fc.record({ jsonrpc: fc.constant("2.0"), method: fc.constant("notifications/message"), params: fc.object() }),
  fc.record({ jsonrpc: fc.constant("2.0"), id: fc.integer(), method: fc.constant("ping") }),
  fc.record({
    jsonrpc: fc.constant("2.0"),
    id: fc.constantFrom(7, null),
    error: fc.record({ code: fc.integer(), message: text }),
  }),
  text,
);

const newline = fc.constantFrom("\n", "\r\n", "\r");
const eventStream = fc
  .tuple(
    fc.constantFrom("", "\uFEFF"),
    newline,
    fc.array(
      fc.record({
        before: fc.constantFrom([], ["event: message"], ["event: other"], [": comment 漢"], ["id: 9", "retry: 5"]),
        data: message.map((value) => (typeof value === "string" ? value : JSON.stringify(value))),
      }),
      { maxLength: 5 },
    ),
    fc.boolean(),
  )
  .map(([bom, end, events, complete]) => {
    const lines = events.flatMap(({ before, data }) => [
      ...before,
      ...data.split(/\r\n|\r|\n/).map((line) => `data: ${line}`),
      "",
    ]);
    return bom + (complete ? lines : lines.slice(0, -1)).map((line) => line + end).join("");
  });
const json = fc
  .tuple(fc.constantFrom("", "\uFEFF"), fc.oneof(message, fc.array(message)))
  .map(([bom, value]) => bom + JSON.stringify(value));

const bodies = fc.oneof(
  fc.record({ type: fc.constant("text/event-stream"), body: eventStream }),
  fc.record({ type: fc.constant("application/json"), body: fc.oneof(json, text) }),
  fc.record({ type: fc.constant("text/plain"), body: text }),
);

function read(chunks: readonly Buffer[], { type, status }: { readonly type: string; readonly status: number }) {
  const asked: unknown[] = [];
  const reader = bodyReader(
    { status, mediaType: type },
    { id: 7, inSession: true, onServerRequest: (request) => asked.push(request), onNotification: () => undefined },
  );
  let early: Found | undefined;
  for (const chunk of chunks) {
    const found = reader.feed(chunk);
    early ??= found;
  }
  return { found: early ?? reader.end(), asked };
}

function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((to, n) => bytes.subarray(places[n], to));
}

test("any split of a body into chunks gives the same answer", () => {
  fc.assert(
    fc.property(
      bodies,
      fc.constantFrom(200, 200, 200, 400, 404, 502),
      fc.array(fc.nat(), { maxLength: 40 }),
      ({ type, body }, status, cuts) => {
        const bytes = Buffer.from(body);
        expect(read(split(bytes, cuts), { type, status })).toEqual(read([bytes], { type, status }));
      },
    ),
    { numRuns: 2000 },
  );
});

test("one byte at a time gives the same answer as all at once", () => {
  const body = 'event: message\r\ndata: {"jsonrpc":"2.0","id":7,\r\ndata: "result":{"text":"漢🙂"}}\r\n\r\n';
  const bytes = Buffer.from(body);
  const all = read([bytes], { type: "text/event-stream", status: 200 });
  expect(all.found).toEqual({ is: "answer", answer: { result: { text: "漢🙂" } } });
  const single = split(
    bytes,
    Array.from(bytes, (_, at) => at),
  );
  expect(read(single, { type: "text/event-stream", status: 200 })).toEqual(all);
});

test("an event stream answers as soon as the answer's event is complete", () => {
  const reader = bodyReader(
    { status: 200, mediaType: "text/event-stream" },
    { id: 7, inSession: false, onServerRequest: () => undefined, onNotification: () => undefined },
  );
  expect(reader.feed(Buffer.from('data: {"jsonrpc":"2.0","id":7,"result":{}}\n'))).toBeUndefined();
  expect(reader.feed(Buffer.from("\n"))).toEqual({ is: "answer", answer: { result: {} } });
  expect(reader.cut("truncated")).toEqual({ is: "answer", answer: { result: {} } });
});
