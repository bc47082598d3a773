/** The options of a fault kind or a policy, read from its schema. */
import { z } from "zod";
import { formatDuration, formatSize } from "../units.ts";

export interface Attribute {
  readonly name: string;
  /** As a person would say it: `a duration such as 500ms`, `close | reset | hang`. */
  readonly takes: string;
  readonly required: boolean;
  readonly default?: unknown;
  readonly about: string;
}

const property = z.object({
  type: z.string().optional(),
  pattern: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  anyOf: z.array(z.object({ type: z.string().default("any"), pattern: z.string().optional() })).optional(),
  items: z.object({ type: z.string().optional(), enum: z.array(z.unknown()).optional() }).optional(),
  description: z.string().default(""),
});

const described = z.object({
  properties: z.record(z.string(), property).default({}),
  required: z.array(z.string()).default([]),
});

/** What only a pattern tells from other text. */
const quantities = [
  { mark: "us|ms|s|m|h", takes: "duration", format: formatDuration },
  { mark: "(B|KB|MB|GB)", takes: "size", format: formatSize },
  { mark: "%$", takes: "share", format: (share: number) => `${share}%` },
  { mark: "(?:KB|MB|GB)", takes: "size per second", format: formatSize },
] as const;

export function attributesOf(schema: z.ZodObject): Attribute[] {
  const { properties, required } = described.parse(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }));
  return Object.entries(properties).map(([name, about]) => {
    const quantity = quantities.find(({ mark }) => about.pattern?.includes(mark));
    // The JSON Schema knows no default of what is transformed; the schema itself does.
    const absent = schema.shape[name]?.safeParse(undefined);
    const preset: unknown = absent?.success === true ? absent.data : undefined;
    return {
      name,
      takes: quantity?.takes ?? takenBy(about),
      required: required.includes(name),
      ...(preset === undefined
        ? {}
        : { default: quantity !== undefined && typeof preset === "number" ? quantity.format(preset) : preset }),
      about: about.description,
    };
  });
}

function takenBy({ type = "any", enum: values, anyOf, items }: z.output<typeof property>): string {
  if (values !== undefined) return values.join(" | ");
  if (anyOf !== undefined) return anyOf.map((one) => (one.pattern === undefined ? one.type : "text")).join(" | ");
  return items === undefined ? type : `list of ${takenBy({ ...items, description: "" })}`;
}
