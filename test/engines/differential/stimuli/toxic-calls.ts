/** Toxics over the API. */
import {
  answers,
  asks,
  badBody,
  gone,
  proxyTo,
  refuses,
  toxic,
  toxicJson,
  type Json,
  type Stimulus,
} from "../stimulus.ts";

const toxics = "/proxies/p/toxics";
const adds = (body: object, sees: Json) => asks(`POST ${toxics}`, body, answers(200, sees));
const latency = (latency: number, jitter = 0, more = {}): Json => toxicJson("latency", { latency, jitter }, more);

export const toxicCalls: readonly Stimulus[] = [
  {
    name: "a toxic is added, shown, listed and removed",
    steps: [
      proxyTo(),
      adds({ type: "latency", attributes: { latency: 5, colour: "red" } }, latency(5)),
      asks(`GET ${toxics}/latency_downstream`, undefined, answers(200, latency(5))),
      asks(`GET ${toxics}`, undefined, answers(200, [latency(5)])),
      asks(`DELETE ${toxics}/latency_downstream`, undefined, gone),
      asks(`DELETE ${toxics}/latency_downstream`, undefined, refuses(404, "toxic not found")),
      asks(`GET ${toxics}/latency_downstream`, undefined, refuses(404, "toxic not found")),
      asks(`PATCH ${toxics}/latency_downstream`, "{", refuses(404, "toxic not found")),
      asks(`GET ${toxics}`, undefined, answers(200, [])),
    ],
  },
  {
    name: "each kind of toxic has its attributes, all 0",
    steps: [
      proxyTo(),
      adds({ type: "latency" }, latency(0)),
      adds({ type: "timeout" }, toxicJson("timeout", { timeout: 0 })),
      adds({ type: "reset_peer" }, toxicJson("reset_peer", { timeout: 0 })),
    ],
  },
  {
    name: "a toxic's stream is kept as it was written, in its name too",
    steps: [
      proxyTo(),
      adds(
        { type: "timeout", stream: "Upstream" },
        toxicJson("timeout", { timeout: 0 }, { name: "timeout_Upstream", stream: "Upstream" }),
      ),
      adds(
        { type: "timeout", stream: "DOWNSTREAM" },
        toxicJson("timeout", { timeout: 0 }, { name: "timeout_DOWNSTREAM", stream: "DOWNSTREAM" }),
      ),
    ],
  },
  {
    name: "the list has the upstream chain first, each in the order of addition",
    steps: [
      proxyTo(),
      toxic("latency", {}, { name: "d1" }),
      toxic("latency", {}, { name: "u1", stream: "upstream" }),
      toxic("latency", {}, { name: "d2" }),
      toxic("latency", {}, { name: "u2", stream: "upstream" }),
      asks(
        `GET ${toxics}`,
        undefined,
        answers(200, [
          latency(0, 0, { name: "u1", stream: "upstream" }),
          latency(0, 0, { name: "u2", stream: "upstream" }),
          latency(0, 0, { name: "d1" }),
          latency(0, 0, { name: "d2" }),
        ]),
      ),
    ],
  },
  {
    name: "a toxic's name is taken once in a proxy, whatever its stream",
    steps: [
      proxyTo(),
      toxic("latency", {}, { name: "t" }),
      asks(`POST ${toxics}`, { type: "timeout", name: "t", stream: "upstream" }, refuses(409, "toxic already exists")),
      toxic("latency", {}),
      asks(`POST ${toxics}`, { type: "latency" }, refuses(409, "toxic already exists")),
      adds({ type: "latency", stream: "upstream" }, latency(0, 0, { name: "latency_upstream", stream: "upstream" })),
    ],
  },
  {
    name: "types and streams that there are not are refused",
    steps: [
      proxyTo(),
      asks(`POST ${toxics}`, {}, refuses(400, "invalid toxic type")),
      asks(`POST ${toxics}`, { type: "down" }, refuses(400, "invalid toxic type")),
      asks(`POST ${toxics}`, { type: "Latency" }, refuses(400, "invalid toxic type")),
      asks(
        `POST ${toxics}`,
        { type: "latency", stream: "" },
        refuses(400, "stream was invalid, can be either upstream or downstream"),
      ),
      asks(
        `POST ${toxics}`,
        { type: "nothing", stream: "sideways" },
        refuses(400, "stream was invalid, can be either upstream or downstream"),
      ),
      asks(`GET ${toxics}`, undefined, answers(200, [])),
    ],
  },
  {
    name: "attributes that are no whole numbers are refused",
    steps: [
      proxyTo(),
      asks(`POST ${toxics}`, "", refuses(400, "bad request body: EOF")),
      asks(`POST ${toxics}`, { type: "latency", attributes: { latency: 0.5 } }, badBody),
      asks(`POST ${toxics}`, { type: "latency", attributes: { latency: "5" } }, badBody),
      asks(`POST ${toxics}`, { type: "latency", attributes: [] }, badBody),
      asks(`POST ${toxics}`, { type: "latency", toxicity: "all" }, badBody),
      asks(`GET ${toxics}`, undefined, answers(200, [])),
    ],
  },
  {
    name: "an update changes attributes and toxicity only, and keeps what it does not name",
    steps: [
      proxyTo(),
      toxic("latency", { latency: 5, jitter: 1 }, { name: "t" }),
      asks(
        `PATCH ${toxics}/t`,
        { toxicity: 0.5, attributes: { jitter: 2 }, name: "n", type: "timeout", stream: "upstream" },
        answers(200, latency(5, 2, { name: "t", toxicity: 0.5 })),
      ),
      asks(`POST ${toxics}/t`, {}, answers(200, latency(5, 2, { name: "t", toxicity: 0.5 }))),
      asks(`PATCH ${toxics}/t`, { toxicity: 0 }, answers(200, latency(5, 2, { name: "t", toxicity: 0 }))),
      asks(
        `PATCH ${toxics}/t`,
        { attributes: { LATENCY: 7 } },
        answers(200, latency(7, 2, { name: "t", toxicity: 0 })),
      ),
    ],
  },
  {
    name: "a toxicity of many digits is kept",
    steps: [
      proxyTo(),
      adds({ type: "latency", toxicity: 0.1 }, latency(0, 0, { toxicity: 0.1 })),
      adds({ type: "latency", name: "t", toxicity: 0.123456789 }, latency(0, 0, { name: "t", toxicity: 0.123456789 })),
    ],
  },
  {
    name: "a refused update changes nothing",
    steps: [
      proxyTo(),
      toxic("latency", { latency: 5 }, { name: "t" }),
      asks(`PATCH ${toxics}/t`, '{"attributes":{"latency":9,"jitter":"x"}}', badBody),
      asks(`GET ${toxics}/t`, undefined, answers(200, latency(5, 0, { name: "t" }))),
    ],
  },
  {
    name: "numbers out of bounds",
    steps: [
      proxyTo(),
      asks(`POST ${toxics}`, { type: "latency", name: "a", attributes: { latency: -5 } }, badBody),
      asks(`POST ${toxics}`, { type: "latency", name: "b", toxicity: 7 }, badBody),
      asks(`POST ${toxics}`, { type: "latency", name: "c", toxicity: -0.5 }, badBody),
      asks(`POST ${toxics}`, { type: "timeout", name: "d", attributes: { timeout: -1 } }, badBody),
    ],
  },
];
