/** Effects: where they are counted, and what tells whose they are. Their keys, what these mean, and their mistakes. */
import { z } from "zod";
import { readKindNamed, readSchema } from "../effects/registry.ts";
import type { RowRule } from "../effects/rows.ts";
import { fieldPath } from "../effects/select.ts";
import type { DeclaredEffect } from "../history/declared.ts";
import { duration, shown } from "../units.ts";
import type { ScenarioInput, ScenarioOutput } from "./schema.ts";

const methods = ["POST", "PUT", "PATCH", "DELETE"] as const;
const method = z.enum(methods);

const requests = z.strictObject({
  upstream: z.string().describe("an upstream over HTTP, as servers reach it over its links"),
  method: z
    .union([method, z.array(method).min(1)], {
      error: ({ input }) => `expected one of ${methods.join(", ")}, or a list of them, got ${shown(input)}`,
    })
    .default([...methods])
    .describe("which requests make the effect"),
  path: z
    .string()
    .regex(/^\//, { error: ({ input }) => `expected a path such as "/orders", got ${shown(input)}` })
    .optional()
    .describe("of these; * stands for any part between two slashes"),
});

export const effectSchema = z.strictObject({
  ledger: z.string().optional().describe("the fixture upstream whose ledger counts this effect"),
  read: readSchema
    .optional()
    .describe("where it is read back, past every link: exactly one of these; values may hold ${env.NAME} and ${run}"),
  requests: requests
    .optional()
    .describe("where no ledger can be read: requests at the upstream's links that were answered 2xx stand for effects"),
  upstream: z.string().optional().describe("with read: the upstream that is read, at its own address"),
  key: fieldPath.optional().describe("with read: where in a row its op id stands; absent: anywhere in it"),
  id: fieldPath.optional().describe("with read: what tells rows apart; absent: the op, and how many rows name it"),
  count: fieldPath.optional().describe("with read: a number in the row, of how many effects it stands for"),
  total: fieldPath
    .optional()
    .describe("with read: a number that grows with each effect, where rows name no op; summed over all rows"),
  content: z
    .record(fieldPath, z.string().min(1))
    .optional()
    .describe("with read: field of a row → argument of the call, or JSONPath over its arguments, that it must equal"),
  keeps: z
    .boolean()
    .default(true)
    .describe("with read: rows stay. false: they are consumed or overwritten, so nothing can be called lost"),
  expect: z.int().min(1).max(1000).default(1).describe("how many effects an op is to have, for batches"),
  most: z.int().min(1).max(1_000_000).default(10_000).describe("with read: how many rows there may be"),
  every: duration({ leastMs: 100 })
    .optional()
    .describe("with read: how often; sql, http and redis 500ms, command 2s, tool only before the run and after it"),
});

type Written = z.output<typeof effectSchema>;

/** What is of use only where rows are read. */
export const readOnlyKeys = ["upstream", "key", "id", "count", "total", "content", "every"] as const;

export interface ScenarioEffect {
  readonly effect: string;
  /** What findings call the place where it is counted. */
  readonly ledger: string;
  readonly expect: number;
  readonly from: CountedBy;
}

export type CountedBy =
  | { readonly is: "ledger" }
  | ({ readonly is: "read" } & ScenarioRead)
  | { readonly is: "requests"; readonly upstream: string; readonly methods: readonly string[]; readonly path?: string };

export interface ScenarioRead {
  readonly kind: string;
  /** As written, for the kind itself to read. */
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly upstream?: string;
  readonly rule: RowRule | { readonly total: string };
  /** The arguments that content is compared with. */
  readonly asks: readonly string[];
  readonly rowsMax: number;
  readonly everyMs?: number;
}

export function effectsOf(raw: ScenarioInput["effects"], parsed: ScenarioOutput["effects"]): ScenarioEffect[] {
  return Object.entries(parsed).map(([effect, written]) => {
    const { ledger, expect, requests: asked } = written;
    if (ledger !== undefined) return { effect, ledger, expect, from: { is: "ledger" } };
    if (asked !== undefined) {
      const { upstream, method: named, path } = asked;
      const from = {
        is: "requests",
        upstream,
        methods: [named].flat(),
        ...(path === undefined ? {} : { path }),
      } as const;
      return { effect, ledger: `requests to ${upstream}`, expect, from };
    }
    const from = readOf(written, raw?.[effect]);
    return { effect, ledger: `${effect} by ${from.kind}`, expect, from: { is: "read", ...from } };
  });
}

function readOf(written: Written, raw: NonNullable<ScenarioInput["effects"]>[string] | undefined): ScenarioRead {
  const { upstream, total, content = {}, keeps, most, every } = written;
  const [[kind, attributes] = ["", {}]] = Object.entries(raw?.read ?? {});
  const everyMs = every ?? readKindNamed(kind).everyMs;
  return {
    kind,
    attributes: { ...attributes },
    ...(upstream === undefined ? {} : { upstream }),
    rule: total === undefined ? { ...whereIn(written), content: Object.keys(content), keeps } : { total },
    asks: Object.values(content),
    rowsMax: most,
    ...(everyMs === undefined ? {} : { everyMs }),
  };
}

function whereIn({ key, id, count }: Written): Pick<RowRule, "key" | "id" | "count"> {
  return {
    ...(key === undefined ? {} : { key }),
    ...(id === undefined ? {} : { id }),
    ...(count === undefined ? {} : { count }),
  };
}

/** What checks may know of an effect. */
export function declaredEffect({ effect, ledger, expect, from }: ScenarioEffect): DeclaredEffect {
  const common = { effect, ledger, ...(expect === 1 ? {} : { expect }) };
  if (from.is === "ledger") return common;
  if (from.is === "requests") {
    const { upstream, methods: named, path } = from;
    return { ...common, requests: { upstream, methods: named, ...(path === undefined ? {} : { path }) } };
  }
  if ("total" in from.rule) return { ...common, read: { by: from.kind, isTotal: true } };
  const { content, keeps } = from.rule;
  return {
    ...common,
    read: {
      by: from.kind,
      ...(keeps ? {} : { forgets: true as const }),
      ...(content.length === 0 ? {} : { content }),
    },
  };
}

export type EffectAsks = Readonly<Record<string, readonly string[]>>;

/** Of each effect whose content is compared, the arguments that it is compared with; undefined where there is none. */
export function asksOf(effects: readonly ScenarioEffect[]): EffectAsks | undefined {
  const asked = effects.flatMap(({ effect, from }) =>
    from.is === "read" && from.asks.length > 0 ? [[effect, from.asks] as const] : [],
  );
  return asked.length === 0 ? undefined : Object.fromEntries(asked);
}
