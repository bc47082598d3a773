import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createMasks, maskedDeep } from "../src/masks.ts";

const secret = 'hunter2/"zwölf" &c';
const forms: Record<string, string> = {
  plain: secret,
  "URL-encoded": encodeURIComponent(secret),
  "in lower case": encodeURIComponent(secret).replace(/%../g, (byte) => byte.toLowerCase()),
  "as a form has it": new URLSearchParams({ a: secret }).toString().slice(2),
  "as JSON has it": JSON.stringify(secret).slice(1, -1),
  base64: Buffer.from(secret).toString("base64").replace(/=+$/, "").slice(0, -1),
  base64url: Buffer.from(secret).toString("base64url").slice(0, -1),
};

describe("a secret is seen in none of its forms", () => {
  test.each(Object.entries(forms))("%s", (_, form) => {
    expect(createMasks([secret]).mask(`it says ${form} to all`)).toMatch(/^it says \*\*\*.{0,2} to all$/);
  });

  test("nor as a part of what is in base64, wherever in it", () => {
    const { mask } = createMasks(["hunter2-hunter2"]);
    for (const before of ["", "a", "ab", "user:"]) {
      const login = Buffer.from(`${before}hunter2-hunter2:more`).toString("base64");
      const shown = mask(`Basic ${login}`);
      expect(Buffer.from(shown.slice(6), "base64").toString()).not.toContain("hunter2");
      expect(shown).toContain("***");
    }
  });

  test("nor a line of one that has several", () => {
    const { mask } = createMasks(["-----BEGIN-----\nMIIEabcdef\n-----END-----"]);
    expect(mask("I read MIIEabcdef there")).toBe("I read *** there");
  });
});

test("what is short is no secret, and the longest is masked where several stand", () => {
  const { mask, add } = createMasks(["abc", "hunter2", "hunter2-and-more"]);
  expect(mask("abc hunter2-and-more hunter2!")).toBe("abc *** ***!");
  add(["granted-later"]);
  expect(mask("got granted-later")).toBe("got ***");
  expect(maskedDeep({ a: ["hunter2", 1, { hunter2: null }] }, mask)).toEqual({ a: ["***", 1, { hunter2: null }] });
});

const secrets = fc.array(fc.string({ minLength: 6, maxLength: 12, unit: "grapheme" }), { minLength: 1, maxLength: 4 });

test("bytes that come in pieces are masked as they are in one, however they are cut", () => {
  const cuts = fc.array(fc.nat(40), { maxLength: 8 });
  fc.assert(
    fc.property(secrets, fc.array(fc.oneof(fc.string(), fc.nat(3))), cuts, (hidden, parts, sizes) => {
      const masks = createMasks(hidden);
      const text = parts
        .map((part) => (typeof part === "string" ? part : (hidden[part % hidden.length] ?? "")))
        .join("");
      const bytes = Buffer.from(text);
      const stream = masks.stream();
      const pieces: Buffer[] = [];
      let from = 0;
      for (const size of [...sizes, bytes.length]) {
        pieces.push(stream.feed(bytes.subarray(from, from + size)));
        from += size;
      }
      pieces.push(stream.rest());
      const whole = masks.stream();
      expect(Buffer.concat(pieces).toString("latin1")).toBe(
        Buffer.concat([whole.feed(bytes), whole.rest()]).toString("latin1"),
      );
    }),
  );
});

test("what holds no secret passes unchanged, to the byte", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const stream = createMasks(["hunter2-hunter2"]).stream();
      expect(Buffer.concat([stream.feed(Buffer.from(bytes)), stream.rest()])).toEqual(Buffer.from(bytes));
    }),
  );
});
