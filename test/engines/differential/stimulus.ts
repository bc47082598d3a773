/**
 * A stimulus: what is done to an engine, step by step, and what is to be seen. A pure description; the runner plays it.
 *
 * Every stimulus has an engine without proxies to itself. A server or proxy named `p` is spoken of as `127.0.0.1:{p}` in
 * bodies and answers, whatever its port; a proxy that came to another port is `{p'}`, then `{p''}`.
 * The client's end of a connection `a` is `a`, the server's is `a.server`.
 */
export interface Stimulus {
  readonly name: string;
  /** Beside `echo`, which every stimulus has. */
  readonly servers?: Readonly<Record<string, ServerKind>>;
  readonly steps: readonly Step[];
  /** It moves many bytes or counts on precise times, so nothing else is played beside it. */
  readonly alone?: true;
  /** Why a machine that is very late can make the exact part another one; it is then played again. */
  readonly races?: string;
}

export type ServerKind =
  | "echo"
  /** Reads, and says nothing. */
  | "sink"
  /** Nothing listens there. */
  | "closed"
  | { readonly says: Data; readonly after: "stays" | "ends" }
  /** Writes as long as somebody takes it, up to so many bytes. */
  | { readonly floods: number };

/** A text, or so many bytes of a counter, in which every loss and every swap shows. */
export type Data = string | { readonly counted: number };

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface Bounds {
  readonly atLeast: number;
  /** Kept also by a machine under load, at least once in a few times. */
  readonly atMost: number;
  /** The engines are compared with each other within 10 ms + 5 %, too. */
  readonly alike: boolean;
  /** The mark from which the time counts, instead of the track's latest action. */
  readonly since?: string;
}

export interface ServerAnswer {
  readonly status: number;
  readonly type: string | null;
  /** Which of the headers are there that a client may go by. */
  readonly marks: string;
  readonly body: Json;
}

export type Step =
  | {
      readonly do: "ask";
      readonly line: string;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
      /** Absent: it only has to work. */
      readonly sees?: ServerAnswer;
      readonly took?: Bounds;
    }
  | { readonly do: "open"; readonly end: string; readonly proxy: string; readonly server: string | undefined }
  | { readonly do: "isRefused"; readonly proxy: string; readonly sees: boolean }
  | { readonly do: "send"; readonly end: string; readonly data: Data }
  | { readonly do: "finish" | "break" | "pause" | "resume"; readonly end: string }
  | { readonly do: "gets"; readonly end: string; readonly bytes: number; readonly took?: Bounds }
  | { readonly do: "ends"; readonly end: string; readonly sees: Ending; readonly took?: Bounds }
  | { readonly do: "stays"; readonly end: string; readonly ms: number; readonly bytes: number }
  | { readonly do: "received"; readonly end: string; readonly data: readonly Data[] }
  | { readonly do: "pieces"; readonly end: string; readonly bounds: Bounds }
  | { readonly do: "settles"; readonly end: string; readonly bounds: Bounds }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "mark"; readonly name: string }
  | { readonly do: "together"; readonly tracks: readonly (readonly Step[])[] }
  | Tries;

export type Ending = "fin" | "rst" | "either";

/** Connections, each played through; how many of them saw the last answer, of which the share is known. */
export interface Tries {
  readonly do: "tries";
  readonly proxy: string;
  readonly connections: number;
  /** After each of these calls, every connection that lives sends a byte, and gets it back or is closed. */
  readonly rounds: readonly { readonly line: string; readonly body?: unknown; readonly share: number }[];
}

// --- the words of the API ---

export const asks = (line: string, body?: unknown, sees?: ServerAnswer): Extract<Step, { readonly do: "ask" }> => ({
  do: "ask",
  line,
  ...(body === undefined ? {} : { body }),
  ...(sees === undefined ? {} : { sees }),
});
export const answers = (status: number, body: Json): ServerAnswer => ({
  status,
  type: "application/json",
  marks: "id",
  body,
});
export const gone: ServerAnswer = { status: 204, type: null, marks: "id", body: "" };
export const refuses = (status: number, error: string): ServerAnswer => ({
  status,
  type: "text/plain; charset=utf-8",
  marks: "id nosniff",
  body: { error, status },
});
/** What is wrong with a body is told in the words of whoever reads the JSON. */
export const badBody = refuses(400, "bad request body: …");

