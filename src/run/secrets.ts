/** Keeping secrets out of histories and reports: a server may well say in an error what it was given in a header. */
import { UserError } from "../errors.ts";
import type { Stamp, Unstamped } from "../history/events.ts";
import type { Scenario } from "../scenario/resolve.ts";
import { renderText, soundsSecret } from "../scenario/template.ts";

// Shorter ones would mask half of every text, and are no secrets.
const secretCharactersMin = 6;

// What people call their things while they try them out, such as a password "postgres", is in tools' names as well.
const isPlainWord = /^(?:.{0,7}|[a-z]+)$/i;

/** The values that must not be seen: of headers, and of variables that sound secret, our own among them. */
export function secretsOf(
  { servers, upstreams }: Scenario,
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const headers = servers.flatMap((server) => Object.values(server.headers));
  const variables = [...servers, ...upstreams].flatMap(({ env: given }) =>
    Object.entries(given).flatMap(([name, text]) => (soundsSecret(name) ? [text] : [])),
  );
  const values = [...headers, ...variables].map((text) => renderText(text, env));
  // Of "Bearer abc" the second word alone is the secret, and is what a server repeats.
  const words = values.flatMap((value) => [value, ...value.split(/\s+/)]);
  const told = words.filter((word) => word.length >= secretCharactersMin && !/^bearer$/i.test(word));
  // Whatever Squall starts gets Squall's own variables too.
  const inherited = Object.entries(env).flatMap(([name, value = ""]) =>
    soundsSecret(name) && !isPlainWord.test(value) ? [value] : [],
  );
  return [...new Set([...told, ...inherited])];
}

/** A text without the secrets in it. */
export function maskedWith(secrets: readonly string[]): (text: string) => string {
  const longestFirst = secrets.toSorted((a, b) => b.length - a.length);
  return (text) => longestFirst.reduce((left, secret) => left.replaceAll(secret, "***"), text);
}

/** What a person is told quotes the last words of servers. */
export function maskedError(error: unknown, masked: (text: string) => string): unknown {
  if (!(error instanceof UserError)) return error;
  const { message, exitCode, cause } = error;
  const mistakes = error.mistakes.map((mistake) => ({
    ...mistake,
    says: masked(mistake.says),
    ...(mistake.hint === undefined ? {} : { hint: masked(mistake.hint) }),
  }));
  return new UserError(masked(message), { exitCode, mistakes, cause });
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
    // Nearly every event is as clean as it came, and need not be copied.
    return record(clean === undefined ? event : { ...event, ...clean });
  };
}

const othersWords = ["says", "because", "stderr", "failed", "path", "method", "tool", "key"] as const;
type OthersWord = (typeof othersWords)[number];
type SaidByOthers = { readonly type: string } & { readonly [word in OthersWord]?: unknown };
