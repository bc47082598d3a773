/** All there is to say of a fault kind, for the list and for the page of reference. */
import type { FaultKind } from "../faults/kinds.ts";
import { quantityOf } from "../units.ts";
import { attributesOf, type Attribute } from "./attributes.ts";

export interface ExplainedFault {
  readonly name: string;
  readonly about: string;
  readonly plane: string;
  /** Is the caller told, or must it notice? */
  readonly seen: string;
  readonly lasts: string;
  readonly callerSees: string;
  readonly mayBelieve: string;
  /** How often the callee executes what is asked once, in words. */
  readonly executed: string;
  readonly engines: string;
  readonly heals: string;
  readonly options: readonly Attribute[];
  /** The attributes that `ramp` takes. */
  readonly grows: readonly string[];
}

const engines: Readonly<Record<string, string>> = {
  network: "every engine",
  protocol: "none: Squall's tap makes it",
  process: "none: Squall does it to what it has started",
};

const forms = {
  "let-through": "it lets through again, and live connections go on",
  "drop-connections": "it lets through again, and live connections are closed",
  "start-again": "what was ended is started again",
} as const;

export function explainFault(kind: FaultKind): ExplainedFault {
  const { kind: name, about, plane, tags, callerSees, mayBelieve, executes, grows = [] } = kind;
  const options = attributesOf(kind.attributes);
  const { healForm } = kind.prepare(exampleOf(kind));
  const usual = kind.on === "process" && healForm === "let-through" ? "it goes on as before" : forms[healForm];
  return {
    name,
    about,
    plane,
    ...tags,
    callerSees,
    mayBelieve,
    executed: `${executes.join(" or ")} ${executes.at(-1) === 1 ? "time" : "times"}`,
    engines: engines[plane] ?? plane,
    heals: options.some((option) => option.name === "heal") ? `${usual}, unless heal says otherwise` : usual,
    options,
    grows,
  };
}

/** The least that a person must write of it. */
export function exampleOf({ attributes, example = {} }: FaultKind): Readonly<Record<string, unknown>> {
  const required = attributesOf(attributes).filter((attribute) => attribute.required);
  const plain = required.map((attribute) => [attribute.name, plainValue(attribute, attributes.shape[attribute.name])]);
  return { ...Object.fromEntries(plain), ...example };
}

const plainQuantities = { duration: 500, size: 1000, "size per second": 64_000, share: 50 } as const;

function plainValue({ takes, least }: Attribute, schema: Parameters<typeof quantityOf>[0] | undefined): unknown {
  const quantity = schema === undefined ? undefined : quantityOf(schema);
  if (quantity !== undefined) {
    return quantity.format(Math.min(quantity.most, Math.max(quantity.least, plainQuantities[quantity.takes])));
  }
  if (takes === "integer" || takes === "number") return least ?? 1;
  return takes === "string" ? "name" : takes.split(" | ")[0];
}
