import fc from "fast-check";
import { expect, test } from "vitest";
import { LineBlock, lineOf } from "../../src/history/line-block.ts";

const stampOf = (n: number): string => `{"id":"w1:${n}","atUs":${n}`;

test("whatever its lines say, they come out as they went in, in a block or by themselves", () => {
  const said = fc.oneof(
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.integer({ min: 1, max: 30_000 }).map((n) => "ü".repeat(n)),
  );
  fc.assert(
    fc.property(fc.array(said, { maxLength: 12 }), (all) => {
      const block = new LineBlock();
      const out: Buffer[] = [];
      for (const [n, says] of all.entries()) {
        const event = JSON.stringify({ type: "op-ended", says });
        if (block.add(stampOf(n), event)) continue;
        out.push(block.take() ?? Buffer.alloc(0));
        if (!block.add(stampOf(n), event)) out.push(lineOf(stampOf(n), event));
      }
      out.push(block.take() ?? Buffer.alloc(0));
      const lines = Buffer.concat(out).toString().split("\n");
      expect(lines.pop()).toBe("");
      expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(
        all.map((says, n) => ({ id: `w1:${n}`, atUs: n, type: "op-ended", says })),
      );
    }),
  );
});

test("what was taken out of it is nobody else's, and gone from it", () => {
  const block = new LineBlock();
  block.add(stampOf(1), '{"says":"first"}');
  const first = block.take();
  block.add(stampOf(2), '{"says":"other"}');
  expect(first?.toString()).toBe('{"id":"w1:1","atUs":1,"says":"first"}\n');
  expect(block.take()?.toString()).toBe('{"id":"w1:2","atUs":2,"says":"other"}\n');
  expect(block.take()).toBeUndefined();
});
