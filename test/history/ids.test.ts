import fc from "fast-check";
import { expect, test } from "vitest";
import { createTracer, opId } from "../../src/history/ids.ts";

const nonce = "0badf00d";
const groups = ["planner", "night-shift_2"];
const tracer = createTracer(nonce, groups);
const coordinates = fc.record({
  group: fc.constantFrom(...groups),
  agent: fc.integer({ min: 0, max: 9_999 }),
  walk: fc.integer({ min: 0, max: 4_000_000_000 }),
  step: fc.integer({ min: 0, max: 60_000 }),
});
const attempt = fc.integer({ min: 1, max: 100_000 });

test("a trace context tells the op and the attempt that it was made for", () => {
  fc.assert(
    fc.property(coordinates, attempt, (at, n) => {
      const header = tracer.traceparent(at, n);
      expect(header).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
      expect(tracer.find(`GET / HTTP/1.1\r\ntraceparent: ${header}\r\n`)).toEqual([
        { op: opId(nonce, at), attempt: n },
      ]);
    }),
    { seed: 42 },
  );
});

test("a trace context with a span of the server's own still tells the op", () => {
  const at = { group: "planner", agent: 1, walk: 2, step: 3 };
  const [version, trace, , flags] = tracer.traceparent(at, 1).split("-");
  expect(tracer.find(`traceparent: ${version}-${trace}-00f067aa0ba902b7-${flags}`)).toEqual([{ op: opId(nonce, at) }]);
});

test("an op id is found wherever a body holds it, and the trace beside it adds the attempt", () => {
  fc.assert(
    fc.property(coordinates, attempt, (at, n) => {
      const op = opId(nonce, at);
      expect(tracer.find(JSON.stringify({ requestId: op }))).toEqual([{ op }]);
      expect(tracer.find(`${op} ${tracer.traceparent(at, n)}`)).toEqual([{ op, attempt: n }]);
    }),
    { seed: 42 },
  );
});

test("ids of another run and unknown groups are not ours", () => {
  const other = createTracer("11111111", groups);
  const at = { group: "planner", agent: 1, walk: 2, step: 3 };
  expect(tracer.find(opId("11111111", at))).toEqual([]);
  expect(tracer.find(other.traceparent(at, 1))).toEqual([]);
  expect(createTracer(nonce, []).find(tracer.traceparent(at, 1))).toEqual([]);
});

test("a batch names each of its ops once, in order", () => {
  const ids = [4, 2, 4].map((step) => opId(nonce, { group: "planner", agent: 0, walk: 0, step }));
  expect(tracer.find(ids.join(",")).map(({ op }) => op)).toEqual([ids[0], ids[1]]);
});

test("whatever the text, what is found is what the two patterns together match", () => {
  const patterns = new RegExp(
    `\\b00-${nonce}[0-9a-f]{22}51-(?:${nonce}[0-9a-f]{8}|[0-9a-f]{16})-|` +
      `\\b${nonce}\\.[A-Za-z0-9_-]+\\.\\d+\\.\\d+\\.\\d+\\b`,
    "g",
  );
  const piece = fc.oneof(
    coordinates.map((at) => opId(nonce, at)),
    fc.tuple(coordinates, attempt).map(([at, n]) => tracer.traceparent(at, n)),
    fc.constantFrom(nonce, `00-${nonce}`, "0badf0", ".", "-", "a", "1.2.3", " ", "\n", "00-"),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
      const text = pieces.join("");
      const eachAlone = [...text.matchAll(patterns)].flatMap(([match]) => tracer.find(match));
      expect(tracer.find(text).map(({ op }) => op)).toEqual([...new Set(eachAlone.map(({ op }) => op))]);
      expect(tracer.find(...pieces)).toEqual(tracer.find(pieces.join("\n")));
    }),
    { seed: 42, numRuns: 1000 },
  );
});
