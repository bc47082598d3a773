/** The options of a fault kind or a policy, read from its schema. */
import { z } from "zod";
import { formatDuration } from "../units.ts";

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
  items: z.object({ type: z.string().optional(), enum: z.array(z.unknown()).optional() }).optional(),
  description: z.string().default(""),
});

const described = z.object({
  properties: z.record(z.string(), property).default({}),
  required: z.array(z.string()).default([]),
});

export function attributesOf(schema: z.ZodObject): Attribute[] {
  const { properties, required } = described.parse(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }));
  return Object.entries(properties).map(([name, about]) => {
    const isDuration = about.pattern?.includes("us|ms|s|m|h") ?? false;
    // The JSON Schema knows no default of what is transformed; the schema itself does.
    const absent = schema.shape[name]?.safeParse(undefined);
    const preset: unknown = absent?.success === true ? absent.data : undefined;
    return {
      name,
      takes: isDuration ? "duration" : takenBy(about),
      required: required.includes(name),
      ...(preset === undefined
        ? {}
        : { default: isDuration && typeof preset === "number" ? formatDuration(preset) : preset }),
      about: about.description,
    };
  });
}

function takenBy({ type = "any", enum: values, items }: z.output<typeof property>): string {
  if (values !== undefined) return values.join(" | ");
  return items === undefined ? type : `list of ${takenBy({ ...items, description: "" })}`;
}
