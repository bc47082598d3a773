/** What of a scenario must not be seen, whether it is written there or comes out of the environment. */
import type { Mistake } from "../errors.ts";
import { partsIn, renderText, soundsSecret, type Part } from "./template.ts";

type Env = Readonly<Record<string, string | undefined>>;

// What people call their things while they try them out, such as a password "postgres", is in tools' names as well.
const isPlainWord = /^(?:.{0,7}|[a-z]+)$/i;
const schemeOfLogin = /^(?:bearer|basic|token)$/i;

/**
 * Of a scenario as it is written, right or wrong, or as it is resolved: values of headers, of identities, of variables
 * and arguments that sound secret; logins in URLs, wherever those stand. And our own variables that sound secret.
 */
export function secretsIn(scenario: unknown, env: Env): readonly string[] {
  const found = [...valuesIn(scenario, env)].flatMap((value) => [value, ...wordsOf(value)]);
  // Whatever Squall starts gets Squall's own variables too.
  const inherited = Object.entries(env).flatMap(([name, value = ""]) => {
    const logins = [...loginsIn(value)];
    return soundsSecret(name) && !isPlainWord.test(value) ? [value, ...logins] : logins;
  });
  return [...new Set([...found, ...inherited])].filter((value) => value !== "");
}

/** A document without what in it must not be seen. A value that is one `${…}` stays as it is written. */
export function withoutSecrets(node: unknown, at: readonly string[] = []): unknown {
  if (typeof node === "string") {
    if (isSecretAt(at) || at.at(-2) === "files") return /^\$\{(?!.*:-)[^}]+\}$/.test(node) ? node : "***";
    return node.replace(urls, (url) => {
      const [user = "", password] = loginOf(url)?.split(/:(.*)/s) ?? [];
      return password === undefined ? url : url.replace(`${user}:${password}@`, () => `${user}:***@`);
    });
  }
  if (Array.isArray(node)) {
    return node.map((child, index) => {
      const assigned =
        at.at(-1) === "command" && typeof child === "string" ? assignedIn(child).next().value : undefined;
      if (assigned !== undefined && typeof child === "string") return child.replace(assigned, "***");
      return withoutSecrets(child, [...at, keyOfElement(node, index)]);
    });
  }
  if (typeof node !== "object" || node === null) return node;
  return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, withoutSecrets(child, [...at, key])]));
}

/** Those that stand nowhere by chance: of a whole document no other may be masked, or its names would change. */
export function unmistakable(secrets: readonly string[]): readonly string[] {
  return secrets.filter((secret) => !isPlainWord.test(secret));
}

/** A mistake quotes what is wrong. */
export function maskedMistake(mistake: Mistake, mask: (text: string) => string): Mistake {
  const { says, hint } = mistake;
  return { ...mistake, says: mask(says), ...(hint === undefined ? {} : { hint: mask(hint) }) };
}

/** Of "Bearer abc" the second word alone is the secret, and is what a server repeats. A key in PEM has no such words. */
function wordsOf(value: string): string[] {
  if (value.includes("\n")) return [];
  return value.split(/\s+/).filter((word) => !schemeOfLogin.test(word));
}

/** Maps all of whose texts are secret. */
const secretMaps: ReadonlySet<string> = new Set(["headers", "bearer"]);
const secretKeys: ReadonlySet<string> = new Set(["clientSecret", "passphrase"]);
/** Maps of names that people choose: those that sound secret are. */
const namedMaps: ReadonlySet<string> = new Set(["env", "args"]);

function* valuesIn(node: unknown, env: Env, at: readonly string[] = []): Generator<string> {
  if (typeof node === "string") {
    // What a step saved, or chance makes, is known to nobody before the run.
    if (partsIn(node).some(({ part }) => part.is !== "text" && part.is !== "env" && !isOfTheRun(part))) return;
    const value = renderText(node, env);
    yield* loginsIn(value);
    if (isSecretAt(at)) yield value;
  } else if (Array.isArray(node)) {
    for (const [index, child] of node.entries()) {
      yield* valuesIn(child, env, [...at, keyOfElement(node, index)]);
      if (at.at(-1) === "command" && typeof child === "string") yield* assignedIn(renderText(child, env));
    }
  } else if (typeof node === "object" && node !== null) {
    for (const [key, child] of Object.entries(node)) yield* valuesIn(child, env, [...at, key]);
  }
}

/** What stands behind an option of a command is called like it. */
function keyOfElement(list: readonly unknown[], index: number): string {
  const before = list[index - 1];
  const isOption = typeof before === "string" && /^--?[a-z]/i.test(before) && !before.includes("=");
  return isOption ? before : String(index);
}

/** `${port}` of what is started, `${run}` of what is read back, and links are no secrets, and stand beside some. */
function isOfTheRun(part: Part): boolean {
  if (part.is === "link" || part.is === "file") return true;
  return part.is === "saved" && (part.name === "port" || part.name === "run");
}

function isSecretAt(at: readonly string[]): boolean {
  const key = at.at(-1) ?? "";
  if (secretKeys.has(key)) return true;
  // The name of a file that holds tokens is none, nor are keys that only say how.
  const isUnsaid = key !== "file" && key !== "is";
  if (at.some((step) => secretMaps.has(step))) return isUnsaid;
  if (at.at(-2) === "command") return soundsSecret(key);
  // Of an agent's own variables no name says that they are secret; that they are its own does.
  const own = at.findIndex((step) => step === "identity" || step === "identities");
  if (own !== -1 && at.includes("env", own)) return isUnsaid;
  const map = at.findIndex((step) => namedMaps.has(step));
  if (map === -1 || map === at.length - 1) return false;
  return isUnsaid && at.slice(map + 1).some(soundsSecret);
}

/** `--api-key=abc`, or `TOKEN=abc` for env(1). */
function* assignedIn(argument: string): Generator<string> {
  const [, name = "", value = ""] = /^([\w-]+)=(.+)$/s.exec(argument) ?? [];
  if (soundsSecret(name)) yield value;
}

const urls = /\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+/gi;

/** Of `postgres://user:password@host` what stands before the host. People forget to encode what they put there. */
function loginOf(url: string): string | undefined {
  const isEncoded = /^https?:/i.test(url) && URL.canParse(url);
  return (isEncoded ? /^[^/]+\/\/([^/?#@]*)@/ : /^[^/]+\/\/([^@]*)@/).exec(url)?.[1];
}

/** The passwords in URLs; those that are plain words only with what stands around them. */
function* loginsIn(text: string): Generator<string> {
  for (const [url] of text.matchAll(urls)) {
    const userAndPassword = loginOf(url) ?? "";
    const colon = userAndPassword.indexOf(":");
    const password = colon === -1 ? "" : userAndPassword.slice(colon + 1);
    if (password === "") continue;
    yield userAndPassword;
    const plain = decoded(password);
    // With a name before it, it is what a header of the scheme Basic holds.
    yield `${decoded(userAndPassword.slice(0, colon))}:${plain}`;
    if (isPlainWord.test(plain)) yield `:${password}@`;
    else yield* [password, plain];
  }
  for (const [, name = "", value = ""] of text.matchAll(/[?&]([\w-]+)=([^&#\s]+)/g)) {
    if (soundsSecret(name)) yield* [value, decoded(value)];
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
