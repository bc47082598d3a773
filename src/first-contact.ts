/**
 * The ways in which first contact with a server fails, each with its likely cause and what to do next. One table for
 * whoever meets a server: comes in what was seen, goes out what a person makes of it.
 */

/** What one look at an address saw. */
export type Seen =
  | {
      readonly is: "answer";
      readonly status: number;
      readonly body: BodyKind;
      /** The first words of the body, where they are no markup. */
      readonly words?: string;
      /** The scheme that its WWW-Authenticate header asks for, in lower case. */
      readonly asksFor?: string;
      /** Where it is that a redirect leads. */
      readonly leadsTo?: string;
      /** A header names a protocol to upgrade to. */
      readonly upgrade?: string;
    }
  /** The system's code, or what else is known; `speaksTls` where a handshake there does well. */
  | { readonly is: "silence"; readonly code: string; readonly speaksTls?: boolean }
  /** Something answers, but not in HTTP. */
  | { readonly is: "not-http"; readonly words?: string };

export type BodyKind = "empty" | "web-page" | "json-rpc" | "json" | "event-stream" | "text";

/** Where else at the same host an MCP server was found. */
export interface Elsewhere {
  readonly url: string;
  readonly speaks: "streamable-http" | "http-sse";
}

export interface Cause {
  readonly says: string;
  /** The next step, a command where there is one. */
  readonly hint: string;
}

/** Undefined where nothing is wrong, or nothing more is known than that. */
export function causeOf(seen: Seen, at: { readonly url: string; readonly elsewhere?: Elsewhere }): Cause | undefined {
  const { elsewhere } = at;
  switch (seen.is) {
    case "silence":
      return causeOfSilence(seen, at.url);
    case "not-http":
      return {
        says: `what listens there does not speak HTTP${quoted(seen.words)}`,
        hint: "is it the port of another service? Give the url of the MCP server itself",
      };
    case "answer": {
      const found = elsewhere === undefined ? undefined : foundAt(elsewhere);
      const cause = causeOfStatus(seen, at.url) ?? causeOfBody(seen, at.url);
      return cause === undefined || found === undefined || isAboutLogin(seen) ? cause : { ...cause, hint: found };
    }
    default:
      return seen satisfies never;
  }
}

function foundAt({ url, speaks }: Elsewhere): string {
  return speaks === "streamable-http"
    ? `an MCP server answers at ${url}: say url: ${url}`
    : `an MCP server of the older kind (HTTP+SSE, 2024-11-05) answers at ${url}`;
}

const isAboutLogin = ({ status }: { readonly status: number }): boolean => [401, 403, 407].includes(status);

type Answer = Extract<Seen, { readonly is: "answer" }>;

function causeOfStatus({ status, body, words, asksFor, leadsTo, upgrade }: Answer, url: string): Cause | undefined {
  if (status === 401) return wantsLogin(asksFor);
  if (status === 403) {
    return {
      says: `it knows who asks and refuses, or it refuses whoever comes by this host name${quoted(words)}`,
      hint: "give a token that may do this; a server that guards against DNS rebinding wants its own name in the url",
    };
  }
  if (status === 407) return { says: "a proxy on the way wants a login", hint: "give the server's own address" };
  if (status >= 300 && status <= 399) {
    return {
      says: `it sends callers elsewhere (HTTP ${status}${leadsTo === undefined ? "" : ` to ${leadsTo}`}), and Squall follows no redirect: your headers would go with it`,
      hint: leadsTo === undefined ? `see where: curl -i ${url}` : `if that is the server you mean, say url: ${leadsTo}`,
    };
  }
  if (upgrade !== undefined || status === 426) {
    return {
      says: `it wants another protocol (upgrade: ${upgrade ?? "unnamed"}), as a WebSocket server does; MCP goes over HTTP or stdio`,
      hint: "give the url of its MCP endpoint, or start it over stdio",
    };
  }
  if (status === 404 || status === 405) {
    const what = status === 404 ? "nothing is at this path" : "nothing takes a POST at this path, as MCP needs";
    return {
      says: `${what}${body === "web-page" ? ": a web server answers" : ""}`,
      hint: `see the server's documentation for its path, often /mcp: curl -i ${url}`,
    };
  }
  if (status === 429)
    return { says: "it turns callers away: too many requests", hint: "wait, or raise its limit for this machine" };
  if (status === 502 || status === 504) {
    return {
      says: "a gateway answers, and the server behind it does not",
      hint: "start the server behind it, or give its own address",
    };
  }
  if (status === 503)
    return { says: `it is not ready, or has no room${quoted(words)}`, hint: "wait until it is up, then try again" };
  if (status >= 500) {
    return {
      says: `it broke inside when it was greeted (HTTP ${status})${quoted(words)}`,
      hint: "see the server's own log for the reason",
    };
  }
  if (status >= 400) {
    const says = `it does not take the greeting of MCP (HTTP ${status})${quoted(words)}`;
    return { says, hint: `is this its MCP endpoint? See what it says: curl -i ${url}` };
  }
  return undefined;
}

