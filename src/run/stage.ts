/**
 * Opening all that a run needs, from the far end to the near one: upstreams, links to them, servers, links to those,
 * agents' sessions. Each is deferred for closing as soon as it is open.
 */
import { join } from "node:path";
import type { Engine } from "../engines/engine.ts";
import { openEngine, type EngineChoice } from "../engines/registry.ts";
import { faultKindNamed } from "../faults/registry.ts";
import { openLedgerReader, type LedgerReader } from "../effects/ledger.ts";
import { placeInWords, type FaultPlace } from "../history/fault-place.ts";
import type { Tracer } from "../history/ids.ts";
import type { HistoryWriter } from "../history/segments.ts";
import type { Masks } from "../masks.ts";
import { openLink, type Link } from "../links/link.ts";
import type { Plan } from "../plan/plan.ts";
import type { Scenario, ScenarioServer, ScenarioUpstream } from "../scenario/resolve.ts";
import { replicaName } from "../scenario/replicas.ts";
import { renderText } from "../scenario/template.ts";
import type { Herd } from "../targets/herd.ts";
import { requirePrlimit } from "../targets/limits.ts";
import { processFaults } from "../targets/process-faults.ts";
import { awaitUrl } from "../targets/await-answer.ts";
import { fixtureNamed } from "../targets/fixtures.ts";
import { startProcess, type Readiness } from "../targets/process.ts";
import type { World } from "../world.ts";
import type { Closing } from "./closing.ts";
import type { Crew, CrewGroup } from "./crew.ts";
import type { BriefedGroup } from "./crew-messages.ts";
import { openCrews } from "./crews.ts";
import { createDialects, type Dialects } from "./dialects.ts";
import { openEgress } from "./egress.ts";
import type { Breakable, FaultyLink, FaultyProcesses } from "./fault-desk.ts";
import type { OpWatch } from "./op-news.ts";
import { httpTarget, type SessionTarget } from "./session-target.ts";
import { preflight } from "./preflight.ts";
import { addressOf, openReplicas, seenThrough, type ReplicaEntry } from "./replica-entry.ts";
import { renderAll, startCommand } from "./start-command.ts";
import { openStdio, type StdioEntry } from "./stdio-entry.ts";
import { listToolsAt } from "./tool-lists.ts";

export interface StageOptions {
  readonly scenario: Scenario;
  readonly plan: Plan;
  /** Absent: the embedded one. */
  readonly engine?: EngineChoice;
  /** Where logs and ledgers of what was started are kept. */
  readonly directory: string;
  /** Seen from where the scenario's file is. */
  readonly home: string;
  readonly lease: string;
  readonly nonce: string;
  readonly tracer: Tracer;
  readonly recorder: HistoryWriter;
  /** What nobody may write down. */
  readonly masks: Masks;
  readonly secrets: readonly string[];
  /** How many threads agents get, where a person has said so. */
  readonly threads?: number;
  readonly watch: OpWatch;
  readonly onUnwritten: (error: Error) => void;
  /** A thread's part of the history is closed, and holds so many events. */
  readonly onWritten: (writer: string, events: number) => void;
  /** Who loads the servers in place of the scenario's agents. */
  readonly openLoad?: OpenLoad;
  readonly world: World;
  readonly closing: Closing;
  readonly stopping: AbortSignal;
  readonly onStep: (says: string) => void;
  /** No link passes anything any more. */
  readonly onEngineLost: (error: Error) => void;
}

export type OpenLoad = (groups: readonly BriefedGroup[]) => Crew;

export interface Stage extends Breakable {
  readonly crew: Crew;
  readonly ledgers: readonly LedgerReader[];
  /** What a server offers, asked straight and not over any link, so that no fault on a link is taken for its own. */
  readonly listToolsOf: (server: string, timeoutMs: number) => Promise<readonly string[]>;
}

const quietLeastMs = 1000;
const quietMostMs = 5000;
// What is said to run already may just be coming up, but nobody wants to wait long for what is not there.
const alreadyRunningMs = 2000;

