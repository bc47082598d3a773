/**
 * The one schema of a scenario, for YAML and TypeScript alike. The types, the published JSON Schema and the messages
 * follow from it; kinds of faults, policies and checks come from their registries.
 */
import { z } from "zod";
import { policySchema } from "../agents/written.ts";
import { checkNames } from "../checks/registry.ts";
import { faultKinds } from "../faults/registry.ts";
import type { FaultKind } from "../faults/kinds.ts";
import { protocolVersions } from "../history/protocol.ts";
import { aboutAborts, aboutStops } from "../measure/live.ts";
import { aboutThresholds } from "../measure/threshold.ts";
import { duration, shown } from "../units.ts";
import { arrivalsSchema } from "./arrivals.ts";
import { linkOrLinks, rampOf, schedule } from "./schedule-schema.ts";
import { effectSchema } from "./effects.ts";
import { egressSchema } from "./egress.ts";
import { filesSchema } from "./told.ts";
import { chainKeys } from "./step-schema.ts";
import { identitySchema } from "./identity.ts";
import { tlsSchema } from "./tls.ts";
import { replicaKey, replicaKeys } from "./replicas.ts";

// Names become parts of ids and of file names.
const namePattern = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/;
const name = z.string().regex(namePattern, {
  error: (issue) => `expected a name of at most 64 letters, digits, "-" and "_", got ${shown(issue.input)}`,
});

export function isServerName(text: string): boolean {
  return namePattern.test(text);
}

const template = z.record(z.string(), z.string());

const target = {
  fixture: z.string().optional().describe("one of Squall's own, see `squall list fixtures`"),
  command: z
    .array(z.string())
    .min(1)
    .optional()
    .describe("program and arguments; ${port} is a free port; goes with url, over stdio without"),
  url: z.string().min(1).optional().describe("where it answers; alone: it runs already"),
  cwd: z.string().optional().describe("where the command starts, seen from the scenario's folder"),
  env: template
    .optional()
    .describe(
      "variables for what Squall starts; ${links.NAME.url}, .host and .port are of a server's link to an upstream",
    ),
  startTimeout: duration({ leastMs: 100, mostMs: 600_000 }).default(20_000).describe("how long it may take to answer"),
};

const upstream = z.strictObject({
  ...target,
  protocol: z
    .enum(["http", "tcp"])
    .optional()
    .describe(
      "http: requests are seen one by one; tcp: only bytes. Where absent, the url says: http://… is http, any other tcp",
    ),
});

const server = z.strictObject({
  ...target,
  config: z
    .string()
    .optional()
    .describe("its name in the file that --mcp-config gives, such as .mcp.json; where absent, its own name there"),
  args: z
    .array(z.string())
    .optional()
    .describe("of a server from that file: in place of the arguments that stand there"),
  transport: z
    .enum(["http", "stdio"])
    .default("http")
    .describe("stdio: every agent starts a process of its own, and speaks over its stdin and stdout"),
  defects: z.array(z.string()).optional().describe("defects that the fixture shall have"),
  restart: z
    .strictObject({
      most: z.int().min(1).max(100).default(3).describe("how often it may end by itself"),
      within: duration({ leastMs: 100, mostMs: 600_000 }).default(5000).describe("how soon it must be back each time"),
    })
    .optional()
    .describe("it is started again when it ends by itself; where absent it stays down"),
  ...replicaKeys,
  direct: z
    .boolean()
    .default(false)
    .describe(
      "agents call it straight: their link has no tap, so it carries more, and nothing is seen or broken on it",
    ),
  files: filesSchema
    .optional()
    .describe("name → text, written before it starts; ${files.NAME} is where, ${links.NAME.url} a link's address"),
  protocol: z
    .enum(["auto", ...protocolVersions])
    .default("auto")
    .describe("the revision of MCP that is spoken with it; auto: the newest that it and Squall both speak over HTTP"),
  headers: template.optional().describe("sent with every request; kept out of every file"),
  identity: identitySchema.optional().describe("who agents are to it; a group may say otherwise"),
  tls: tlsSchema.optional().describe("of an https URL: whom to trust, and what agents show of themselves"),
  upstreams: z
    .record(z.string(), z.string())
    .optional()
    .describe("variable → upstream, or another server: the variable gets the address of the link to it"),
  egress: egressSchema
    .optional()
    .describe("a proxy of ours for what it sends to addresses that no variable can change: HTTP_PROXY and its like"),
});

