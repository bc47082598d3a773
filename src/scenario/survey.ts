/**
 * What can be made of a scenario in which some things are wrong: each entry that is right by itself, and of the others
 * their names and what they refer to, so that one mistake neither hides the next nor makes others up.
 */
import type { z } from "zod";
import type { DeclaredLink } from "../history/declared.ts";
import { placeKeys } from "./fault-places.ts";
import { egressHosts, type EgressHost } from "./egress.ts";
import type { IdentityOutput } from "./identity.ts";
import type { Path } from "./mistakes.ts";
import { linksOf } from "./links.ts";
import { aimIn, writtenCourse } from "./written-chain.ts";
import { replicasOf } from "./replicas.ts";
import type { ScenarioServer } from "./resolve.ts";
import { toldLinks } from "./told.ts";
import type { Aim, StepKind, Values } from "../steps/kinds.ts";
import { stepKindsIn } from "../steps/registry.ts";
import { entries, type ScenarioOutput } from "./schema.ts";

export interface Entry<T> {
  readonly path: Path;
  readonly name: string;
  /** Absent where the schema finds it wrong. */
  readonly value?: T;
}

export interface SurveyedServer extends Entry<ScenarioOutput["servers"][string]> {
  readonly upstreams: ScenarioServer["upstreams"];
  readonly toldLinks: ScenarioServer["toldLinks"];
  /** What its gateway maps, each as it is written too. */
  readonly egress: readonly (EgressHost & { readonly written: string })[];
}

/** As written: what a step refers to can be told whatever else is wrong with it. */
export interface SurveyedStep {
  readonly path: Path;
  /** The how-manieth part of the chain it belongs to: steps of one run at once. */
  readonly stretch: number;
  /** The number of the step that it stands in for. */
  readonly insteadOf?: number;
  /** The kinds that it is written as: one, unless something is wrong with it. */
  readonly kinds: readonly StepKind[];
  /** What it asks for, where that could be read. */
  readonly aim?: Aim;
  readonly written: Values;
  readonly args: unknown;
  readonly save: ReadonlyMap<string, string>;
  readonly effect?: string;
}

export interface SurveyedGroup {
  readonly path: Path;
  readonly name: string;
  readonly arrivals?: ScenarioOutput["agents"][string]["arrivals"];
  readonly wire?: string;
  /** One for each server that it names. */
  readonly identities: readonly Entry<IdentityOutput>[];
  /** What its policy says to do when the patience ends. */
  readonly onTimeout?: string;
  /** As written; absent where the schema finds it wrong. */
  readonly policy?: Readonly<Record<string, unknown>>;
  readonly hasBudget: boolean;
  readonly steps: readonly SurveyedStep[];
  /** As written: steps, and what holds them or stands between them. */
  readonly written: Values;
}

export interface SurveyedFault extends Entry<ScenarioOutput["faults"][number]> {
  readonly kind?: string;
  /** Which of them it names, also where it names nothing that could be read. */
  readonly places: readonly (typeof placeKeys)[number][];
  readonly link?: string | readonly string[];
  readonly server?: string;
  readonly upstream?: string;
  readonly during?: string;
}

export interface SurveyedEffect extends Entry<ScenarioOutput["effects"][string]> {
  readonly ledger?: string;
  /** Whether its ops must tell their ids. */
  readonly needsOpId: boolean;
}

export interface SurveyedThreshold {
  readonly path: Path;
  readonly expression: string;
  readonly abortOnFail: boolean;
  /** It says how long it ends nothing. */
  readonly hasGrace: boolean;
}

export interface SurveyedStop {
  readonly path: Path;
  readonly when: string;
}