export const proxyJson = (name: string, more: { readonly [key: string]: Json } = {}): Json => ({
  name,
  listen: `127.0.0.1:{${name}}`,
  upstream: "127.0.0.1:{echo}",
  enabled: true,
  toxics: [],
  ...more,
});
export const toxicJson = (type: string, attributes: Json, more: { readonly [key: string]: Json } = {}): Json => ({
  attributes,
  name: `${type}_downstream`,
  type,
  stream: "downstream",
  toxicity: 1,
  ...more,
});
/** A body that makes a proxy, named as it is made. */
export const toMake = (name: string, more: object = {}): object => ({
  name,
  listen: "127.0.0.1:0",
  upstream: "127.0.0.1:{echo}",
  ...more,
});
/** A proxy to this server, its making not looked at. */
export const proxyTo = (server = "echo", name = "p"): Step =>
  asks("POST /proxies", toMake(name, { upstream: `127.0.0.1:{${server}}` }));

export interface ToxicMore {
  readonly name?: string;
  readonly stream?: string;
  readonly toxicity?: number;
}
export const toxic = (type: string, attributes: object, more: ToxicMore = {}): Step =>
  asks("POST /proxies/p/toxics", { type, attributes, ...more });
export const change = (name: string, body: object): Step => asks(`PATCH /proxies/p/toxics/${name}`, body);
export const remove = (name: string): Extract<Step, { readonly do: "ask" }> => asks(`DELETE /proxies/p/toxics/${name}`);

// --- the words of the traffic ---

/** Opens a connection and waits until the server behind has it. */
export const open = (end: string, { proxy = "p", server = "echo" } = {}): Step => ({ do: "open", end, proxy, server });
/** Opens a connection that its proxy cannot or need not pass on. */
export const openOnly = (end: string, proxy = "p"): Step => ({ do: "open", end, proxy, server: undefined });
export const send = (end: string, data: Data): Step => ({ do: "send", end, data });
export const finish = (end: string): Step => ({ do: "finish", end });
export const reset = (end: string): Step => ({ do: "break", end });
export const pause = (end: string): Step => ({ do: "pause", end });
export const resume = (end: string): Step => ({ do: "resume", end });
export const wait = (ms: number): Step => ({ do: "wait", ms });
export const mark = (name: string): Step => ({ do: "mark", name });
export const together = (...tracks: readonly (readonly Step[])[]): Step => ({ do: "together", tracks });
export const gets = (end: string, bytes: number, took?: Bounds): Step => ({
  do: "gets",
  end,
  bytes,
  ...(took === undefined ? {} : { took }),
});
export const ends = (end: string, sees: Ending, took?: Bounds): Step => ({
  do: "ends",
  end,
  sees,
  ...(took === undefined ? {} : { took }),
});
/** For so long nothing ends it, and it has so many bytes afterwards. */
export const stays = (end: string, ms: number, bytes: number): Step => ({ do: "stays", end, ms, bytes });
export const received = (end: string, ...data: readonly Data[]): Step => ({ do: "received", end, data });
export const isRefused = (proxy: string, sees = true): Step => ({ do: "isRefused", proxy, sees });
/** In how many pieces the data came. */
export const pieces = (end: string, bounds: Bounds): Step => ({ do: "pieces", end, bounds });
/** Waits until the server can write no more; how many bytes it could. */
export const settles = (end: string, bounds: Bounds): Step => ({ do: "settles", end, bounds });
export const counted = (bytes: number): Data => ({ counted: bytes });
export const bytesOf = (data: Data): number => (typeof data === "string" ? Buffer.byteLength(data) : data.counted);
export const repeat = (count: number, steps: (nth: number) => readonly Step[]): readonly Step[] =>
  Array.from({ length: count }, (_, nth) => steps(nth)).flat();

/** Not before these ms, and hardly later; the engines alike. */
export const after = (ms: number, since?: string): Bounds => between(ms, 2 * ms + 100, since);
export const between = (atLeast: number, atMost: number, since?: string): Bounds => ({
  atLeast,
  atMost,
  alike: true,
  ...(since === undefined ? {} : { since }),
});
/** Without waiting for anything. */
export const soon: Bounds = { atLeast: 0, atMost: 1000, alike: false };
export const roughly = (atLeast: number, atMost: number): Bounds => ({ atLeast, atMost, alike: false });