export async function openStage(options: StageOptions): Promise<Stage> {
  const { scenario, world } = options;
  const kinds = options.plan.faults.map(({ kind }) => faultKindNamed(kind));
  if (kinds.some((kind) => kind.on === "process" && kind.needs === "prlimit")) await requirePrlimit(world);
  const engine = await startEngine(options);
  const links = new Map<string, FaultyLink>();
  const processes = new Map<string, FaultyProcesses>();
  const onHerd: OnHerd = (place, herd) => {
    processes.set(placeInWords(place), processFaults(herd, world));
  };
  const openLinkTo = linkOpener(options, engine, links);

  const upstreams = new Map<string, URL>();
  for (const upstream of scenario.upstreams) {
    options.onStep(`starting ${upstream.name}`);
    upstreams.set(upstream.name, await startTarget(options, { target: upstream, role: "upstream", onHerd }));
  }
  const openServer = (server: ScenarioServer, variables: Readonly<Record<string, string>>) => {
    if (server.transport === "stdio") return openStdio(options, server, variables, onHerd);
    const about = { target: server, role: "server", variables, onHerd } as const;
    if (server.replicas === undefined) return startTarget(options, about);
    return openReplicas(options, server, {
      start: (replica, hear) => startTarget(options, { ...about, replica, onHerd: hear }),
      onHerd,
      onReplicas: (faults) => void processes.set(placeInWords({ server: server.name }), faults),
      openLinkTo,
    });
  };
  const servers = new Map<string, URL | StdioEntry | ReplicaEntry>();
  for (const server of scenario.servers) {
    options.onStep(`starting ${server.name}`);
    const variables: Record<string, string> = {};
    const open = async ({ link, upstream }: { readonly link: string; readonly upstream: string }): Promise<URL> => {
      const callee = known(upstreams, upstream);
      return seenThrough(callee, await openLinkTo(link, callee, named(scenario.upstreams, upstream).protocol));
    };
    for (const { variable, upstream, link } of server.upstreams) {
      const url = await open({ upstream, link });
      const { protocol } = named(scenario.upstreams, upstream);
      variables[variable] = protocol === "http" ? url.href.replace(/\/$/, "") : url.host;
    }
    Object.assign(variables, await openEgress(options, server, { open, own: Object.values(variables) }));
    servers.set(server.name, await openServer(server, variables));
  }
  const over = async (link: string, server: string): Promise<URL | SessionTarget> => {
    const at = known(servers, server);
    if ("over" in at) return at.over(link, links);
    const url = "balanced" in at ? at.balanced : at;
    return named(scenario.servers, server).direct ? url : seenThrough(url, await openLinkTo(link, url, "mcp"));
  };
  const straightTo = (server: string): URL | undefined => {
    const at = known(servers, server);
    return "balanced" in at ? at.straight : undefined;
  };
  const dialects = createDialects(scenario.servers);
  const crew = await openAgents(options, { over, straightTo, dialects });
  const listToolsOf = (server: string, timeoutMs: number): Promise<readonly string[]> => {
    const at = known(servers, server);
    const headers = renderAll(named(scenario.servers, server).headers, world);
    const url = "balanced" in at ? at.straight : at;
    const target = "over" in url ? url.straight() : httpTarget(server, { url, headers });
    return listToolsAt(dialects.speakingTo(target), { timeoutMs, world });
  };
  return { links, processes, crew, ledgers: openLedgers(options, upstreams), listToolsOf };
}

async function startEngine(options: StageOptions): Promise<Engine> {
  const { engine: choice = { kind: "embedded" }, scenario, recorder, closing, onStep } = options;
  if (choice.kind !== "embedded") onStep("starting the engine");
  const engine = await openEngine(choice, { ...options, seed: scenario.seed });
  closing.defer("the engine", () => engine.close());
  void engine.lost.then(options.onEngineLost);
  const { kind, version, says } = engine;
  recorder.record({ type: "engine-ready", kind, version, ...(says === undefined ? {} : { says }) });
  return engine;
}

/** Told of processes that faults may take hold of, and of the place that they are. */
export type OnHerd = (place: FaultPlace, herd: Herd) => void;

export type OpenLinkTo = (link: string, callee: URL, protocol: "mcp" | "http" | "tcp") => Promise<Link>;

function linkOpener(options: StageOptions, engine: Engine, links: Map<string, FaultyLink>): OpenLinkTo {
  const { recorder, tracer, world, closing } = options;
  return async (name, callee, protocol) => {
    const upstream = addressOf(callee);
    const link = await openLink({ name, engine, upstream, protocol, recorder, tracer, world });
    links.set(name, link);
    closing.defer(`the link ${name}`, () => link.close());
    return link;
  };
}

