/** The options of a fault kind or a policy, read from its schema. */
import { z } from "zod";
import { quantityOf } from "../units.ts";

export interface Attribute {
  readonly name: string;
  /** As a person would say it: `duration`, `close | reset | hang`. */
  readonly takes: string;
  /** The least and the most it may be, in its unit; absent where there is no such bound. */
  readonly least?: string | number;
  readonly most?: string | number;
  readonly required: boolean;
  readonly default?: unknown;
  readonly about: string;
}

const property = z.object({
  type: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  anyOf: z.array(z.object({ type: z.string().default("any"), pattern: z.string().optional() })).optional(),
  items: z.object({ type: z.string().optional(), enum: z.array(z.unknown()).optional() }).optional(),
  minimum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  maximum: z.number().optional(),
  description: z.string().default(""),
});
type Property = z.output<typeof property>;

const described = z.object({
  properties: z.record(z.string(), property).default({}),
  required: z.array(z.string()).default([]),
});

export function attributesOf(schema: z.ZodObject): Attribute[] {
  const { properties, required } = described.parse(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }));
  return Object.entries(properties).map(([name, about]) => {
    const shape = schema.shape[name];
    const quantity = shape === undefined ? undefined : quantityOf(shape);
    // The JSON Schema knows no default of what is transformed; the schema itself does.
    const absent = schema.shape[name]?.safeParse(undefined);
    const preset: unknown = absent?.success === true ? absent.data : undefined;
    const format = (value: number): string | number => quantity?.format(value) ?? value;
    const [least, most] = quantity === undefined ? boundsOf(about) : [quantity.least, quantity.most];
    return {
      name,
      takes: quantity?.takes ?? takenBy(about),
      ...(least === undefined ? {} : { least: format(least) }),
      ...(most === undefined ? {} : { most: format(most) }),
      required: required.includes(name),
      ...(preset === undefined ? {} : { default: typeof preset === "number" ? format(preset) : preset }),
      about: about.description,
    };
  });
}

/** What it takes, in one phrase: `duration from 1ms to 10m`. */
export function takenInWords({ takes, least, most }: Attribute): string {
  if (least !== undefined && most !== undefined) return `${takes} from ${least} to ${most}`;
  if (least !== undefined) return `${takes} of at least ${least}`;
  return most === undefined ? takes : `${takes} of at most ${most}`;
}

/** `required`, `optional` or the default. */
export function withoutInWords({ required, default: preset }: Attribute): string {
  if (required) return "required";
  if (preset === undefined) return "optional";
  return `default ${shortly(preset)}`;
}

function shortly(value: unknown): string {
  return Array.isArray(value) ? value.join(", ") : String(value);
}

function boundsOf({
  type,
  minimum,
  exclusiveMinimum,
  maximum,
}: Property): readonly [least: number | undefined, most: number | undefined] {
  const least = minimum ?? (type === "integer" && exclusiveMinimum !== undefined ? exclusiveMinimum + 1 : undefined);
  // Numbers that nobody has bounded are bounded by what a number can hold.
  const isReal = (bound: number | undefined): boolean =>
    bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER;
  return [isReal(least) ? least : undefined, isReal(maximum) ? maximum : undefined];
}

function takenBy({ type = "any", enum: values, anyOf, items }: Property): string {
  if (values !== undefined) return values.join(" | ");
  if (anyOf !== undefined) return anyOf.map((one) => (one.pattern === undefined ? one.type : "text")).join(" | ");
  return items === undefined ? type : `list of ${takenBy({ ...items, description: "" })}`;
}