function wantsLogin(asksFor: string | undefined): Cause {
  const hint = 'headers: { authorization: "Bearer ${env.TOKEN}" } beside its url, then: TOKEN=… squall run …';
  if (asksFor === undefined)
    return { says: "it wants a login, and does not say which", hint: `see its documentation; often ${hint}` };
  if (asksFor === "bearer")
    return { says: "it wants a token (WWW-Authenticate: Bearer), and got none that it takes", hint };
  if (asksFor === "basic") {
    const basic = 'headers: { authorization: "Basic ${env.LOGIN}" }, LOGIN being the base64 of user:password';
    return { says: "it wants a user and password (WWW-Authenticate: Basic)", hint: basic };
  }
  return { says: `it wants a login by the scheme ${asksFor}`, hint: "give what it asks for in headers beside its url" };
}

/** What a good status comes with, where that is no MCP. */
function causeOfBody({ body, words }: Answer, url: string): Cause | undefined {
  switch (body) {
    case "web-page":
      return {
        says: "it answers with a web page",
        hint: `its MCP endpoint is at another path, often /mcp: curl -i ${url}`,
      };
    case "json":
      return {
        says: `it answers with JSON that is no JSON-RPC, as a REST API does${quoted(words)}`,
        hint: "give the url of its MCP endpoint; an API without one needs an MCP server before it",
      };
    case "text":
      return { says: `it answers with text${quoted(words)}`, hint: "give the url of its MCP endpoint, often at /mcp" };
    case "empty":
      return { says: "it answers with nothing", hint: "give the url of its MCP endpoint, often at /mcp" };
    case "event-stream":
    case "json-rpc":
      return undefined;
    default:
      return body satisfies never;
  }
}

function causeOfSilence(
  { code, speaksTls }: Extract<Seen, { readonly is: "silence" }>,
  url: string,
): Cause | undefined {
  if (speaksTls === true) {
    return { says: "it speaks TLS, and was spoken to without", hint: `say ${url.replace(/^http:/, "https:")}` };
  }
  const known = silences.find(({ codes }) => codes.test(code));
  return known && { says: known.says, hint: known.hint(url) };
}

const portOf = (url: string): string => {
  const { port, protocol } = new URL(url);
  return port !== "" ? port : protocol === "https:" ? "443" : "80";
};

const silences: readonly { readonly codes: RegExp; readonly says: string; readonly hint: (url: string) => string }[] = [
  {
    codes: /^ECONNREFUSED$/,
    says: "nothing listens on this port",
    hint: (url) => `start the server; what listens there: ss -ltnp 'sport = :${portOf(url)}'`,
  },
  {
    codes: /^(?:ENOTFOUND|EAI_AGAIN)$/,
    says: "its host has no address",
    hint: (url) => `is it spelled right? getent hosts ${new URL(url).hostname}`,
  },
  {
    codes: /^(?:EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|ETIMEDOUT)$|^no connection in time$/,
    says: "no connection reaches it: it is down, or a firewall drops what is sent",
    hint: (url) => `try from here: curl -v --max-time 5 ${url}`,
  },
  {
    codes: /^connected, but no answer$/,
    says: "it takes connections and answers nothing: it hangs, or speaks no HTTP",
    hint: (url) => `see what it does: curl -v --max-time 5 ${url}`,
  },
  {
    codes: /^(?:ECONNRESET|EPIPE)$|socket hang up/,
    says: "it closes the connection without an answer",
    hint: (url) => `see the server's own log, and: curl -v ${url}`,
  },
  {
    codes: /^HPE_/,
    says: "what listens there does not speak HTTP",
    hint: () => "is it the port of another service? Give the url of the MCP server itself",
  },
];

/** It speaks MCP, and there is nothing to call. */
export function causeOfNoTools(wanted: string): Cause {
  return {
    says: `it lists no tool at all, so ${wanted} cannot be called`,
    hint: "does it need a setting or a login to show its tools? List them by hand: npx @modelcontextprotocol/inspector",
  };
}

const wordsMax = 80;

/** A server's words as a part of a sentence: one line, and short. */
export function quoted(words: string | undefined): string {
  const line = words?.replace(/[\s\p{Cc}]+/gu, " ").trim() ?? "";
  if (line === "") return "";
  return `: “${line.length > wordsMax ? `${line.slice(0, wordsMax - 1)}…` : line}”`.toWellFormed();
}