/** Starts what the scenario says, or makes sure that it runs; answers where it listens. */
async function startTarget(
  options: StageOptions,
  about: {
    readonly target: ScenarioServer | ScenarioUpstream;
    readonly role: "server" | "upstream";
    readonly variables?: Readonly<Record<string, string>>;
    /** Which of its replicas, from 1 on. */
    readonly replica?: number;
    readonly onHerd: OnHerd;
  },
): Promise<URL> {
  const { world, recorder, stopping, closing, directory } = options;
  const { target, role, replica } = about;
  const { name, startTimeoutMs } = target;
  const instance = replica === undefined ? undefined : replicaName(name, replica);
  const common = { name, role, world, recorder, startTimeoutMs, signal: stopping };
  const env = { ...renderAll(target.env, world), ...about.variables };
  const { target: what } = target;
  if (what.is === "url") {
    const url = new URL(renderText(what.url, world.env));
    await awaitUrl({ ...common, url, timeoutMs: alreadyRunningMs });
    return url;
  }
  const start = startCommand(options, what, { name });
  const ready: Readiness = what.is === "fixture" ? { by: "line" } : { by: "url", url: renderText(what.url, world.env) };
  const started = await startProcess({
    ...common,
    ...start,
    ...(instance === undefined ? {} : { instance }),
    ready,
    ...("restart" in target && target.restart !== undefined ? { restart: target.restart } : {}),
    env: { ...start.env, ...env },
    lease: options.lease,
    masks: options.masks,
    logFile: join(directory, "targets", `${instance ?? name}.log`),
  });
  closing.defer(instance ?? name, () => started.stop());
  about.onHerd({ [role]: name, ...(replica === undefined ? {} : { replica }) }, started.herd);
  return started.url;
}

/** Opens each group's links and, once every server has been found fit for it, the sessions of its agents. */
async function openAgents(
  options: StageOptions,
  {
    over,
    straightTo,
    dialects,
  }: {
    readonly over: (link: string, server: string) => Promise<URL | SessionTarget>;
    /** Past the links to its replicas, for what must not depend on how they share their sessions. */
    readonly straightTo: (server: string) => URL | undefined;
    readonly dialects: Dialects;
  },
): Promise<Crew> {
  const { scenario, plan, world, closing, stopping, onStep } = options;
  const threaded: BriefedGroup[] = [];
  const local: CrewGroup[] = [];
  for (const group of scenario.groups) {
    onStep(`greeting the servers of ${group.name}`);
    const arrivals = plan.arrivals.find((planned) => planned.group === group.name);
    if (arrivals === undefined) throw new Error(`no arrivals planned for ${group.name}`);
    const briefed: BriefedGroup["targets"][number][] = [];
    const targets: SessionTarget[] = [];
    for (const name of new Set(group.steps.map((step) => step.server))) {
      const at = await over(`${group.name}@${name}`, name);
      if (at instanceof URL) {
        const headers = renderAll(named(scenario.servers, name).headers, world);
        briefed.push({ server: name, url: at.href, headers });
        targets.push(httpTarget(name, { url: at, headers }));
      } else targets.push(at);
    }
    const greeted = targets.map((target) => {
      const url = straightTo(target.server);
      const headers = renderAll(named(scenario.servers, target.server).headers, world);
      return dialects.speakingTo(url === undefined ? target : httpTarget(target.server, { url, headers }));
    });
    dialects.learn(await preflight(group, greeted, options));
    // What holds the pipe of a process cannot be handed to another thread.
    if (briefed.length === targets.length) threaded.push({ group, arrivals, targets: briefed.map(dialects.with) });
    else local.push({ group, arrivals, targets: targets.map(dialects.speakingTo) });
  }
  onStep("opening the agents' sessions");
  const crew = options.openLoad?.(threaded) ?? openCrews({ ...options, threaded, local });
  closing.defer("the agents", () => crew.close());
  await crew.open(stopping);
  return crew;
}

function openLedgers(options: StageOptions, upstreams: ReadonlyMap<string, URL>): LedgerReader[] {
  const { scenario, tracer, recorder, world } = options;
  const patiencesMs = scenario.groups.map(({ policy }) => policy.timeoutMs);
  const quietForMs = Math.min(quietMostMs, Math.max(quietLeastMs, ...patiencesMs));
  const ledgers = new Set(scenario.effects.map(({ ledger }) => ledger));
  return [...ledgers].map((ledger) => {
    const { target } = named(scenario.upstreams, ledger);
    const path = target.is === "fixture" ? fixtureNamed(target.fixture).ledger : undefined;
    if (path === undefined) throw new Error(`${ledger} keeps no ledger`);
    const url = new URL(path, known(upstreams, ledger));
    return openLedgerReader({ ledger, url, tracer, quietForMs, recorder, world });
  });
}

function named<T extends { readonly name: string }>(all: readonly T[], name: string): T {
  const found = all.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`nothing is called ${name}`);
  return found;
}

function known<T>(all: ReadonlyMap<string, T>, name: string): T {
  const found = all.get(name);
  if (found === undefined) throw new Error(`${name} is not open`);
  return found;
}
