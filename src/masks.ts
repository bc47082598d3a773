/**
 * Texts and bytes without the secrets in them, also where a secret stands there in another form: URL-encoded, as JSON
 * has it, or as a part of something in base64. How long that takes does not depend on how many secrets there are.
 */

export interface Masks {
  /** Secrets may become known in mid-run: a token that was just granted. */
  readonly add: (secrets: Iterable<string>) => void;
  /** For who needs the same masks in another thread. */
  readonly known: () => readonly string[];
  readonly mask: (text: string) => string;
  /** Of bytes that come in pieces, which may cut a secret in two. */
  readonly stream: () => MaskedStream;
}

export interface MaskedStream {
  /** What may be seen of it now: the beginning of what may be a secret is held back. */
  feed(chunk: Buffer): Buffer;
  /** What is still held back. */
  rest(): Buffer;
}

// Shorter ones would mask half of every text, and are no secrets.
const secretCharactersMin = 6;
const shownAs = "***";

export function createMasks(secrets: Iterable<string> = []): Masks {
  const texts = createIndex();
  // Bytes are read as latin1, where each byte is a character, so that nothing but secrets is changed.
  const bytes = createIndex();
  const known = new Set<string>();
  const add = (more: Iterable<string>): void => {
    for (const secret of more) {
      if (secret.length < secretCharactersMin || known.has(secret)) continue;
      known.add(secret);
      for (const form of formsOf(secret)) {
        texts.add(form);
        bytes.add(Buffer.from(form).toString("latin1"));
      }
    }
  };
  add(secrets);
  return { add, known: () => [...known], mask: (text) => scan(texts, text).shown, stream: () => streamOver(bytes) };
}

/** The same value, with every text in it masked; keys stay. */
export function maskedDeep(value: unknown, mask: (text: string) => string): unknown {
  if (typeof value === "string") return mask(value);
  if (Array.isArray(value)) return value.map((one) => maskedDeep(one, mask));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, maskedDeep(one, mask)]));
}

function streamOver(index: Index): MaskedStream {
  let held = "";
  return {
    feed: (chunk) => {
      if (index.longest === 0) return chunk;
      const { shown, rest } = scan(index, held + chunk.toString("latin1"), { isWhole: false });
      held = rest;
      return Buffer.from(shown, "latin1");
    },
    rest: () => {
      const { shown } = scan(index, held);
      held = "";
      return Buffer.from(shown, "latin1");
    },
  };
}

function formsOf(secret: string): Iterable<string> {
  const encoded = encodeURIComponent(secret.toWellFormed());
  const forms = [
    secret,
    encoded,
    encoded.replace(/%../g, (byte) => byte.toLowerCase()),
    new URLSearchParams([["", secret]]).toString().slice(1),
    JSON.stringify(secret).slice(1, -1),
    ...inBase64(Buffer.from(secret)),
  ];
  // Of several lines each may be shown by itself, as in a log.
  const lines = secret.includes("\n") ? secret.split("\n").map((line) => line.trim()) : [];
  return new Set([...forms, ...lines].filter(({ length }) => length >= secretCharactersMin));
}

// Less would be found by chance.
const base64CharactersMin = 8;

/** What of it stands in the base64 of anything that holds it, wherever in it: three ways, for three places. */
function inBase64(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    // The characters at both ends hold bits of the neighbours too.
    const own = whole.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    if (own.length < base64CharactersMin) return [];
    return [own, own.replaceAll("+", "-").replaceAll("/", "_")];
  });
}

interface Index {
  add(form: string): void;
  readonly longest: number;
  /** Whether any form begins with these two characters, or seems to. */
  mayBegin(first: number, second: number): boolean;
  /** The longest form that stands here. */
  at(text: string, place: number): string | undefined;
  /** Whether what stands from here to the end is the beginning of a form. */
  isBegun(text: string, place: number): boolean;
}

function createIndex(): Index {
  const byBeginning = new Map<string, string[]>();
  const beginnings = new Set<string>();
  const pairs = new Uint8Array(1 << 16);
  let longest = 0;
  const pairOf = (first: number, second: number): number => (first * 251 + second) & 0xffff;
  return {
    get longest() {
      return longest;
    },
    add: (form) => {
      const beginning = form.slice(0, secretCharactersMin);
      const alike = byBeginning.get(beginning) ?? [];
      if (alike.includes(form)) return;
      byBeginning.set(
        beginning,
        [...alike, form].sort((a, b) => b.length - a.length),
      );
      for (let length = 1; length < secretCharactersMin; length += 1) beginnings.add(form.slice(0, length));
      pairs[pairOf(form.charCodeAt(0), form.charCodeAt(1))] = 1;
      longest = Math.max(longest, form.length);
    },
    mayBegin: (first, second) => pairs[pairOf(first, second)] === 1,
    at: (text, place) =>
      byBeginning.get(text.slice(place, place + secretCharactersMin))?.find((form) => text.startsWith(form, place)),
    isBegun: (text, place) => {
      const rest = text.slice(place);
      if (rest.length < secretCharactersMin) return beginnings.has(rest);
      const alike = byBeginning.get(rest.slice(0, secretCharactersMin)) ?? [];
      return alike.some((form) => form.length > rest.length && form.startsWith(rest));
    },
  };
}

function scan(
  index: Index,
  text: string,
  { isWhole = true }: { readonly isWhole?: boolean } = {},
): { readonly shown: string; readonly rest: string } {
  if (index.longest === 0) return { shown: text, rest: "" };
  const endsFrom = isWhole ? text.length : Math.max(0, text.length - index.longest + 1);
  const last = isWhole ? text.length - secretCharactersMin : text.length - 1;
  let shown = "";
  let from = 0;
  for (let place = 0; place <= last; place += 1) {
    const isLast = place === text.length - 1;
    if (!isLast && !index.mayBegin(text.charCodeAt(place), text.charCodeAt(place + 1))) continue;
    if (place >= endsFrom && index.isBegun(text, place)) {
      return { shown: shown + text.slice(from, place), rest: text.slice(place) };
    }
    const found = index.at(text, place);
    if (found === undefined) continue;
    shown += text.slice(from, place) + shownAs;
    from = place + found.length;
    place = from - 1;
  }
  return { shown: from === 0 ? text : shown + text.slice(from), rest: "" };
}
