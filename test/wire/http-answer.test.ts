/** Answers as they come over a connection: whole or in pieces, honest or not. */
import { maxHeaderSize } from "node:http";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AnswerReader, type AnswerHead, type Progress } from "../../src/wire/http-answer.ts";

interface Read {
  readonly progress: Progress;
  readonly heads: readonly AnswerHead[];
  readonly body: string;
  readonly lasts: number;
  readonly endsByClose: boolean;
}

/** Reads the chunks as a connection would: through one buffer, which the next chunk overwrites. */
function read(...chunks: readonly (Buffer | string)[]): Read {
  const reader = new AnswerReader();
  const lent = Buffer.alloc(64 * 1024);
  const heads: AnswerHead[] = [];
  const pieces: Buffer[] = [];
  let lasts = 0;
  let progress: Progress = "under-way";
  for (const chunk of chunks) {
    lent.fill("#");
    const bytes = lent.subarray(0, Buffer.from(chunk).copy(lent));
    progress = reader.feed(bytes, {
      head: (head) => heads.push(head),
      body: (piece, isLast) => {
        pieces.push(Buffer.from(piece));
        if (isLast) lasts += 1;
      },
    });
    if (progress !== "under-way") break;
  }
  return { progress, heads, body: Buffer.concat(pieces).toString(), lasts, endsByClose: reader.isEndedByClose() };
}

const ok = (headers: string, body = ""): string => `HTTP/1.1 200 OK\r\n${headers}\r\n${body}`;
const chunked = "Transfer-Encoding: chunked\r\n";

