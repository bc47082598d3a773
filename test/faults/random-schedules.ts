/** Scenarios with random faults: any kind, any attributes that its schema allows, any schedule, on any links. */
import fc from "fast-check";
import { z } from "zod";
import { attributesOf as explained } from "../../src/commands/attributes.ts";
import type { FaultKind } from "../../src/faults/kinds.ts";
import { faultKinds } from "../../src/faults/registry.ts";
import { bareOf, quantityOf } from "../../src/units.ts";

export const tool = "CreateLimitRequest";
export const links = ["planner@cloud", "clerk@cloud", "cloud->cloud-api"] as const;
const faultMs = 700;

type Raw = Readonly<Record<string, unknown>>;

/** Texts that name something, where an attribute wants one. */
const texts: Readonly<Record<string, readonly string[]>> = {
  tool: [tool],
  method: ["POST"],
  path: ["/", "/nowhere"],
  rpc: ["tools/call"],
};

const bounds = z.object({
  type: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  minimum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  maximum: z.number().optional(),
});

/** At a scale at which a round takes a second. */
const largest = { duration: 20, size: 4000, "size per second": 5_000_000, share: 50 } as const;

function valueOf(name: string, schema: z.core.$ZodType): fc.Arbitrary<unknown> | undefined {
  const quantity = quantityOf(schema);
  if (quantity !== undefined) {
    const unit = quantity.takes === "size per second" ? 1000 : 1;
    const least = Math.ceil(quantity.least / unit);
    const most = Math.max(least, Math.min(quantity.most, largest[quantity.takes]) / unit);
    return fc.integer({ min: least, max: Math.floor(most) }).map((value) => quantity.write(value * unit));
  }
  const json = bounds.parse(z.toJSONSchema(bareOf(schema), { io: "input", unrepresentable: "any" }));
  if (json.enum !== undefined) return fc.constantFrom(...json.enum);
  if (json.type === "boolean") return fc.boolean();
  const least = json.minimum ?? json.exclusiveMinimum ?? 0;
  const most = Math.min(json.maximum ?? least + 5, least + 5);
  if (json.type === "integer")
    return fc.integer({ min: Math.ceil(least) + (json.minimum === undefined ? 1 : 0), max: most });
  if (json.type === "number")
    return fc.double({ min: least, max: most, noNaN: true }).map((value) => Number(value.toFixed(2)));
  const named = texts[name];
  // Most faults name nothing: what is named must be there on the link.
  return (
    named &&
    fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constantFrom(...named) })
  );
}

function attributesOf({ attributes }: FaultKind): fc.Arbitrary<Raw> {
  const entries = Object.entries(attributes.shape).flatMap(([name, schema]) => {
    const value = valueOf(name, schema);
    return value === undefined ? [] : [[name, value] as const];
  });
  const required = explained(attributes).flatMap((attribute) => (attribute.required ? [attribute.name] : []));
  return fc.record(Object.fromEntries(entries), { requiredKeys: required });
}

const ms = (min: number, max: number) => fc.integer({ min, max }).map((value) => `${value}ms`);

function rampOf({ attributes, grows = [] }: FaultKind): fc.Arbitrary<Raw | undefined> {
  const growths = grows.flatMap((name) => {
    const schema = attributes.shape[name];
    const to = schema === undefined ? undefined : valueOf(name, schema);
    if (schema === undefined || to === undefined) return [];
    const quantity = quantityOf(schema);
    const unit = quantity?.takes === "size per second" ? 1000 : 1;
    const by =
      quantity === undefined ? fc.constant(0.2) : fc.integer({ min: 1, max: 20 }).map((n) => quantity.write(n * unit));
    return [fc.record({ to, by, every: ms(100, 400) }).map((growth) => ({ [name]: growth }))];
  });
  return growths.length === 0 ? fc.constant(undefined) : fc.option(fc.oneof(...growths), { nil: undefined });
}

const when = fc.oneof(
  fc.constantFrom({ step: `cloud.${tool}`, is: "in-flight" }, { step: `planner@cloud.${tool}`, is: "in-flight" }),
  fc.integer({ min: 1, max: 30 }).map((calls) => ({ calls, of: `cloud.${tool}` })),
  fc.constant({ first: "limit-request" }),
  // Never comes.
  fc.constant({ calls: 1_000_000, of: `clerk@cloud.${tool}` }),
);

const place = fc.oneof(
  fc.constantFrom<string | string[]>(...links, "agents->cloud"),
  fc.uniqueArray(fc.constantFrom<string>(...links), { minLength: 2 }),
);

/** Nearly always one that has room in its phase. */
const spans = fc.oneof(
  fc.constant({}),
  fc.record({ at: ms(0, 350), for: ms(1, 350) }),
  fc.record({ when, at: ms(0, 100), within: ms(50, 300), for: ms(1, 310) }),
  fc.record({ when, for: ms(1, 600) }),
  fc.record({ at: ms(0, faultMs), for: ms(1, faultMs) }),
);
const rhythms = fc.record(
  { every: fc.record({ on: ms(10, 100), off: ms(10, 100), jitter: ms(0, 20) }), swizzle: ms(1, 60) },
  { requiredKeys: [] },
);

function faultOf(kind: FaultKind): fc.Arbitrary<Raw> {
  const growing = fc.record({ ramp: rampOf(kind) }).map(({ ramp }) => (ramp === undefined ? {} : { ramp }));
  // Both at once leave hardly ever time for a step.
  const course = kind.grows === undefined ? rhythms : fc.oneof<fc.Arbitrary<Raw>[]>(rhythms, growing);
  return fc
    .tuple(place, attributesOf(kind), spans, course)
    .map(([link, attributes, span, more]) => ({ kind: kind.kind, link, ...attributes, ...span, ...more }));
}

const onLinks = faultKinds.filter(({ on }) => on === "link");

/** Some of them hold a mistake: what a scenario with them says is for the loader to find. */
export const randomFaults: fc.Arbitrary<readonly Raw[]> = fc.array(fc.oneof(...onLinks.map((kind) => faultOf(kind))), {
  minLength: 6,
  maxLength: 12,
});

export function scenarioWith(faults: readonly Raw[], seed: number): Raw {
  const chain = [{ call: `cloud.${tool}`, args: { requestId: "${op.id}" }, effect: "limit-request" }];
  return {
    name: "any-schedule",
    seed,
    upstreams: { "cloud-api": { fixture: "cloud-api" } },
    servers: { cloud: { fixture: "cloud", upstreams: { CLOUD_API_URL: "cloud-api" } } },
    agents: { planner: { chain }, clerk: { chain } },
    effects: { "limit-request": { ledger: "cloud-api" } },
    phases: [{ baseline: "50ms" }, { fault: `${faultMs}ms`, recovery: "50ms", name: "any" }],
    faults,
  };
}
