/**
 * What was asked for and what was committed, as digests: a history can tell whether they are the same, and which of
 * several fields is not, without holding a word of either.
 */
import { createHash } from "node:crypto";

/** Nothing was asked, so nothing can differ. */
export const notAsked = "";

// Enough to tell values apart, and too short to tell one by; the salt keeps common values from being looked up.
const digestDigits = 8;

export function askedDigest(value: unknown, salt: string): string {
  return value === undefined ? notAsked : contentDigest(value, salt);
}

export function contentDigest(value: unknown, salt: string): string {
  return createHash("sha256")
    .update(`${salt} ${canonical(value)}`)
    .digest("hex")
    .slice(0, digestDigits);
}

const decimal = /^-?\d+(?:\.\d+)?$/;

/** The same text for what a database and a caller write in different ways: 200, "200" and "200.00"; true and 1. */
export function canonical(value: unknown): string {
  switch (typeof value) {
    case "string":
      return decimal.test(value) ? plainDecimal(value) : JSON.stringify(value);
    case "number":
      return plainDecimal(String(value));
    case "bigint":
      return String(value);
    case "boolean":
      return value ? "1" : "0";
    case "object":
      break;
    default:
      return "null";
  }
  if (value === null) return "null";
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const entries = Object.entries(value).map(([key, child]) => `${JSON.stringify(key)}:${canonical(child)}`);
  return `{${entries.sort().join(",")}}`;
}

function plainDecimal(text: string): string {
  if (!decimal.test(text)) return text;
  const [, sign = "", whole = "", fraction = ""] = /^(-?)0*(\d+)(?:\.(\d*?)0*)?$/.exec(text) ?? [];
  const digits = fraction === "" ? whole : `${whole}.${fraction}`;
  return digits === "0" ? "0" : `${sign}${digits}`;
}