export interface Survey {
  readonly upstreams: readonly Entry<ScenarioOutput["upstreams"][string]>[];
  readonly servers: readonly SurveyedServer[];
  readonly groups: readonly SurveyedGroup[];
  /** The scenario says so itself: a map with nothing in it. */
  readonly noAgents: boolean;
  readonly phases: readonly Entry<ScenarioOutput["phases"][number]>[];
  readonly faults: readonly SurveyedFault[];
  readonly effects: readonly SurveyedEffect[];
  readonly thresholds: readonly SurveyedThreshold[];
  readonly stops: readonly SurveyedStop[];
  /** Where something could not be read, what is not found may be there all the same. */
  readonly read: { readonly servers: boolean; readonly wiring: boolean; readonly chains: boolean };
}

export function survey(raw: unknown): Survey {
  const servers = entriesOf(raw, "servers");
  const groups = entriesOf(raw, "agents").map(([name, group]) => surveyGroup(name, mapAt(group)));
  return {
    upstreams: entriesOf(raw, "upstreams").map(([name, entry]) =>
      parsed(entry, { path: ["upstreams", name], name, schema: entries.upstream }),
    ),
    servers: servers.map(([name, entry]) => ({
      ...parsed(entry, { path: ["servers", name], name, schema: entries.server }),
      upstreams: [...textsAt(entry, "upstreams")].map(([variable, upstream]) => ({
        variable,
        upstream,
        link: `${name}->${upstream}`,
      })),
      toldLinks: toldLinks(name, mapAt(entry)),
      egress: [...textsAt(mapAt(entry)["egress"], "hosts")].flatMap(([written, upstream]) =>
        egressHosts(name, [[written, upstream]]).map((host) => ({ ...host, written })),
      ),
    })),
    groups,
    noAgents: isMap(mapAt(raw)["agents"]) && groups.length === 0,
    phases: listAt(mapAt(raw)["phases"]).map((entry, index) =>
      parsed(entry, { path: ["phases", index], name: String(index), schema: entries.phase }),
    ),
    faults: listAt(mapAt(raw)["faults"]).map((entry, index) => ({
      ...parsed(entry, { path: ["faults", index], name: String(index), schema: entries.fault }),
      ...textAt(entry, "kind"),
      places: placeKeys.filter((key) => key in mapAt(entry)),
      ...linkAt(entry),
      ...textAt(entry, "server"),
      ...textAt(entry, "upstream"),
      ...textAt(entry, "during"),
    })),
    effects: entriesOf(raw, "effects").map(([name, entry]) => ({
      ...parsed(entry, { path: ["effects", name], name, schema: entries.effect }),
      ...textAt(entry, "ledger"),
      needsOpId: !("total" in mapAt(entry) || "requests" in mapAt(entry)),
    })),
    thresholds: listAt(mapAt(raw)["thresholds"]).flatMap((entry, index) =>
      surveyThreshold(entry, ["thresholds", index]),
    ),
    stops: listAt(mapAt(raw)["stop"]).flatMap((entry, index) =>
      Object.values(textAt(entry, "when")).map((when) => ({ path: ["stop", index, "when"], when })),
    ),
    read: {
      servers: servers.length > 0,
      wiring: servers.every(([, entry]) => {
        const hosts = mapAt(mapAt(entry)["egress"])["hosts"];
        return isMap(entry) && isMap(entry["upstreams"] ?? {}) && isMap(entry["egress"] ?? {}) && isMap(hosts ?? {});
      }),
      chains:
        groups.length > 0 &&
        groups.every(({ steps }) => steps.length > 0 && steps.every(({ aim }) => aim !== undefined)),
    },
  };
}

/** The tools that some chain calls at a server. */
export function toolsCalledAt(server: string, { groups }: Survey): readonly string[] {
  const aims = groups.flatMap(({ steps }) => steps.flatMap(({ aim }) => aim ?? []));
  return [...new Set(aims.filter((aim) => aim.server === server).map(({ tool }) => tool))];
}

