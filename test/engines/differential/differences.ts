/**
 * Where the embedded engine differs from Toxiproxy on purpose, each with its reason. The comparison goes by it, and
 * docs/toxiproxy.md is written from it.
 */
import type { Expectation } from "./observation.ts";
import type { Json } from "./stimulus.ts";
import { answers, proxyJson, toxicJson } from "./stimulus.ts";

export interface Difference {
  readonly what: string;
  readonly embedded: string;
  readonly real: string;
  readonly why: string;
  /** What the real one shows instead, by stimulus; absent where trying it would kill or block the real one. */
  readonly shows?: Readonly<Record<string, Partial<Expectation>>>;
  /** These words of answers count as the same. */
  readonly overlooks?: RegExp;
}

const latencyOf = (latency: number, more = {}): Json => toxicJson("latency", { latency, jitter: 0 }, more);
const accepted = (toxic: Json): Json => ({ ...answers(200, toxic) });
const addToxic = "POST /proxies/p/toxics";

export const differences: readonly Difference[] = [
  {
    what: "What is wrong with a body",
    embedded: "says it in its own words, and names the place, after `bad request body: `",
    real: "passes on the words of Go's JSON decoder",
    why: "Nobody should build on the words of a parser.",
    overlooks: /^(bad request body: )(?!EOF$).*$/s,
  },
  {
    what: "Numbers out of bounds (negative ones, a toxicity below 0 or above 1)",
    embedded: "refuses them with 400",
    real: "takes them, and does nothing, or whatever comes of it",
    why: "A fault that cannot act must not count as injected.",
    shows: {
      "numbers out of bounds": {
        exact: {
          [addToxic]: accepted(latencyOf(-5, { name: "a" })),
          [`${addToxic} (2)`]: accepted(latencyOf(0, { name: "b", toxicity: 7 })),
          [`${addToxic} (3)`]: accepted(latencyOf(0, { name: "c", toxicity: -0.5 })),
          [`${addToxic} (4)`]: accepted(toxicJson("timeout", { timeout: -1 }, { name: "d" })),
        },
      },
    },
  },
  {
    what: "A bandwidth below 0, a slicer without a size, or with a variation above it",
    embedded: "is refused with 400",
    real: "is taken, and the server dies at the next data",
    why: "Nobody asks for that.",
    shows: {
      "what would end the real server is refused": {
        exact: {
          [addToxic]: accepted(toxicJson("bandwidth", { rate: -1 })),
          [`${addToxic} (2)`]: accepted(toxicJson("slicer", { average_size: 0, size_variation: 0, delay: 0 })),
          [`${addToxic} (3)`]: accepted(
            toxicJson("slicer", { average_size: 100, size_variation: 400, delay: 0 }, { name: "s" }),
          ),
        },
      },
    },
  },
  {
    what: "An update that is refused",
    embedded: "changes nothing",
    real: "has already changed what stood before the fault in the body",
    why: "An answer of 400 must mean that nothing happened.",
    shows: {
      "a refused update changes nothing": {
        exact: { "GET /proxies/p/toxics/t": { ...answers(200, latencyOf(9, { name: "t" })) } },
      },
    },
  },
  {
    what: "A toxicity of many digits",
    embedded: "is kept and shown as it was given",
    real: "is rounded to 32 bits",
    why: "It makes no difference to the draw, and what was asked for is what is shown.",
    shows: {
      "a toxicity of many digits is kept": {
        exact: { [`${addToxic} (2)`]: accepted(latencyOf(0, { name: "t", toxicity: 0.12345679 })) },
      },
    },
  },
  {
    what: "The removal of a reset_peer that waits",
    embedded: "is answered at once, and what it held arrives",
    real: "is answered once the timeout is over, and the reset happens all the same",
    why: "Healing a fault must not wait for the fault.",
    shows: {
      "reset_peer that waits is removed: the API answers at once, and the data arrives": {
        exact: { "a gets": { closed: 0 } },
        measures: {
          "DELETE /proxies/p/toxics/reset_peer_upstream": { atLeast: 900, atMost: 3000, alike: false },
        },
      },
    },
  },
  {
    what: "A toxic that is added or removed right after another on the same stream",
    embedded: "leaves the other's draws as they are",
    real: "makes the other draw anew on every connection",
    why: "The other toxic was not touched; an accident of how the real chain is rebuilt.",
    shows: { "a toxic that comes after does not draw anew": { shares: { "tries 1": 0.3 } } },
  },
  {
    what: "The removal of a latency while a client does not read",
    embedded: "is answered at once, and nothing is lost",
    real: "is not answered, nor is any other call about its proxies, until the client is gone or longer",
    why: "A harness that heals a fault must get on.",
    shows: {
      "a latency is removed at once also while the client does not read": {
        exact: { "DELETE /proxies/p/toxics/latency_downstream": "no answer" },
      },
    },
  },
  {
    what: "A toxic that is added after two before it were removed while a connection waited for its end",
    embedded: "is added",
    real: "ends the server, which loses count of the toxics on that connection",
    why: "Faults come and go under connections that come and go.",
    shows: {
      "toxics come and go while a connection waits for its end": {
        exact: { "POST /proxies/p/toxics (3)": "no answer" },
      },
    },
  },
  {
    what: "A body of more than 1 MiB",
    embedded: "is refused with 400",
    real: "is read",
    why: "Everything has a limit, and no client sends as much.",
    shows: {
      "a body of more than a mebibyte is refused": {
        exact: { "POST /proxies": { ...answers(201, proxyJson("p")) } },
      },
    },
  },
  {
    what: "A path with two slashes in a row",
    embedded: "is not found",
    real: "is redirected to the path with one, which makes a GET of a POST",
    why: "A client that wrote `http://host:8474/` for `http://host:8474` is told so, and does not take a list for a new proxy.",
    shows: {
      "a path with two slashes in a row is not found": {
        exact: {
          "POST //proxies": { status: 301, type: null, marks: "", body: "" },
        },
      },
    },
  },
  {
    what: "An upstream that never answers the dial",
    embedded: "is given up after 10 s, and holds up nobody else",
    real: "is waited for without limit, by later clients of the proxy and by the calls that stop it (503 after 25 s)",
    why: "Healing and ending a run must not wait for a broken upstream.",
  },
  {
    what: "A slicer's delay below 1 ms",
    embedded: "is more than 1 ms a piece (64 pieces with 10 µs take about 75 ms)",
    real: "is about 0.1 ms a piece (about 6 ms)",
    why: "Timers of Node wait no less than a millisecond; the bytes are the same.",
  },
  {
    what: "Chance (jitter, toxicity, the slicer's cuts)",
    embedded: "repeats for the same seed, proxy, connection and toxic",
    real: "never repeats: the server makes a generator of `-seed` and does not use it",
    why: "A run must be repeatable.",
  },
  {
    what: "`/version`",
    embedded: "says `2.12.0+squall`",
    real: "says its own",
    why: "A history must tell which engine it was.",
  },
];

