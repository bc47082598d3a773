/** Texts for arguments: by format, by pattern, by name, else words; as long as they must be and no longer than they may. */
import { constant, constantFrom, integer, stringMatching, tuple, uuid, type Arbitrary } from "fast-check";
import type { JsonObject } from "../wire/lean-rpc.ts";
import type { Source } from "./arguments.ts";
import { guessedTexts } from "./name-guesses.ts";
import { numberIn, trouble, type Place, type Trouble } from "./schema.ts";

export interface TextMade {
  readonly is: "made";
  readonly arbitrary: Arbitrary<string>;
  readonly from: Source;
}

const words = ["amber", "basalt", "cedar", "delta", "ember", "fjord", "grove", "harbor", "iris", "juniper"] as const;
const word = constantFrom(...words);
const twoDigits = (least: number, most: number): Arbitrary<string> =>
  integer({ min: least, max: most }).map((number) => String(number).padStart(2, "0"));
const day = tuple(integer({ min: 2020, max: 2029 }), twoDigits(1, 12), twoDigits(1, 28)).map((parts) =>
  parts.join("-"),
);
const clock = tuple(twoDigits(0, 23), twoDigits(0, 59), twoDigits(0, 59)).map((parts) => `${parts.join(":")}Z`);
const host = word.map((name) => `${name}.example.com`);
const address = word.map((name) => `https://example.com/${name}`);
const mail = word.map((name) => `${name}@example.com`);

const formats: Readonly<Record<string, Arbitrary<string>>> = {
  uri: address,
  url: address,
  iri: address,
  "uri-reference": word.map((name) => `/${name}`),
  "iri-reference": word.map((name) => `/${name}`),
  "uri-template": word.map((name) => `https://example.com/${name}/{id}`),
  email: mail,
  "idn-email": mail,
  hostname: host,
  "idn-hostname": host,
  uuid: uuid(),
  "date-time": tuple(day, clock).map((parts) => parts.join("T")),
  date: day,
  time: clock,
  duration: constantFrom("PT1H", "PT15M", "P1D"),
  // RFC 5737 and RFC 3849: nobody's.
  ipv4: integer({ min: 1, max: 254 }).map((last) => `192.0.2.${last}`),
  ipv6: integer({ min: 1, max: 9 }).map((last) => `2001:db8::${last}`),
  "json-pointer": word.map((name) => `/${name}`),
  "relative-json-pointer": word.map((name) => `0/${name}`),
  regex: constant(".*"),
  byte: word.map((name) => Buffer.from(name).toString("base64")),
};

const lettersMost = 100_000;
const patternLettersMost = 1000;

export function textsFor(schema: JsonObject, place: Place): TextMade | Trouble {
  const least = Math.ceil(numberIn(schema, "minLength") ?? 0);
  const most = Math.floor(numberIn(schema, "maxLength") ?? Math.max(least, 200));
  if (least > most) return trouble(place, `wants a text of at least ${least} and at most ${most} characters`);
  if (least * place.weight > lettersMost) return trouble(place, `wants texts of ${least} characters`, "minLength");
  const { pattern, format } = schema;
  if (typeof pattern === "string") return matching(pattern, { least, most, place });
  const known = typeof format === "string" && Object.hasOwn(formats, format) ? formats[format] : undefined;
  if (known !== undefined) return { is: "made", arbitrary: known, from: "format" };
  const fits = ({ length }: string): boolean => length >= least && length <= most;
  const [first, ...others] = (guessedTexts(place.name) ?? []).filter(fits);
  if (first !== undefined) return { is: "made", arbitrary: constantFrom(first, ...others), from: "name" };
  const arbitrary = tuple(word, word).map((parts) => sized(parts.join(" "), least, most));
  return { is: "made", arbitrary, from: least > 0 || schema["maxLength"] !== undefined ? "bounds" : "type" };
}

function sized(text: string, least: number, most: number): string {
  return (text.length < least ? text.padEnd(least, `-${text}`) : text).slice(0, most).trimEnd().padEnd(least, "a");
}

/** Made out of the pattern's parts. Whoever tries it does so where it can be ended: in the thread of the maker. */
function matching(
  pattern: string,
  { least, most, place }: { readonly least: number; readonly most: number; readonly place: Place },
): TextMade | Trouble {
  if (pattern.length > patternLettersMost) return trouble(place, "is too long to make a text from", "pattern");
  const usual = [...(guessedTexts(place.name) ?? []), ...words, "A1", "1", "12345"];
  try {
    const tried = new RegExp(pattern, "u");
    const fits = (text: string): boolean => text.length >= least && text.length <= most && tried.test(text);
    // People read what is sent: a word is better than any text that a pattern allows.
    const [first, ...others] = usual.filter(fits);
    const arbitrary: Arbitrary<string> =
      first === undefined
        ? stringMatching(new RegExp(whole(pattern), "u"), { size: "-1" })
        : constantFrom(first, ...others);
    return { is: "made", arbitrary, from: "pattern" };
  } catch {
    return trouble(place, "is a regular expression that no text can be made from", "pattern");
  }
}

/** Without ends a pattern allows anything around it, which nobody wants to see. */
function whole(pattern: string): string {
  const anchored = pattern.startsWith("^") || pattern.endsWith("$") || pattern.includes("|^");
  return anchored
    ? `${pattern.startsWith("^") ? "" : "^"}${pattern}${pattern.endsWith("$") ? "" : "$"}`
    : `^(?:${pattern})$`;
}