const group = z.strictObject({
  policy: policySchema.default({ kind: "none", timeout: 60_000, onTimeout: "cancel" }),
  arrivals: arrivalsSchema.default({ count: 1 }),
  budget: duration({ leastMs: 1 }).optional().describe("time for one walk of the whole chain; with turns, for each"),
  wire: z
    .enum(["lean", "sdk"])
    .default("lean")
    .describe(
      "lean: our own wire, which sees what SDKs mask; sdk: what users of @modelcontextprotocol/sdk experience, or of /client in 2026-07-28",
    ),
  identity: z.record(z.string(), identitySchema).optional().describe("server → who the agents of this group are to it"),
  ...chainKeys,
});

const phase = z.strictObject({
  "warm-up": duration().optional(),
  baseline: duration({ leastMs: 1 }).optional(),
  fault: duration({ leastMs: 1 }).optional(),
  recovery: duration().optional(),
  name: name.optional().describe("what faults call this episode"),
});

/** Of each fault. Which one of the places a kind takes, and that it names only one, is for the references to say. */
export const whereAndWhen = {
  link: linkOrLinks.optional(),
  server: z.string().optional().describe("for what breaks processes: those of this server"),
  upstream: z.string().optional().describe("the same for an upstream"),
  replica: replicaKey,
  during: z.string().optional().describe("the episode; may be left out where there is only one"),
  ...schedule,
};

type FaultOption<Kind> =
  Kind extends Pick<FaultKind<infer Name, infer Schema>, "kind" | "attributes">
    ? z.ZodObject<
        { kind: z.ZodLiteral<Name>; ramp: ReturnType<typeof rampOf> } & typeof whereAndWhen & Schema["shape"],
        z.core.$strict
      >
    : never;
type FaultOptions<Kinds extends readonly unknown[]> = { [I in keyof Kinds]: FaultOption<Kinds[I]> };
const kinds: readonly FaultKind[] = faultKinds;
const faultOptions = kinds.map((described) => {
  const { kind, about, attributes } = described;
  const ramp = rampOf(described);
  const option: z.ZodObject = z.strictObject({ kind: z.literal(kind), ...whereAndWhen, ramp, ...attributes.shape });
  // What holds between attributes is no part of their shape.
  return option.clone({ ...option.def, checks: attributes.def.checks ?? [] }).describe(about);
}) as unknown as FaultOptions<typeof faultKinds>;
const fault = z.discriminatedUnion("kind", faultOptions);

const threshold = z.union(
  [
    z.string(),
    z.strictObject({
      expect: z.string().describe("the bound, as it is written without a map"),
      abortOnFail: z.boolean().default(false).describe(aboutAborts),
      grace: duration()
        .optional()
        .describe("with abortOnFail: so long from the start of its phase, or of the run, it ends nothing; default 10s"),
    }),
  ],
  {
    error: ({ input }) =>
      `expected a bound such as "p95(cloud) < 400ms", or { expect, abortOnFail, grace }, got ${shown(input)}`,
  },
);

const stop = z.strictObject({
  when: z.string().describe("the trouble, for example error-rate(planner) > 50%"),
  for: duration({ leastMs: 1000 }).default(5000).describe("how long it must hold"),
});

const sections = {
  name: name.describe("what the run and its report are called"),
  about: z.string().optional().describe("one sentence: what must hold"),
  tags: z.array(name).default([]).describe("for --tag"),
  seed: z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(42)
    .describe("same seed, same plan"),
  upstreams: z.record(name, upstream).default({}),
  servers: z.record(name, server),
  agents: z.record(name, group),
  phases: z.array(phase).min(1),
  faults: z.array(fault).default([]),
  effects: z.record(name, effectSchema).default({}),
  checks: z
    .array(z.enum(checkNames))
    .min(1)
    .default([...checkNames]),
  thresholds: z.array(threshold).default([]).describe(aboutThresholds),
  stop: z.array(stop).default([]).describe(aboutStops),
};

/** The same, for one entry of a section: what is right in one is looked at even where its neighbour is wrong. */
export const entries = {
  upstream,
  server,
  arrivals: arrivalsSchema,
  identity: identitySchema,
  phase,
  fault,
  policy: policySchema,
  effect: effectSchema,
};

export const scenarioSchema = z.strictObject({ $schema: z.string().optional(), ...sections });

/** A scenario as a person writes it. */
export type ScenarioInput = z.input<typeof scenarioSchema>;
/** The same with defaults filled in and durations in milliseconds. */
export type ScenarioOutput = z.output<typeof scenarioSchema>;

/** Gives a scenario in TypeScript its types. */
export function defineScenario(scenario: ScenarioInput): ScenarioInput {
  return scenario;
}