/** docs/toxiproxy.md. */
export function differencesPage(): string {
  const rows = differences.map(({ what, embedded, real, why, shows, overlooks }) => {
    const played = shows === undefined && overlooks === undefined ? "no" : "yes";
    return `| ${what} | ${embedded} | ${real} | ${why} | ${played} |`;
  });
  return [
    "# The embedded engine and Toxiproxy",
    "",
    "The embedded engine answers Toxiproxy's API and does to the bytes what Toxiproxy 2.12 does. A suite plays the same",
    "calls and the same traffic to both and compares what is answered, what arrives at each end, how connections end and",
    "how long it all takes (`test/engines/differential/`). What differs, differs on purpose:",
    "",
    "<!-- A test compares this page with test/engines/differential/differences.ts, and `vitest -u` writes it. -->",
    "",
    "| what | the embedded engine | Toxiproxy | why | seen by the suite |",
    "|---|---|---|---|---|",
    ...rows,
    "",
    "Where the suite does not try it, trying would block or end the real server, or what is seen is the machine's.",
    "",
  ].join("\n");
}

/** The same answer in the words that both have. */
export function sameWords(value: Json): Json {
  if (typeof value === "string") {
    return differences.reduce(
      (text, { overlooks }) => (overlooks === undefined ? text : text.replace(overlooks, "$1…")),
      value,
    );
  }
  if (Array.isArray(value)) return value.map(sameWords);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, sameWords(inner)]));
}

export function realShows(stimulus: string): Partial<Expectation> {
  const found = differences.flatMap(({ shows }) => shows?.[stimulus] ?? []);
  return {
    exact: Object.assign({}, ...found.map(({ exact }) => exact)),
    measures: Object.assign({}, ...found.map(({ measures }) => measures)),
    shares: Object.assign({}, ...found.map(({ shares }) => shares)),
  };
}
