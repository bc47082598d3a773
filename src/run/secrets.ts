/** Keeping secrets out of histories and reports: a server may well say in an error what it was given in a header. */
import { UserError } from "../errors.ts";
import type { Stamp, Unstamped } from "../history/events.ts";
import type { ListedFields, Listing } from "../history/listing.ts";
import type { Shape } from "../history/shape.ts";
import { maskedMistake } from "../scenario/secrets.ts";

/** What a person is told quotes the last words of servers; even an error of ours may hold what one has said. */
export function maskedError(error: unknown, masked: (text: string) => string): unknown {
  if (!(error instanceof Error)) return typeof error === "string" ? masked(error) : error;
  const cause = maskedError(error.cause, masked);
  if (error instanceof UserError) {
    const { message, exitCode } = error;
    const mistakes = error.mistakes.map((mistake) => maskedMistake(mistake, masked));
    return new UserError(masked(message), { exitCode, mistakes, cause });
  }
  const { message, stack, name } = error;
  const shown = masked(message);
  const shownStack = stack === undefined ? undefined : masked(stack);
  if (shown === message && shownStack === stack && cause === error.cause) return error;
  return Object.assign(new Error(shown, { cause }), { name, stack: shownStack });
}

/** The same recording, with every secret masked in what others have said; ids, kinds and figures are our own words. */
export function masking(
  record: (event: Unstamped) => Stamp,
  masked: (text: string) => string,
): (event: Unstamped) => Stamp {
  return (event) => {
    const parts: SaidByOthers = event;
    let clean: Partial<Record<OthersWord, string>> | undefined;
    for (const key of othersWords) {
      const text = parts[key];
      if (typeof text !== "string") continue;
      const shown = masked(text);
      if (shown === text) continue;
      clean ??= {};
      clean[key] = shown;
    }
    const shown = withoutNames(event, masked);
    // Nearly every event is as clean as it came, and need not be copied.
    return record(clean === undefined ? shown : { ...shown, ...clean });
  };
}

const othersWords = ["says", "because", "stderr", "failed", "path", "method", "tool", "key", "replay"] as const;
type OthersWord = (typeof othersWords)[number];
type SaidByOthers = { readonly type: string } & { readonly [word in OthersWord]?: unknown };

/** Names of tools, and keys of answers, are others' words as well. */
function withoutNames(event: Unstamped, masked: (text: string) => string): Unstamped {
  if (event.type === "tools-listed") {
    const { tools, listing, others } = event;
    return {
      ...event,
      tools: tools.map(masked),
      ...(listing === undefined ? {} : { listing: withoutNamesListed(listing, masked) }),
      ...(others === undefined ? {} : { others: others.map((one) => withoutNamesListed(one, masked)) }),
    };
  }
  if (event.type === "listed") return { ...event, ...withoutNamesListed(event, masked) };
  if ((event.type !== "attempt" && event.type !== "exchange") || event.answer === undefined) return event;
  const { answer } = event;
  if (isClean(answer.filled, masked) && isClean(answer.hollow, masked)) return event;
  const shown: Shape = { ...answer, filled: answer.filled.map(masked), hollow: answer.hollow.map(masked) };
  return { ...event, answer: shown };
}

function withoutNamesListed({ digest, count, entries }: Listing, masked: (text: string) => string): Listing {
  const fields = (of: ListedFields): ListedFields =>
    Object.fromEntries(
      Object.entries(of).map(([path, { types, ...field }]) => [
        masked(path),
        types === undefined ? field : { ...field, types: types.map(masked) },
      ]),
    );
  return {
    digest,
    count,
    entries: entries.map(({ name, parts, takes, gives }) => ({
      name: masked(name),
      parts: Object.fromEntries(Object.entries(parts).map(([key, part]) => [masked(key), part])),
      ...(takes === undefined ? {} : { takes: fields(takes) }),
      ...(gives === undefined ? {} : { gives: fields(gives) }),
    })),
  };
}

function isClean(texts: readonly string[], masked: (text: string) => string): boolean {
  return texts.every((text) => masked(text) === text);
}