describe("framing", () => {
  test.for<[string, string, Progress, string]>([
    ["a body of known length", ok("content-length: 5\r\n", "hello"), "ended", "hello"],
    ["no body", ok("content-length: 0\r\n"), "ended", ""],
    ["a length of many zeros", ok("content-length: 000005\r\n", "hello"), "ended", "hello"],
    ["less than the length", ok("content-length: 5\r\n", "hell"), "under-way", "hell"],
    ["more than the length", ok("content-length: 5\r\n", "hello!"), "ended-for-good", "hello"],
    ["chunks", ok(chunked, "3\r\nhel\r\n2;x=1\r\nlo\r\n0\r\n\r\n"), "ended", "hello"],
    ["chunks and trailers", ok(chunked, "5 \r\nhello\r\n000\r\nx: 1\r\ny: 2\r\n\r\n"), "ended", "hello"],
    ["chunks behind another coding", ok("transfer-encoding: gzip, Chunked\r\n", "0\r\n\r\n"), "ended", ""],
    ["chunks without the last", ok(chunked, "5\r\nhello\r\n"), "under-way", "hello"],
    ["another coding", ok("transfer-encoding: gzip\r\n", "hello"), "under-way", "hello"],
    ["neither length nor coding", ok("", "hello"), "under-way", "hello"],
    ["204", "HTTP/1.1 204 No Content\r\n\r\n", "ended", ""],
    ["304 that tells a length", "HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n", "ended", ""],
    ["what is said in advance", `HTTP/1.1 100 Continue\r\n\r\n${ok("content-length: 2\r\n", "ok")}`, "ended", "ok"],
    ["blank lines before the head", `\r\n\r\n${ok("content-length: 2\r\n", "ok")}`, "ended", "ok"],
    ["a status without words", "HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n", "ended", ""],
    ["an upgrade", "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n", "upgraded", ""],
  ])("%s", ([, text, progress, body]) => {
    expect(read(text)).toMatchObject({ progress, body });
  });

  test("blank lines without end are not kept", () => {
    const blank = "\r\n".repeat(maxHeaderSize / 4);
    expect(read(blank, blank, blank).progress).toBe("oversized");
  });

  test.for<[string, string]>([
    ["another protocol", "+OK POP3 ready\r\n"],
    ["another version", "HTTP/2.0 200 OK\r\n\r\n"],
    ["a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"],
    ["a header without a colon", ok("nonsense\r\n")],
    ["a header without a name", ok(": x\r\n")],
    ["a space before the colon", ok("content-length : 5\r\n", "hello")],
    ["a control character", ok("x: a\u0000b\r\n")],
    ["a bare line feed", ok("x: a\ncontent-length: 5\r\n", "hello")],
    ["two lengths", ok("content-length: 5\r\ncontent-length: 5\r\n", "hello")],
    ["a negative length", ok("content-length: -5\r\n", "hello")],
    ["a length that is no number", ok("content-length: five\r\n", "hello")],
    ["a length and chunks", ok(`content-length: 5\r\n${chunked}`, "0\r\n\r\n")],
    ["a chunk without a size", ok(chunked, "zz\r\n")],
    ["a negative chunk", ok(chunked, "-1\r\n")],
    ["a chunk longer than it says", ok(chunked, "3\r\nhello\r\n")],
    ["a chunk that no memory could hold", ok(chunked, "fffffffff\r\n")],
    ["a line of a chunk that never ends", ok(chunked, `5;${"x".repeat(5000)}`)],
    ["trailers without end", ok(chunked, `0\r\n${`x: ${"y".repeat(1000)}\r\n`.repeat(20)}`)],
  ])("%s is broken", ([, text]) => {
    expect(read(text).progress).toBe("broken");
  });

  test("a head may be as long as Node's own, and no longer, whether or not it ends", () => {
    const frame = ok("x: \r\ncontent-length: 0\r\n").length;
    const long = (bytes: number): string => ok(`x: ${"y".repeat(bytes - frame)}\r\ncontent-length: 0\r\n`);
    expect(read(long(maxHeaderSize)).progress).toBe("ended");
    expect(read(long(maxHeaderSize + 5)).progress).toBe("oversized");
    expect(read(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(maxHeaderSize)}`).progress).toBe("oversized");
  });

  test("a close ends what has neither length nor chunks, and nothing else", () => {
    expect(read(ok("", "hello")).endsByClose).toBe(true);
    for (const cut of ["HTTP/1.1 2", ok("content-length: 5\r\n", "hell"), ok(chunked, "5\r\nhello\r\n0\r\n")]) {
      expect(read(cut).endsByClose).toBe(false);
    }
  });
});

describe("the head", () => {
  test("what matters of it is told, in whatever case it comes", () => {
    const { heads } = read(
      "HTTP/1.1 429 Too Many\r\nCONTENT-TYPE:\tText/Event-Stream ; charset=utf-8 \r\nRetry-After: 7\r\n" +
        "retry-after: 8\r\nMcp-Session-Id: s-1\r\nx-name: \xe9\r\ncontent-length: 0\r\n\r\n",
    );
    expect(heads).toMatchObject([{ status: 429, mediaType: "text/event-stream", retryAfter: "7", sessionId: "s-1" }]);
  });

  test("the same head is read the same way again, and another length is another head", () => {
    const [first, again, other] = [5, 5, 4].map((length) => read(ok(`content-length: ${length}\r\n`, "hello")));
    expect(again).toEqual(first);
    expect(other).toMatchObject({ progress: "ended-for-good", body: "hell" });
  });

  test.for<[string, string, Progress]>([
    ["HTTP/1.1", "", "ended"],
    ["HTTP/1.0", "", "ended-for-good"],
    ["HTTP/1.0", "Connection: Keep-Alive\r\n", "ended"],
    ["HTTP/1.1", "connection: close\r\n", "ended-for-good"],
    ["HTTP/1.1", "connection: keep-alive\r\nconnection: x, Close\r\n", "ended-for-good"],
    ["HTTP/1.1", "keep-alive: timeout=5\r\n", "ended"],
    // Gone before another request could reach it.
    ["HTTP/1.1", "keep-alive: timeout=1\r\n", "ended-for-good"],
  ])("%s with %j: the connection has %s", ([version, headers, progress]) => {
    expect(read(`${version} 200 OK\r\n${headers}content-length: 0\r\n\r\n`).progress).toBe(progress);
  });
});

describe("how the bytes are cut", () => {
  const body = fc.string({ unit: "binary", maxLength: 40 });
  const heads = fc.constantFrom("", "x-a: b\r\n", "content-type: application/json\r\n", "connection: close\r\n");
  const chunkOf = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
  const answer = fc.oneof(
    fc.tuple(heads, body).map(([head, text]) => ok(`${head}content-length: ${Buffer.byteLength(text)}\r\n`, text)),
    fc
      .tuple(heads, fc.array(body.filter((text) => text !== "")))
      .map(([head, parts]) => ok(head + chunked, `${parts.map(chunkOf).join("")}0\r\n\r\n`)),
    fc.tuple(heads, body).map(([head, text]) => ok(head, text)),
    fc.constant("HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"),
    // Noise that does not end: what comes behind an end is told by where it is cut, of course.
    fc
      .tuple(heads, fc.stringMatching(/^[0-9a-z\r\n;: -]{0,40}$/))
      .filter(([, noise]) => !noise.includes("\r\n\r\n"))
      .map(([head, noise]) => ok(head + chunked, noise)),
  );

  test("never matters", () => {
    fc.assert(
      fc.property(answer, fc.array(fc.nat(), { maxLength: 30 }), (text, cuts) => {
        const bytes = Buffer.from(text);
        const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
        const pieces = places.slice(1).map((to, n) => bytes.subarray(places[n], to));
        const { progress, heads, body, endsByClose } = read(bytes);
        expect(read(...pieces)).toMatchObject({ progress, heads, body, endsByClose });
      }),
      { numRuns: 1000 },
    );
  });

  test("not even one byte at a time", () => {
    const text = ok(chunked, "3\r\nhel\r\n2\r\nlo\r\n0\r\nx: y\r\n\r\n");
    expect(read(...Array.from(text))).toMatchObject({ progress: "ended", body: "hello" });
  });

  test("only a piece that ends a body of known length is its last", () => {
    const text = ok("content-length: 5\r\n", "hello");
    expect(read(text).lasts).toBe(1);
    expect(read(...Array.from(text)).lasts).toBe(1);
    expect(read(ok(chunked, "5\r\nhello\r\n0\r\n\r\n")).lasts).toBe(0);
  });
});
