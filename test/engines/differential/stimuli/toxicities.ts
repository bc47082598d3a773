/** Chance: which connections a toxic acts on, and when that is drawn anew. */
import { asks, gets, open, proxyTo, send, stays, toxic, change, ends, soon, type Stimulus } from "../stimulus.ts";

const nothing = { line: "GET /version" };
const update = (name: string, body: object = {}) => ({ line: `PATCH /proxies/p/toxics/${name}`, body });
const another = { line: "POST /proxies/p/toxics", body: { type: "latency", name: "after" } };

export const toxicities: readonly Stimulus[] = [
  {
    name: "a toxicity of 0 touches nothing, until it is 1",
    steps: [
      proxyTo(),
      toxic("timeout", { timeout: 1 }, { name: "t", toxicity: 0 }),
      open("a"),
      send("a", "x"),
      gets("a", 1),
      stays("a", 100, 1),
      change("t", { toxicity: 1 }),
      ends("a", "fin", soon),
    ],
  },
  {
    name: "a toxicity of a half hits half of the connections, and each for good",
    steps: [
      proxyTo(),
      toxic("timeout", { timeout: 1 }, { name: "t", toxicity: 0.5 }),
      {
        do: "tries",
        proxy: "p",
        connections: 60,
        rounds: [
          { ...nothing, share: 0.5 },
          { ...nothing, share: 0 },
          { ...nothing, share: 0 },
        ],
      },
    ],
  },
  {
    name: "a toxicity of a tenth hits a tenth of the connections",
    steps: [
      proxyTo(),
      toxic("timeout", { timeout: 1 }, { name: "t", toxicity: 0.1, stream: "upstream" }),
      { do: "tries", proxy: "p", connections: 80, rounds: [{ ...nothing, share: 0.1 }] },
    ],
  },
  {
    name: "any update of a toxic draws anew",
    steps: [
      proxyTo(),
      toxic("timeout", { timeout: 1 }, { name: "t", toxicity: 0.3 }),
      {
        do: "tries",
        proxy: "p",
        connections: 80,
        rounds: [
          { ...nothing, share: 0.3 },
          { ...update("t"), share: 0.3 },
          { ...update("t", { attributes: { timeout: 2 } }), share: 0.3 },
        ],
      },
    ],
  },
  {
    name: "a toxic that comes after does not draw anew",
    steps: [
      proxyTo(),
      toxic("timeout", { timeout: 1 }, { name: "t", toxicity: 0.3 }),
      {
        do: "tries",
        proxy: "p",
        connections: 80,
        rounds: [
          { ...nothing, share: 0.3 },
          { ...another, share: 0 },
        ],
      },
    ],
  },
  {
    name: "the streams draw each for itself",
    steps: [
      proxyTo(),
      asks("POST /proxies/p/toxics", { type: "timeout", attributes: { timeout: 1 }, toxicity: 0.5 }),
      asks("POST /proxies/p/toxics", {
        type: "timeout",
        attributes: { timeout: 1 },
        toxicity: 0.5,
        stream: "upstream",
      }),
      { do: "tries", proxy: "p", connections: 80, rounds: [{ ...nothing, share: 0.75 }] },
    ],
  },
];
