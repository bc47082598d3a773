import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readWithOurs, readWithReference, toHeadHeader, type Kind, type Reading } from "./reference-reader.ts";

const mixedCase = (text: string): fc.Arbitrary<string> =>
  fc.mixedCase(fc.constant(text), { toggleCase: (letter) => letter.toUpperCase() });
const blank = fc.constantFrom("", " ", "\t", "  ");
const token = fc.stringMatching(/^[a-z0-9-]{1,12}$/);
const value = fc.stringMatching(/^[!-9;-~]{0,10}( [!-~]{1,10})?$/);

const header = (name: fc.Arbitrary<string>, value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(name, blank, value, blank).map(([name, before, text, behind]) => `${name}:${before}${text}${behind}`);

const anyHeader = fc.oneof(
  { weight: 6, arbitrary: header(token, value) },
  { weight: 2, arbitrary: header(mixedCase("connection"), fc.constantFrom("close", "Keep-Alive", "x, Close", "TE")) },
  { weight: 1, arbitrary: header(fc.constantFrom("x-dup", "X-Dup"), value) },
  { weight: 1, arbitrary: header(fc.constant(toHeadHeader), fc.constant("1")) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("no colon", ": no name", "spaced : name", "x:folded\r\n  further", "x:\r\n y"),
  },
);

interface Body {
  readonly header: string;
  readonly text: string;
}

const content = fc.stringMatching(/^[ -~\r\n]{0,40}$/);
const sized: fc.Arbitrary<Body> = fc
  .tuple(mixedCase("content-length"), content)
  .map(([name, text]) => ({ header: `${name}: ${text.length}`, text }));
const chunk = fc
  .tuple(fc.stringMatching(/^[ -~\r\n]{1,30}$/), fc.boolean(), fc.constantFrom("", ";a=b", " ; c"))
  .map(([text, upper, extension]) => {
    const size = text.length.toString(16);
    return `${upper ? size.toUpperCase() : size}${extension}\r\n${text}\r\n`;
  });
const chunked: fc.Arbitrary<Body> = fc
  .tuple(
    mixedCase("transfer-encoding"),
    mixedCase("chunked"),
    fc.array(chunk, { maxLength: 4 }),
    fc.array(header(token, value), { maxLength: 2 }),
  )
  .map(([name, coding, chunks, trailers]) => ({
    header: `${name}: ${coding}`,
    text: [...chunks, "0", ...trailers.map((line) => `\r\n${line}`), "\r\n\r\n"].join(""),
  }));
const both: fc.Arbitrary<Body> = fc
  .tuple(chunked, fc.nat(50))
  .map(([{ header, text }, length]) => ({ header: `Content-Length: ${length}\r\n${header}`, text }));
const none: fc.Arbitrary<Body> = fc.constant({ header: "", text: "" });
const body = fc.oneof({ weight: 3, arbitrary: none }, { weight: 4, arbitrary: sized }, chunked, chunked, both);

const message = (startLine: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(startLine, fc.array(anyHeader, { maxLength: 5 }), body, fc.nat(5), fc.constantFrom("", "", "", "\r\n", "\n"))
    .map(([start, headers, { header, text }, place, before]) => {
      const lines = header === "" ? headers : headers.toSpliced(place, 0, header);
      return `${before}${[start, ...lines].join("\r\n")}\r\n\r\n${text}`;
    });

const version = fc.constantFrom("1.1", "1.1", "1.1", "1.0");
const upgrade = fc.constantFrom("", "", "", "", "\r\nConnection: Upgrade\r\nUpgrade: x");
const plainRequest = message(
  fc
    .tuple(fc.constantFrom("GET", "POST", "PUT", "DELETE", "HEAD", "M-SEARCH"), value, version)
    .map(([method, path, version]) => `${method} /${path.replaceAll(" ", "+")} HTTP/${version}`),
);
const bareRequest = fc
  .tuple(fc.constantFrom("GET", "OPTIONS", "CONNECT"), upgrade)
  .map(([method, asks]) => `${method} /up HTTP/1.1${asks}\r\n\r\n`);
const answer = message(
  fc
    .tuple(version, fc.constantFrom(100, 103, 101, 200, 200, 200, 204, 304, 404, 500), fc.constantFrom(" OK", "", " "))
    .map(([version, status, reason]) => `HTTP/${version} ${status}${reason}`),
);

const whole: Readonly<Record<Kind, fc.Arbitrary<string>>> = {
  REQUEST: fc.array(fc.oneof({ weight: 4, arbitrary: plainRequest }, bareRequest), { maxLength: 4 }).map(joined),
  RESPONSE: fc.array(answer, { maxLength: 4 }).map(joined),
};

function joined(texts: readonly string[]): string {
  return texts.join("");
}

const cuts = fc.array(fc.nat(2000), { maxLength: 8 });

/** The text in pieces, cut at these places. */
function cutAt(text: string, places: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text, "latin1");
  const ends = [...new Set([...places.map((place) => place % Math.max(1, bytes.length)), bytes.length])];
  return ends.sort((a, b) => a - b).map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

function readBoth(kind: Kind, text: string, places: readonly number[]): { ours: Reading; reference: Reading } {
  const chunks = cutAt(text, places);
  const reference = readWithReference(kind, chunks);
  const names = new Set(reference.messages.flatMap(({ headers }) => [...headers.keys()]));
  return { ours: readWithOurs(kind, chunks, names), reference };
}

const kinds = ["REQUEST", "RESPONSE"] as const;

test.each(kinds)("of messages as they should be, a whole parser reads the same (%s)", (kind) => {
  fc.assert(
    fc.property(whole[kind], cuts, (text, places) => {
      const { ours, reference } = readBoth(kind, text, places);
      expect(ours).toEqual(reference);
    }),
    { numRuns: 2000, seed: 42 },
  );
});

const slip = fc.record({
  at: fc.nat(2000),
  drop: fc.nat(3),
  put: fc.constantFrom("", "\r", "\n", "\r\n", "\r\n\r\n", " ", ":", "0", "-1", "zz", "\u0000", "HTTP/1.1 200 OK\r\n"),
});

// Without those that ask for an upgrade: of their chunks the whole parser thinks that there are none.
const breakable: Readonly<Record<Kind, fc.Arbitrary<string>>> = {
  REQUEST: fc.array(plainRequest, { maxLength: 4 }).map(joined),
  RESPONSE: whole.RESPONSE,
};

test.each(kinds)("of broken messages, what it reads is what a whole parser reads, or it has stopped (%s)", (kind) => {
  fc.assert(
    fc.property(breakable[kind], fc.array(slip, { minLength: 1, maxLength: 3 }), cuts, (text, slips, places) => {
      let broken = text;
      for (const { at, drop, put } of slips) {
        const place = at % (broken.length + 1);
        broken = broken.slice(0, place) + put + broken.slice(place + drop);
      }
      const { ours, reference } = readBoth(kind, broken, places);
      const complete = ours.messages.filter(({ endedAt }) => endedAt !== undefined);
      expect(complete).toEqual(reference.messages.slice(0, complete.length));
      if (ours.reading) expect(ours).toEqual(reference);
    }),
    { numRuns: 3000, seed: 42 },
  );
});
