/** What an argument of this name usually is. Only asked where the schema is silent: a guess, and told as one. */

interface Guess {
  readonly names: RegExp;
  readonly texts?: readonly [string, ...string[]];
  readonly numbers?: readonly [number, number];
}

// Names without case and signs. No address here is anybody's: RFC 2606 and RFC 5737 keep them for examples.
const guesses: readonly Guess[] = [
  { names: /(?:url|uri|link|href|endpoint|website)$/, texts: ["https://example.com/"] },
  { names: /(?:email|mail|recipient|sender)$/, texts: ["ada@example.com", "alan@example.org"] },
  { names: /(?:path|file|filename|filepath|dir|directory|folder)$/, texts: ["."] },
  { names: /(?:timezone|tz)$/, texts: ["Europe/Oslo", "Asia/Tokyo", "America/New_York"] },
  { names: /(?:city|location|place|town|address)$/, texts: ["Oslo", "Lima", "Kyoto"] },
  { names: /country(?:code)?$/, texts: ["NO", "PE", "JP"] },
  { names: /(?:language|locale|lang)$/, texts: ["en", "de", "ja"] },
  { names: /currency$/, texts: ["EUR", "USD", "JPY"] },
  { names: /(?:datetime|timestamp|createdat|updatedat)$/, texts: ["2026-01-15T12:00:00Z"] },
  { names: /date$/, texts: ["2026-01-15"] },
  { names: /time$/, texts: ["12:00"] },
  { names: /(?:pattern|glob)s?$/, texts: ["*"] },
  { names: /(?:sql|statement)$/, texts: ["SELECT 1"] },
  { names: /(?:host|hostname|domain)$/, texts: ["example.com"] },
  { names: /^ip|ipaddress$/, texts: ["192.0.2.1"] },
  { names: /(?:color|colour)$/, texts: ["red", "blue"] },
  {
    names: /(?:query|search|term|keyword|keywords|question|topic|subject|title|^q)$/,
    texts: ["weather", "music", "trees"],
  },
  { names: /(?:message|text|content|body|prompt|input|note|comment|description)$/, texts: ["hello", "good morning"] },
  { names: /^(?:lat|latitude)$/, numbers: [-60, 60] },
  { names: /^(?:lon|lng|long|longitude)$/, numbers: [-170, 170] },
  { names: /(?:limit|count|size|max|top|pagesize|perpage|n)$/, numbers: [1, 10] },
  { names: /(?:page|offset|index|start)$/, numbers: [1, 3] },
  { names: /year$/, numbers: [2020, 2026] },
  { names: /month$/, numbers: [1, 12] },
  { names: /(?:duration|delay|timeout|interval|seconds|ms|steps)$/, numbers: [1, 3] },
];

const bare = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "")
    .slice(-60);

export function guessedTexts(name: string): readonly [string, ...string[]] | undefined {
  const plain = bare(name);
  return guesses.find(({ names, texts }) => texts !== undefined && names.test(plain))?.texts;
}

export function guessedNumbers(name: string): readonly [number, number] | undefined {
  const plain = bare(name);
  return guesses.find(({ names, numbers }) => numbers !== undefined && names.test(plain))?.numbers;
}

/** What an argument is called, however it is written: `user_id`, `userId` and `User-ID` are one. */
export function sameName(one: string, other: string): boolean {
  return bare(one) === bare(other);
}
