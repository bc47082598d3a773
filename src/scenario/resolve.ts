/** The scenario as the rest of Squall knows it: defaults filled in, names explicit, durations in milliseconds. */
import { readPolicy, type ReadPolicy } from "../agents/written.ts";
import { faultKindNamed } from "../faults/registry.ts";
import type { HealForm } from "../faults/handles.ts";
import type { Cycle } from "../faults/kinds.ts";
import type { DeclaredLink, PhaseRole } from "../history/declared.ts";
import type { ProtocolVersion } from "../history/protocol.ts";
import { arrivalsOf, type ScenarioArrivals } from "./arrivals.ts";
import { asksOf, effectsOf, type EffectAsks, type ScenarioEffect } from "./effects.ts";
import { egressOf, type ScenarioEgress } from "./egress.ts";
import { identityOf, type ScenarioIdentity } from "./identity.ts";
import { boundsOf, type ScenarioBounds } from "./bounds.ts";
import { chainOf, walkMsOf, type ScenarioStep, type ScenarioTurn } from "./chain.ts";
import { placesOf, type BrokenPlace } from "./fault-places.ts";
import { linksOf } from "./links.ts";
import { filesOf, toldLinks, type ScenarioFile } from "./told.ts";
import { phasesOf } from "./phases.ts";
import { replicasOf, type ScenarioReplicas } from "./replicas.ts";
import { conditionOf, stepsOf, type Condition, type FaultStep } from "./schedules.ts";
import { tlsOf, type ScenarioTls } from "./tls.ts";
import { whereAndWhen, type ScenarioInput, type ScenarioOutput } from "./schema.ts";

export type { ScenarioStep } from "./chain.ts";

export interface Scenario extends ScenarioBounds {
  readonly name: string;
  readonly about: string;
  readonly tags: readonly string[];
  readonly seed: number;
  readonly upstreams: readonly ScenarioUpstream[];
  readonly servers: readonly ScenarioServer[];
  readonly groups: readonly ScenarioGroup[];
  readonly phases: readonly { readonly phase: string; readonly role: PhaseRole; readonly durationMs: number }[];
  readonly faults: readonly ScenarioFault[];
  readonly effects: readonly ScenarioEffect[];
  readonly checks: readonly string[];
  readonly links: readonly DeclaredLink[];
  /** Beside this machine: a person has named them. */
  readonly allowHosts?: readonly string[];
}

export type ScenarioTarget =
  | { readonly is: "fixture"; readonly fixture: string; readonly defects: readonly string[] }
  | {
      readonly is: "command";
      readonly command: readonly [string, ...string[]];
      /** Empty over stdio, where nothing listens. */
      readonly url: string;
      readonly cwd?: string;
    }
  | { readonly is: "url"; readonly url: string };

interface Started {
  readonly name: string;
  readonly target: ScenarioTarget;
  readonly env: Readonly<Record<string, string>>;
  readonly startTimeoutMs: number;
}

export interface ScenarioUpstream extends Started {
  readonly protocol: "http" | "tcp";
}

export interface ScenarioServer extends Started {
  readonly transport: "http" | "stdio";
  /** Agents call it straight: no tap, no engine. */
  readonly direct: boolean;
  readonly restart?: { readonly most: number; readonly withinMs: number };
  /** Absent: it runs once. */
  readonly replicas?: ScenarioReplicas | undefined;
  readonly protocol: "auto" | ProtocolVersion;
  readonly headers: Readonly<Record<string, string>>;
  /** Who agents are to it, where their group does not say. */
  readonly identity?: ScenarioIdentity;
  readonly tls?: ScenarioTls;
  readonly upstreams: readonly { readonly variable: string; readonly upstream: string; readonly link: string }[];
  /** Those that some text of it tells. */
  readonly toldLinks: readonly { readonly upstream: string; readonly link: string }[];
  /** Written before it starts. */
  readonly files: readonly ScenarioFile[];
  readonly egress?: ScenarioEgress;
}