/** The links between those that could be told. */
export function linksIn(surveyed: Survey): readonly DeclaredLink[] {
  const groups = surveyed.groups.map((group) => ({
    name: group.name,
    steps: group.steps.flatMap(({ aim }) => aim ?? []),
  }));
  const servers = surveyed.servers.map((server) => ({
    ...server,
    transport: server.value?.transport ?? ("http" as const),
    direct: server.value?.direct ?? false,
    egress: { hosts: server.egress },
    replicas: replicasOf(server.name, server.value ?? {}),
  }));
  const upstreams = surveyed.upstreams.map((upstream) => ({
    name: upstream.name,
    protocol: upstream.value?.protocol ?? "http",
  }));
  return linksOf(groups, servers, upstreams);
}

function surveyThreshold(entry: unknown, path: Path): SurveyedThreshold[] {
  if (typeof entry === "string") return [{ path, expression: entry, abortOnFail: false, hasGrace: false }];
  const { abortOnFail, grace } = mapAt(entry);
  return Object.values(textAt(entry, "expect")).map((expression) => ({
    path: [...path, "expect"],
    expression,
    // Where it is neither true nor false the schema says so.
    abortOnFail: abortOnFail !== undefined && abortOnFail !== false,
    hasGrace: grace !== undefined,
  }));
}

function surveyGroup(name: string, group: Record<string, unknown>): SurveyedGroup {
  const path = ["agents", name];
  const arrivals = entries.arrivals.safeParse(group["arrivals"]);
  const course = writtenCourse(group["chain"], [...path, "chain"]);
  const steps = course.steps.map(({ entry, ...place }) => {
    const standsFor = course.steps[place.insteadOf ?? -1]?.entry;
    return surveyStep(entry, place, textsAt("save" in entry ? entry : (standsFor ?? entry), "save"));
  });
  const identities = entriesOf(group, "identity").map(([server, entry]) =>
    parsed(entry, { path: [...path, "identity", server], name: server, schema: entries.identity }),
  );
  return {
    path,
    name,
    steps,
    written: group,
    identities,
    ...textAt(group, "wire"),
    ...textAt(group["policy"], "onTimeout"),
    ...(entries.policy.safeParse(group["policy"]).success ? { policy: mapAt(group["policy"]) } : {}),
    hasBudget: group["budget"] !== undefined,
    ...(arrivals.success ? { arrivals: arrivals.data } : {}),
  };
}

function surveyStep(
  written: Values,
  place: Pick<SurveyedStep, "path" | "stretch" | "insteadOf">,
  save: SurveyedStep["save"],
): SurveyedStep {
  const aim = aimIn(written);
  return {
    ...place,
    kinds: stepKindsIn(written),
    ...(aim === undefined ? {} : { aim }),
    written,
    args: written["args"] ?? {},
    save,
    ...textAt(written, "effect"),
  };
}

function parsed<T>(
  entry: unknown,
  { path, name, schema }: { readonly path: Path; readonly name: string; readonly schema: z.ZodType<T> },
): Entry<T> {
  const result = schema.safeParse(entry);
  return { path, name, ...(result.success ? { value: result.data } : {}) };
}

function entriesOf(raw: unknown, section: string): [string, unknown][] {
  return Object.entries(mapAt(mapAt(raw)[section]));
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function mapAt(value: unknown): Record<string, unknown> {
  return isMap(value) ? value : {};
}

export function listAt(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function linkAt(entry: unknown): Pick<SurveyedFault, "link"> {
  const { link } = mapAt(entry);
  const isText = (one: unknown): one is string => typeof one === "string";
  return Array.isArray(link) && link.every(isText) ? { link } : textAt(entry, "link");
}

function textAt<Key extends string>(value: unknown, key: Key): { readonly [K in Key]?: string } {
  const text = mapAt(value)[key];
  // TypeScript takes the type of a computed key for string.
  return (typeof text === "string" ? { [key]: text } : {}) as { readonly [K in Key]?: string };
}

function textsAt(value: unknown, key: string): ReadonlyMap<string, string> {
  const texts = Object.entries(mapAt(mapAt(value)[key]));
  return new Map(texts.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}
