import * as fc from "fast-check";
import { expect, test } from "vitest";
import { headerOf } from "../../src/links/http-head.ts";
import { readAnswers, readRequests, type Follows } from "../../src/links/http-reader.ts";

interface Message {
  readonly head: string;
  body: string;
  complete: boolean;
}

function answersIn(chunks: readonly Buffer[], options: { follows?: Follows; end?: boolean } = {}) {
  const messages: Message[] = [];
  let bytesDone = 0;
  let offset = 0;
  const reader = readAnswers({
    head: ({ status, headers }) => {
      messages.push({ head: `${status} ${headerOf(headers, "x-n") ?? ""}`.trim(), body: "", complete: false });
      return options.follows ?? (status < 200 || status === 204 || status === 304 ? "nothing" : "body");
    },
    body: (bytes) => {
      const last = messages.at(-1);
      if (last !== undefined) last.body += bytes.toString();
    },
    end: (at) => {
      const last = messages.at(-1);
      if (last !== undefined) last.complete = true;
      offset = bytesDone + at;
    },
  });
  for (const chunk of chunks) {
    reader.feed(chunk, 0);
    bytesDone += chunk.length;
  }
  if (options.end === true) reader.finish();
  return { messages, reading: reader.reading, offset };
}

/** The text in pieces, cut at these places. */
function cutAt(text: string, places: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text);
  const cuts = [...new Set([0, ...places.map((place) => place % bytes.length), bytes.length])].sort((a, b) => a - b);
  return cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end));
}

const session = [
  "HTTP/1.1 100 Continue\r\n\r\n",
  "HTTP/1.1 200 OK\r\nX-N: a\r\nContent-Length: 5\r\n\r\nhello",
  "HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n",
  "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n",
  "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
].join("");

test("however the bytes are cut, the same answers are read", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(10_000), { maxLength: 40 }), (places) => {
      const read = answersIn(cutAt(session, places));
      expect(read.reading).toBe(true);
      expect(read.offset).toBe(session.length);
      expect(read.messages).toEqual([
        { head: "100", body: "", complete: true },
        { head: "200 a", body: "hello", complete: true },
        { head: "204", body: "", complete: true },
        { head: "304", body: "", complete: true },
        { head: "200", body: "abc0123456789", complete: true },
        { head: "200", body: "", complete: true },
      ]);
    }),
  );
});

test("an answer without a length is complete when the stream ends, a short one is not", () => {
  const unbounded = answersIn([Buffer.from("HTTP/1.1 200 OK\r\n\r\nsome")], { end: true });
  expect(unbounded.messages).toEqual([{ head: "200", body: "some", complete: true }]);
  const short = answersIn([Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome")], { end: true });
  expect(short.messages).toEqual([{ head: "200", body: "some", complete: false }]);
});

test("the answer to HEAD has no body, whatever its length says", () => {
  const text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n".repeat(2);
  expect(answersIn([Buffer.from(text)], { follows: "nothing" }).messages).toHaveLength(2);
});

test.each([
  ["a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -43\r\n\r\n"],
  ["a length that is no number", "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nbody"],
  ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbody"],
  ["a negative chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n-5\r\n-5\r\n"],
  ["another protocol", "SSH-2.0-OpenSSH_9.6\r\n"],
  ["an endless line between chunks", `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;${"x".repeat(400_000)}`],
  ["endless trailers", `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${"X: y\r\n".repeat(20_000)}`],
  ["a chunk whose size is no number", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nabcde\r\n"],
  ["an endless head", `HTTP/1.1 200 OK\r\n${"X: y\r\n".repeat(20_000)}`],
])("%s stops the reader", (_what, text) => {
  const chunks = Array.from({ length: Math.ceil(text.length / 65_536) }, (_, index) =>
    Buffer.from(text.slice(index * 65_536, (index + 1) * 65_536)),
  );
  const read = answersIn(chunks);
  expect(read.reading).toBe(false);
  expect(read.messages.some(({ complete }) => complete)).toBe(false);
});

test("no bytes whatever make it throw, hang or read on after it has stopped", () => {
  const pieces = fc.constantFrom(
    "HTTP/1.1 200 OK\r\n",
    "Content-Length: 3\r\n",
    "\r\n",
    "-1\r\n",
    "5\r\n",
    "0\r\n\r\n",
    "x",
  );
  const chunk = fc.oneof(
    fc.array(pieces, { maxLength: 12 }).map((texts) => Buffer.from(texts.join(""))),
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  );
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 6 }), (chunks) => {
      const { reading, messages } = answersIn(chunks, { end: true });
      if (!reading) expect(answersIn([...chunks, Buffer.from(session)]).messages.length).toBe(messages.length);
    }),
    { numRuns: 500 },
  );
});

test("chunks are read whatever other codings the body has", () => {
  const read = answersIn([
    Buffer.from(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
    ),
  ]);
  expect(read.messages.map(({ head, body }) => `${head} ${body}`)).toEqual(["200 abc", "204 "]);
});

test.each([
  ["a method of Node's", "QUERY /a HTTP/1.1\r\n", true],
  ["HTTP/2, which begins like HTTP/1", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", false],
  ["another protocol's first line", "EHLO example.test\r\n", false],
  ["the first bytes of TLS", "\u0016\u0003\u0001\n", false],
])("%s: it is known by its first line whether to read on", (_what, text, reads) => {
  const reader = readRequests({ head: () => "body", body: () => {}, end: () => {} });
  reader.feed(Buffer.from(text, "latin1"), 0);
  expect(reader.reading).toBe(reads);
});

test("a message is stamped with the time of its first byte", () => {
  const stamps: number[] = [];
  const reader = readRequests({
    head: (_head, startedUs) => {
      stamps.push(startedUs);
      return "body";
    },
    body: () => {},
    end: () => {},
  });
  const chunks = [
    "GE",
    "T / HTTP/1.1\r\n",
    "\r\nGET / HTTP/1.1\r\nContent-Length: 1\r\n",
    "\r\n",
    "x",
    "GET / HTTP/1.1\r\n\r\n",
  ];
  for (const [index, text] of chunks.entries()) reader.feed(Buffer.from(text), index);
  expect(stamps).toEqual([0, 2, 5]);
});

test("requests are read behind one that asks for an upgrade, until the callee agrees", () => {
  const methods: string[] = [];
  const reader = readRequests({
    head: ({ method, url }) => {
      methods.push(`${method} ${url}`);
      return "body";
    },
    body: () => {},
    end: () => {},
  });
  const upgrade = "GET /a HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
  reader.feed(Buffer.from(`${upgrade}DELETE /b?q=1 HTTP/1.1\r\n\r\nPUT /c HTTP/1.1\r\n\r\n`), 0);
  expect(methods).toEqual(["GET /a", "DELETE /b?q=1", "PUT /c"]);
});