export interface ScenarioGroup {
  readonly name: string;
  readonly wire: "lean" | "sdk";
  readonly policy: Omit<ReadPolicy, "timeoutsMs">;
  readonly arrivals: ScenarioArrivals;
  readonly budgetMs?: number;
  /** Who its agents are, by server. */
  readonly identities?: Readonly<Record<string, ScenarioIdentity>>;
  /** Its sessions hear what servers say outside of answers. */
  readonly listens?: true;
  readonly steps: readonly ScenarioStep[];
  /** How they are walked; where absent, one after another in one turn. */
  readonly turns?: readonly ScenarioTurn[];
  /** Of each effect whose content is compared, the arguments that it is compared with. Absent: of none. */
  readonly asks?: EffectAsks;
}

export interface ScenarioFault {
  readonly id: string;
  readonly kind: string;
  readonly places: readonly BrokenPlace[];
  readonly episode: string;
  readonly atMs: number;
  readonly forMs?: number;
  /** As written, for the fault's own kind to read. */
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly healForm: HealForm;
  /** No answer gets through while it is on. */
  readonly silences: boolean;
  readonly cycle?: Cycle;
  /** How long after one of its places the next one breaks, and heals. */
  readonly swizzleMs?: number;
  /** How its attributes change while it is on. */
  readonly steps?: readonly FaultStep[];
  /** What it waits for, and at most how long; where absent, as long as it has room in its phase. */
  readonly when?: { readonly condition: Condition; readonly withinMs?: number };
}

/** Takes a scenario in which nothing is wrong any more. */
export function resolveScenario(raw: ScenarioInput, parsed: ScenarioOutput): Scenario {
  const isStdio = (server: string): boolean => parsed.servers[server]?.transport === "stdio";
  const groups = Object.entries(parsed.agents).map(([name, group]) =>
    groupOf({ name, group, rawPolicy: raw.agents[name]?.policy, isStdio }),
  );
  const servers = Object.entries(parsed.servers).map(([name, server]) => serverOf(name, server));
  const upstreams = Object.entries(parsed.upstreams).map(([name, upstream]) => ({
    ...startedOf(name, upstream),
    protocol: upstream.protocol ?? ("http" as const),
  }));
  const links = linksOf(groups, servers, upstreams);
  const effects = effectsOf(raw.effects, parsed.effects);
  const asks = asksOf(effects);
  const phases = phasesOf(parsed.phases);
  const episodes = phases.filter(({ role }) => role === "fault").map(({ phase }) => phase);
  return {
    name: parsed.name,
    about: parsed.about ?? "",
    tags: parsed.tags,
    seed: parsed.seed,
    upstreams,
    servers,
    groups: asks === undefined ? groups : groups.map((group) => ({ ...group, asks })),
    phases,
    faults: parsed.faults.map((fault, index) => faultOf({ fault, index, links, episodes, raw: raw.faults?.[index] })),
    effects,
    checks: parsed.checks,
    ...boundsOf(parsed),
    links,
  };
}

function startedOf(
  name: string,
  target: Omit<ScenarioOutput["upstreams"][string], "protocol"> & { defects?: string[] | undefined },
): Started {
  return { name, target: targetOf(target), env: target.env ?? {}, startTimeoutMs: target.startTimeout };
}

function targetOf(target: Parameters<typeof startedOf>[1]): ScenarioTarget {
  const { fixture, command, url = "", cwd, defects = [] } = target;
  if (fixture !== undefined) return { is: "fixture", fixture, defects };
  const [program, ...args] = command ?? [];
  if (program === undefined) return { is: "url", url };
  return { is: "command", command: [program, ...args], url, ...(cwd === undefined ? {} : { cwd }) };
}

function serverOf(name: string, server: ScenarioOutput["servers"][string]): ScenarioServer {
  const replicas = replicasOf(name, server);
  return {
    ...startedOf(name, server),
    transport: server.transport,
    direct: server.direct,
    ...(server.restart === undefined
      ? {}
      : { restart: { most: server.restart.most, withinMs: server.restart.within } }),
    ...(replicas === undefined ? {} : { replicas }),
    protocol: server.protocol,
    headers: server.headers ?? {},
    ...(server.identity === undefined ? {} : { identity: identityOf(server.identity) }),
    ...tlsOf(server.tls),
    upstreams: Object.entries(server.upstreams ?? {}).map(([variable, upstream]) => ({
      variable,
      upstream,
      link: `${name}->${upstream}`,
    })),
    toldLinks: toldLinks(name, server),
    files: filesOf(server),
    ...egressOf(name, server.egress),
  };
}

