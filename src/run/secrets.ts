/** Keeping secrets out of the history: a server may well say in an error what it was given in a header. */
import type { Stamp, Unstamped } from "../history/events.ts";
import type { Scenario } from "../scenario/resolve.ts";
import { renderText, soundsSecret } from "../scenario/template.ts";

// Shorter ones would mask half of every text, and are no secrets.
const secretCharactersMin = 6;

/** The values that must not be seen: of headers, and of variables that sound secret. */
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
  return [...new Set(words)].filter((word) => word.length >= secretCharactersMin && !/^bearer$/i.test(word));
}

/** The same recording, with every secret masked in what others have said; ids, kinds and figures are our own words. */
export function masking(record: (event: Unstamped) => Stamp, secrets: readonly string[]): (event: Unstamped) => Stamp {
  if (secrets.length === 0) return record;
  const longestFirst = secrets.toSorted((a, b) => b.length - a.length);
  const masked = (text: string): string => longestFirst.reduce((left, secret) => left.replaceAll(secret, "***"), text);
  return (event) => {
    const said: Record<string, string> = {};
    for (const [key, value] of Object.entries(event)) {
      if (othersWords.has(key) && typeof value === "string") said[key] = masked(value);
    }
    return record({ ...event, ...said });
  };
}

const othersWords = new Set(["says", "because", "stderr", "failed", "path", "method", "tool", "key"]);
