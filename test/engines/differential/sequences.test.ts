/** Calls and traffic in any order: every answer is the model's, and no byte is lost or swapped. */
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { lateIn, wrongIn } from "./compare.ts";
import { openFleet, references, subject, type Fleet } from "./engines.ts";
import { attributesOf, Model, type ModelToxic, type NamedSettings } from "./model.ts";
import { expectationOf } from "./observation.ts";
import { play } from "./runner.ts";
import {
  asks,
  bytesOf,
  change,
  counted,
  gets,
  open,
  proxyTo,
  received,
  remove,
  send,
  toxic,
  wait,
  type Step,
  type Stimulus,
} from "./stimulus.ts";

const fleets = [subject, ...references].map((engine) => ({ ...engine, fleet: openFleet(engine) }));
afterAll(async () => {
  await Promise.all(fleets.map(({ fleet }) => fleet.stop()));
});

/** The port that one proxy gave back may come to another in between: a true difference shows again. */
async function wrongOn(fleet: Fleet, stimulus: Stimulus): Promise<readonly string[]> {
  const expected = expectationOf(stimulus);
  let wrong: readonly string[] = [];
  for (let plays = 0; plays < 3; plays += 1) {
    const seen = await fleet.lend((url) => play(stimulus, url));
    wrong = [...wrongIn(expected, seen), ...lateIn(expected, seen.measures)];
    if (wrong.length === 0) break;
  }
  return wrong;
}

type Call = (model: Model) => Step;

const name = fc.constantFrom("a", "b", "c");
const upstream = fc.constantFrom("127.0.0.1:9", "127.0.0.1:10");
/** Any port, or one of those that the engine has given out. */
const pick = fc.option(fc.nat({ max: 20 }), { nil: undefined });
const listenOf = (model: Model, nth: number | undefined): string => {
  const ports = model.ports();
  return (nth === undefined ? undefined : ports[nth % Math.max(1, ports.length)]) ?? "127.0.0.1:0";
};
const optional = { noNullPrototype: true, requiredKeys: [] };
const settings = fc.record({ upstream, enabled: fc.boolean() }, optional);
const entry = fc.record({
  name: fc.oneof({ weight: 9, arbitrary: name }, { weight: 1, arbitrary: fc.constant("") }),
  upstream: fc.oneof({ weight: 9, arbitrary: upstream }, { weight: 1, arbitrary: fc.constant("") }),
  enabled: fc.boolean(),
});
const toxicName = fc.constantFrom("t", "latency_downstream", "timeout_upstream", "nobody");
const attributes = fc.dictionary(
  fc.constantFrom("latency", "jitter", "timeout", "bytes", "colour"),
  fc.nat({ max: 99 }),
);
const toxicity = fc.constantFrom(0, 0.25, 0.5, 1);
const toxicBody = fc.record(
  {
    name: fc.constantFrom("t", "u"),
    type: fc.constantFrom(...Object.keys(attributesOf), "down", "Latency"),
    stream: fc.constantFrom("upstream", "downstream", "Upstream", "DOWNSTREAM", "sideways", ""),
    toxicity,
    attributes,
  },
  optional,
) satisfies fc.Arbitrary<Partial<ModelToxic>>;

const withListen = (model: Model, given: NamedSettings, nth: number | undefined): NamedSettings => ({
  ...given,
  listen: listenOf(model, nth),
});

