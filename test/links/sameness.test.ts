import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Sameness } from "../../src/links/sameness.ts";

function digestOf(url: string, pieces: readonly string[]): string | undefined {
  const sameness = new Sameness(url);
  for (const piece of pieces) sameness.add(Buffer.from(piece));
  return sameness.digest();
}

test("it tells query and body apart from others, however the body is cut", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 5 }), (pieces) => {
      const whole = pieces.join("");
      expect(digestOf("/a?b=1", pieces)).toBe(digestOf("/a?b=1", [whole]));
      expect(digestOf("/a", pieces)).toBe(digestOf("/other", [whole]));
      expect(digestOf("/a", pieces)).not.toBe(digestOf("/a", [`${whole}.`]));
      expect(digestOf("/a", pieces)).not.toBe(digestOf("/a?b=1", pieces));
    }),
  );
});

test("where neither a query nor a body is, there is nothing to tell", () => {
  expect(digestOf("/a", [])).toBeUndefined();
  expect(digestOf("/a?b", [])).toMatch(/^[\w-]{10}$/);
});

test("a body that goes on behind the answer does not change what was told of it", () => {
  const sameness = new Sameness("/a");
  sameness.add(Buffer.from("1"));
  sameness.add(Buffer.from("2"));
  expect(sameness.digest()).toBe(digestOf("/a", ["12"]));
  sameness.add(Buffer.from("3"));
  expect(sameness.digest()).toBe(digestOf("/a", ["123"]));
});
