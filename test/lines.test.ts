import fc from "fast-check";
import { expect, test } from "vitest";
import { readLines } from "../src/lines.ts";

function read(chunks: readonly Buffer[], bytesMax = 1000) {
  const lines: string[] = [];
  let overlong = 0;
  const reader = readLines({
    bytesMax,
    onLine: (line) => lines.push(line.toString("latin1")),
    onOverlong: () => (overlong += 1),
  });
  for (const chunk of chunks) reader.feed(chunk);
  return { lines, overlong: () => overlong, reader };
}

const bytes = fc
  .uint8Array({ maxLength: 60 })
  .map((array) => Buffer.from(array.map((byte) => (byte < 40 ? 10 : byte))));

test("however bytes are cut into chunks, the lines are the same and no byte is lost", () => {
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 8 }), (chunks) => {
      const whole = Buffer.concat(chunks).toString("latin1");
      const { lines, reader } = read(chunks);
      const inLine = reader.inLine;
      const rest = reader.rest().toString("latin1");
      expect([...lines, rest].join("\n")).toBe(whole);
      expect(inLine).toBe(rest !== "");
    }),
  );
});

test("a line beyond the limit is told once, when the limit is passed, and the next line is read again", () => {
  const { lines, overlong, reader } = read([Buffer.from("123456789\n"), Buffer.from("1234567890")], 10);
  expect(overlong()).toBe(0);
  reader.feed(Buffer.from("1"));
  reader.feed(Buffer.from("2"));
  expect(overlong()).toBe(1);
  reader.feed(Buffer.from("3\nafter\n"));
  expect(lines).toEqual(["123456789", "after"]);
  expect(overlong()).toBe(1);
});