const call: fc.Arbitrary<Call> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(entry, pick).map(([given, nth]): Call => (model) => {
      const body = withListen(model, given, nth);
      return asks("POST /proxies", body, model.create(body));
    }),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(name, settings, fc.boolean(), pick).map(([name, given, moves, nth]): Call => (model) => {
      const body = moves ? withListen(model, given, nth) : given;
      return asks(`PATCH /proxies/${name}`, body, model.update(name, body));
    }),
  },
  name.map(
    (name): Call =>
      (model) =>
        asks(`DELETE /proxies/${name}`, undefined, model.delete(name)),
  ),
  {
    weight: 2,
    arbitrary: fc.array(fc.tuple(entry, pick), { maxLength: 3 }).map((entries): Call => (model) => {
      const body = entries.map(([given, nth]) => withListen(model, given, nth));
      return asks("POST /populate", body, model.populate(body));
    }),
  },
  fc.constant<Call>((model) => {
    const sees = model.reset();
    return sees === undefined ? asks("GET /version") : asks("POST /reset", undefined, sees);
  }),
  {
    weight: 5,
    arbitrary: fc.tuple(name, toxicBody).map(
      ([name, body]): Call =>
        (model) =>
          asks(`POST /proxies/${name}/toxics`, body, model.addToxic(name, body)),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(name, toxicName, fc.record({ toxicity, attributes }, optional)).map(
      ([name, toxic, body]): Call =>
        (model) =>
          asks(`PATCH /proxies/${name}/toxics/${toxic}`, body, model.updateToxic(name, toxic, body)),
    ),
  },
  fc.tuple(name, toxicName).map(
    ([name, toxic]): Call =>
      (model) =>
        asks(`DELETE /proxies/${name}/toxics/${toxic}`, undefined, model.removeToxic(name, toxic)),
  ),
);

const lossless = fc.constantFrom(
  { type: "latency", attributes: { latency: 8 } },
  { type: "latency", attributes: { latency: 1000 } },
  { type: "latency", attributes: { latency: 5, jitter: 5 } },
  { type: "slicer", attributes: { average_size: 700, size_variation: 300, delay: 50 } },
  { type: "bandwidth", attributes: { rate: 8000 } },
  { type: "noop", attributes: {} },
);
const stream = fc.constantFrom("upstream", "downstream");

const traffic = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 4000 }).map((words) => send("a", counted(words * 4))) },
  { weight: 3, arbitrary: fc.tuple(lossless, stream).map(([kind, stream]) => ({ ...kind, stream })) },
  { weight: 2, arbitrary: fc.nat({ max: 5 }).map((nth) => ({ removes: nth })) },
  { weight: 1, arbitrary: fc.nat({ max: 5 }).map((nth) => ({ updates: nth })) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 8 }).map(wait) },
);

function trafficStimulus(drawn: readonly (typeof traffic extends fc.Arbitrary<infer T> ? T : never)[]): Stimulus {
  const present: string[] = [];
  const steps = drawn.flatMap((item, at): readonly Step[] => {
    if ("do" in item) return [item];
    if ("type" in item) {
      present.push(`t${at}`);
      return [toxic(item.type, item.attributes, { name: `t${at}`, stream: item.stream })];
    }
    const nth = ("removes" in item ? item.removes : item.updates) % Math.max(1, present.length);
    const named = present[nth];
    if (named === undefined) return [];
    if ("updates" in item) return [change(named, {})];
    present.splice(nth, 1);
    return [remove(named)];
  });
  const sent = steps.flatMap((step) => (step.do === "send" ? [step.data] : []));
  const bytes = sent.map(bytesOf).reduce((sum, size) => sum + size, 0);
  // A latency of a second need not be waited for.
  const cleared = present.map(remove);
  return {
    name: "traffic",
    steps: [
      proxyTo(),
      open("a"),
      ...steps,
      ...cleared,
      gets("a", bytes),
      received("a.server", ...sent),
      received("a", ...sent),
    ],
  };
}

for (const { name, absent, fleet } of fleets)
  describe.skipIf(absent)(`in any order, for ${name}`, () => {
    test("calls are answered as the model answers", { timeout: 100_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(call, { minLength: 5, maxLength: 25 }), async (calls) => {
          const model = new Model();
          // What is there is looked at after every call, which also tells of the ports that came without being named.
          const steps = calls.flatMap((make) => [make(model), asks("GET /proxies", undefined, model.list())]);
          const said = steps.map((step) => ("line" in step ? `${step.line} ${JSON.stringify(step.body)}` : ""));
          expect(await wrongOn(fleet, { name: "calls", steps }), said.join("\n")).toEqual([]);
        }),
        { numRuns: 60, interruptAfterTimeLimit: 25_000 },
      );
    });

    test("toxics that lose nothing come and go, and every byte arrives in order", { timeout: 100_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(traffic, { minLength: 5, maxLength: 30 }), async (drawn) => {
          expect(await wrongOn(fleet, trafficStimulus(drawn))).toEqual([]);
        }),
        { numRuns: 40, interruptAfterTimeLimit: 25_000 },
      );
    });
  });