function groupOf(about: {
  readonly name: string;
  readonly group: ScenarioOutput["agents"][string];
  readonly rawPolicy: Readonly<Record<string, unknown>> | undefined;
  readonly isStdio: (server: string) => boolean;
}): ScenarioGroup {
  const { name, group, rawPolicy, isStdio } = about;
  const { timeoutsMs, ...policy } = readPolicy(rawPolicy ?? {}, group.policy);
  const chain = chainOf(group);
  const asksAll = group.progress ?? policy.progressMostMs !== undefined;
  const steps = chain.steps.map((step) => askingBy(timedBy(step, timeoutsMs), asksAll));
  const { turns } = chain;
  const walkMs = walkMsOf(turns, { steps, policy, budgetMs: group.budget });
  return {
    name,
    wire: group.wire,
    policy,
    arrivals: arrivalsOf(group.arrivals, { walkMs, isStdio: steps.some(({ server }) => isStdio(server)) }),
    ...(group.budget === undefined ? {} : { budgetMs: group.budget }),
    identities: Object.fromEntries(
      Object.entries(group.identity ?? {}).map(([server, identity]) => [server, identityOf(identity)]),
    ),
    ...(group.listens === undefined ? {} : { listens: group.listens }),
    steps,
    turns,
  };
}

function askingBy({ progress: own, ...step }: ScenarioStep, asksAll: boolean): ScenarioStep {
  return (own ?? asksAll) ? { ...step, progress: true } : step;
}

/** A step's own timeout goes before the one that the policy has for its tool. */
function timedBy(step: ScenarioStep, timeoutsMs: ReadPolicy["timeoutsMs"]): ScenarioStep {
  const timeoutMs = step.timeoutMs ?? timeoutsMs[`${step.server}.${step.tool}`];
  return timeoutMs === undefined ? step : { ...step, timeoutMs };
}

/** What says of a fault where and when it is; the rest is its kind's own. */
const ownKeys: ReadonlySet<string> = new Set(["kind", "ramp", ...Object.keys(whereAndWhen)]);

function faultOf(about: {
  readonly fault: ScenarioOutput["faults"][number];
  readonly index: number;
  readonly links: readonly DeclaredLink[];
  readonly episodes: readonly string[];
  readonly raw: Readonly<Record<string, unknown>> | undefined;
}): ScenarioFault {
  const { fault, index, links, episodes, raw } = about;
  const attributes = Object.fromEntries(Object.entries(raw ?? {}).filter(([key]) => !ownKeys.has(key)));
  const episode = fault.during ?? episodes[0] ?? "";
  const kind = faultKindNamed(fault.kind);
  const { cycle, healForm, silences = false } = kind.prepare(attributes);
  const { every, ramp, when, within } = fault;
  const rhythm = every === undefined ? cycle : { downMs: every.on, upMs: every.off, jitterMs: every.jitter };
  return {
    id: `${episode}.${index}`,
    kind: fault.kind,
    places: placesOf(fault, links),
    episode,
    atMs: fault.at ?? 0,
    ...(fault.for === undefined ? {} : { forMs: fault.for }),
    attributes,
    healForm,
    // One that grows may begin or end with letting some through.
    silences: silences && ramp === undefined,
    ...(rhythm === undefined ? {} : { cycle: rhythm }),
    ...(fault.swizzle === undefined ? {} : { swizzleMs: fault.swizzle }),
    ...(ramp === undefined ? {} : { steps: stepsOf(kind, ramp, kind.attributes.parse(attributes)) }),
    ...(when === undefined
      ? {}
      : { when: { condition: conditionOf(when), ...(within === undefined ? {} : { withinMs: within }) } }),
  };
}
