import fc from "fast-check";
import { expect, test } from "vitest";
import {
  byteRate,
  duration,
  formatDuration,
  parseDuration,
  parseRate,
  quantityOf,
  rate,
  retryAfterMs,
  size,
} from "../src/units.ts";

test.each([
  ["500ms", 500],
  ["1.5s", 1500],
  ["2m", 120_000],
  ["1m30s", 90_000],
  ["1h", 3_600_000],
  ["250us", 0.25],
  ["0ms", 0],
])("%s is %d ms", (text, ms) => expect(parseDuration(text)).toBe(ms));

test.each(["", "5", "-5s", "1.s", "s", "5 s", "5sec", "1e3ms"])("%j is no duration", (text) =>
  expect(parseDuration(text)).toBeUndefined(),
);

test("what is formatted is read back to four digits", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 100_000_000 }), (ms) => {
      const back = parseDuration(formatDuration(ms)) ?? Number.NaN;
      expect(Math.abs(back - ms)).toBeLessThanOrEqual(ms * 0.001 + 0.001);
    }),
    { seed: 42 },
  );
});

test.each([
  [59_999.9, "1m"],
  [119_999.9, "2m"],
  [3_599_999.9, "1h"],
  [119_900, "1m59.9s"],
])("%d ms are told as %s", (ms, text) => expect(formatDuration(ms)).toBe(text));

test.each([
  ["20/s", 20],
  ["90/m", 1.5],
  ["3600/h", 1],
])("%s is %d a second", (text, perSecond) => expect(parseRate(text)).toBe(perSecond));

test("bounds are told in the words of the person", () => {
  const said = (schema: ReturnType<typeof duration>, value: unknown) =>
    schema.safeParse(value).error?.issues[0]?.message;
  expect(said(duration({ leastMs: 10 }), "5ms")).toBe('expected a duration from 10ms to 24h, got "5ms"');
  expect(said(duration(), "-5s")).toBe('expected a duration such as "500ms" or "1.5s", got "-5s"');
  expect(said(duration(), 500)).toBe('expected a duration such as "500ms" or "1.5s", got 500');
  expect(said(rate(), "0/s")).toBe('expected a rate above 0/s and up to 100000/s, got "0/s"');
});

test.each([
  ["7", 7000],
  ["0", 0],
  ["Thu, 01 Jan 2026 00:00:30 GMT", 30_000],
  ["Wed, 31 Dec 2025 23:59:00 GMT", 0],
  ["soon", undefined],
  ["-5", undefined],
  [undefined, undefined],
])("Retry-After: %s asks for %s ms", (value, ms) =>
  expect(retryAfterMs(value, new Date("2026-01-01T00:00:00Z"))).toBe(ms),
);

test("a quantity that is written is read back to the last digit, and tells its bounds through defaults and words", () => {
  const amounts = fc.oneof(
    fc.double({ min: 0, max: 86_400_000, noNaN: true }).map((ms) => [duration(), Number(ms.toFixed(6))] as const),
    fc.nat(1_000_000_000).map((bytes) => [size(), bytes] as const),
    fc.integer({ min: 1, max: 10_000_000 }).map((kb) => [byteRate(), kb * 1000] as const),
  );
  fc.assert(
    fc.property(amounts, ([schema, value]) => {
      const read = schema.parse(quantityOf(schema)?.write(value));
      expect(Math.abs(read - value)).toBeLessThanOrEqual(value * 1e-12);
    }),
    { seed: 42 },
  );
  const within = duration({ leastMs: 10, mostMs: 5000 }).default(50).describe("how long").optional();
  expect(quantityOf(within)).toMatchObject({ takes: "duration", least: 10, most: 5000 });
});
