import { z } from "zod";
import { byRule, ruleOf, whichRequests } from "./by-rule.ts";
import { type MadeAnswer } from "./handles.ts";
import { faultKind } from "./kinds.ts";
import { jsonAnswer } from "./made-answers.ts";

const { after, count, probability } = whichRequests;

export const schemaDrift = faultKind({
  kind: "schema-drift",
  about: "The server lists a tool otherwise than before, as after a deployment in the middle of a session.",
  callerSees: "tools/list with a tool gone, renamed, or called with other parameters; calls go on as before",
  plane: "protocol",
  tags: { seen: "implicit", lasts: "permanent" },
  mayBelieve: "executed",
  executes: [1],
  only: { plane: "agent-server" },
  attributes: z.strictObject({
    change: z
      .enum([
        "tool-removed",
        "tool-renamed",
        "parameter-renamed",
        "parameter-required",
        "type-changed",
        "description-changed",
      ])
      .default("tool-removed")
      .describe(
        "parameter-required: a new one that must be given; type-changed: numbers are strings, all else a number",
      ),
    of: z.string().min(1).optional().describe("the tool that changes; the first where absent"),
    after,
    count,
    probability,
  }),
  prepare: ({ change, of, ...asking }) =>
    byRule(
      ruleOf(
        { ...asking, rpc: "tools/list" },
        { does: "replace-answer", make: (_asked, given) => drifted(given?.text ?? "", change, of) },
      ),
    ),
});

const schema = z.looseObject({
  properties: z.record(z.string(), z.looseObject({ type: z.unknown() })).optional(),
  required: z.array(z.string()).optional(),
});
const tool = z.looseObject({ name: z.string(), inputSchema: schema.optional() });
const listing = z.looseObject({ result: z.looseObject({ tools: z.array(tool) }) });

type Tool = z.output<typeof tool>;
type Schema = z.output<typeof schema>;
type Change = "tool-renamed" | "parameter-renamed" | "parameter-required" | "type-changed" | "description-changed";

/** What cannot be read stays as it is. */
function drifted(text: string, change: Change | "tool-removed", of: string | undefined): MadeAnswer {
  const read = listing.safeParse(parsed(text));
  if (!read.success) return { holds: "data", headers: { "Content-Type": "application/json" }, body: text };
  const { tools } = read.data.result;
  const at = of === undefined ? 0 : tools.findIndex(({ name }) => name === of);
  const changed = tools.flatMap((one, index) => {
    if (index !== at) return [one];
    return change === "tool-removed" ? [] : [changes[change](one)];
  });
  return jsonAnswer({ ...read.data, result: { ...read.data.result, tools: changed } }, "garbage");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const changes: Readonly<Record<Change, (tool: Tool) => Tool>> = {
  "tool-renamed": (one) => ({ ...one, name: `${one.name}_v2` }),
  "description-changed": (one) => ({ ...one, description: "Does something else now." }),
  "parameter-renamed": (one) =>
    withSchema(one, ({ properties = {}, required = [] }) => {
      const [first] = Object.keys(properties);
      const renamed = (name: string): string => (name === first ? `${name}_v2` : name);
      return {
        properties: Object.fromEntries(Object.entries(properties).map(([name, of]) => [renamed(name), of])),
        required: required.map(renamed),
      };
    }),
  "parameter-required": (one) =>
    withSchema(one, ({ properties = {}, required = [] }) => ({
      properties: { ...properties, tenant: { type: "string" } },
      required: [...required, "tenant"],
    })),
  "type-changed": (one) =>
    withSchema(one, ({ properties = {} }) => ({
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, of], index) => [
          name,
          index === 0 ? { ...of, type: of.type === "number" ? "string" : "number" } : of,
        ]),
      ),
    })),
};

function withSchema(one: Tool, change: (schema: Schema) => Schema): Tool {
  const { inputSchema = {} } = one;
  return { ...one, inputSchema: { type: "object", ...inputSchema, ...change(inputSchema) } };
}
