/**
 * Opening all that a run needs, from the far end to the near one: upstreams, links to them, servers, links to those,
 * agents' sessions. Each is deferred for closing as soon as it is open.
 */
import { join } from "node:path";
import type { Engine } from "../engines/engine.ts";
import { UserError } from "../errors.ts";
import { openEngine, type EngineChoice } from "../engines/registry.ts";
import { faultKindNamed } from "../faults/registry.ts";
import type { LedgerReader } from "../effects/follow.ts";
import { placeInWords, type FaultPlace } from "../history/fault-place.ts";
import type { Tracer } from "../history/ids.ts";
import type { HistoryWriter } from "../history/segments.ts";
import type { Trust } from "../certificates.ts";
import type { Masks } from "../masks.ts";
import { openLink, type Link } from "../links/link.ts";
import type { Plan } from "../plan/plan.ts";
import type { Scenario, ScenarioServer, ScenarioUpstream } from "../scenario/resolve.ts";
import { calleesFirst } from "../scenario/server-calls.ts";
import { replicaName } from "../scenario/replicas.ts";
import { renderText } from "../scenario/template.ts";
import type { Herd } from "../targets/herd.ts";
import { requirePrlimit } from "../targets/limits.ts";
import { processFaults } from "../targets/process-faults.ts";
import { awaitUrl } from "../targets/await-answer.ts";
import { startProcess, type Readiness } from "../targets/process.ts";
import { wires } from "../wire/registry.ts";
import type { Tool } from "../wire/session.ts";
import type { World } from "../world.ts";
import type { Closing } from "./closing.ts";
import { lowerCased, openAdmission, orNotAdmitted, type Admission } from "./admission.ts";
import { readCredentials, squallItself, type Credentials } from "./credentials.ts";
import type { Crew, CrewGroup } from "./crew.ts";
import type { BriefedGroup } from "./crew-messages.ts";
import { openAgents } from "./open-agents.ts";
import { throughTls } from "./through-tls.ts";
import { createDialects } from "./dialects.ts";
import { explained } from "./first-contact.ts";
import type { Breakable, FaultyLink, FaultyProcesses } from "./fault-desk.ts";
import { openLedgers, requireDrivers } from "./ledgers.ts";
import type { OpWatch } from "./op-news.ts";
import { httpTarget, type SessionTarget } from "./session-target.ts";
import { addressOf, openReplicas, seenThrough, type ReplicaEntry } from "./replica-entry.ts";
import { openServerLinks, type Told } from "./server-links.ts";
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

/** `local`: the groups whose servers are pipes of processes, which no other thread could hold. */
export type OpenLoad = (groups: readonly BriefedGroup[], admission: Admission, local: readonly CrewGroup[]) => Crew;

export interface Stage extends Breakable {
  readonly crew: Crew;
  readonly ledgers: readonly LedgerReader[];
  /** What a server offers, asked straight and not over any link, so that no fault on a link is taken for its own. */
  readonly listToolsOf: (server: string, timeoutMs: number) => Promise<readonly Tool[]>;
}

// What is said to run already may just be coming up, but nobody wants to wait long for what is not there.
const alreadyRunningMs = 2000;

export async function openStage(options: StageOptions): Promise<Stage> {
  const { scenario, world } = options;
  const kinds = options.plan.faults.map(({ kind }) => faultKindNamed(kind));
  if (kinds.some((kind) => kind.on === "process" && kind.needs === "prlimit")) await requirePrlimit(world);
  requireDrivers(scenario, world);
  const credentials = await readCredentials(options);
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
  const { servers, origins } = await openServers(options, { credentials, upstreams, openLinkTo, processes, onHerd });
  const over = async (group: string, server: string): Promise<URL | SessionTarget> => {
    const at = known(servers, server);
    const link = `${group}@${server}`;
    if ("over" in at) return at.over(link, links, credentials.identityOf(group, server));
    const url = "balanced" in at ? at.balanced : at;
    return named(scenario.servers, server).direct ? url : seenThrough(url, await openLinkTo(link, url, "mcp"));
  };
  const straightTo = (server: string): URL | undefined => {
    const at = known(servers, server);
    return "balanced" in at ? at.straight : undefined;
  };
  const dialects = createDialects(scenario);
  const admission = await orNotAdmitted(openAdmission({ ...options, credentials }, origins));
  const crew = await openAgents(options, { over, straightTo, origins, dialects, admission });
  const straight = (server: string): SessionTarget => {
    const at = known(servers, server);
    const url = "balanced" in at ? at.straight : at;
    return dialects.speakingTo(
      "over" in url
        ? url.straight(credentials.identityOf(squallItself, server))
        : httpTarget(server, { url, ...admission.to(squallItself, server) }),
    );
  };
  const ledgers = await openLedgers(options, {
    addressOf: (upstream) => known(upstreams, upstream),
    openSession: (server) => straight(server).open(wires.lean, readBackSession(world)),
  });
  const listToolsOf = (server: string, timeoutMs: number): Promise<readonly Tool[]> =>
    listToolsAt(straight(server), { timeoutMs, world });
  return { links, processes, crew, ledgers, listToolsOf };
}

const sessionTimeoutMs = 10_000;

function readBackSession(world: World) {
  return { instance: "read-back", agent: 0, timeoutMs: sessionTimeoutMs, world, clientName: "squall read-back" };
}

/** Every server with the links to its upstreams; and where each really is, behind whatever of ours stands before it. */
async function openServers(
  options: StageOptions,
  on: {
    readonly credentials: Credentials;
    readonly upstreams: ReadonlyMap<string, URL>;
    readonly openLinkTo: OpenLinkTo;
    readonly processes: Map<string, FaultyProcesses>;
    readonly onHerd: OnHerd;
  },
) {
  const { scenario } = options;
  const { credentials, upstreams, openLinkTo, processes, onHerd } = on;
  const servers = new Map<string, URL | StdioEntry | ReplicaEntry>();
  const calleeOf = (name: string) => {
    const url = upstreams.get(name);
    if (url !== undefined) return { ...named(scenario.upstreams, name), url };
    const at = known(servers, name);
    if ("over" in at) throw new Error(`${name} speaks stdio, so no link leads to it`);
    return { url: "balanced" in at ? at.balanced : at, protocol: "http" as const };
  };
  const openServer = (server: ScenarioServer, told: Told) => {
    if (server.transport === "stdio") return openStdio(options, server, told, onHerd);
    const trust = credentials.trustOf(server.name);
    const about = { target: server, role: "server", told, onHerd, trust } as const;
    if (server.replicas === undefined) return startTarget(options, about);
    return openReplicas(options, server, {
      start: (replica, hear) => startTarget(options, { ...about, replica, onHerd: hear }),
      onHerd,
      onReplicas: (faults) => void processes.set(placeInWords({ server: server.name }), faults),
      openLinkTo,
    });
  };
  const origins = new Map<string, URL>();
  for (const server of calleesFirst(scenario.servers)) {
    options.onStep(`starting ${server.name}`);
    const told = await openServerLinks(options, server, { openLinkTo, calleeOf });
    const at = await openServer(server, told);
    if (at instanceof URL) {
      const trust = credentials.trustOf(server.name);
      // A person may want to be heard under another name.
      const { host } = lowerCased(renderAll(server.headers, options.world));
      origins.set(server.name, at);
      servers.set(server.name, await throughTls(options, at, { trust, host }));
    } else {
      if ("balanced" in at) origins.set(server.name, at.straight);
      servers.set(server.name, at);
    }
  }
  return { servers, origins };
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
    readonly told?: Told;
    /** Which of its replicas, from 1 on. */
    readonly replica?: number;
    readonly onHerd: OnHerd;
    readonly trust?: Trust;
  },
): Promise<URL> {
  const { world, recorder, stopping, closing, directory } = options;
  const { target, role, replica } = about;
  const { name, startTimeoutMs } = target;
  const instance = replica === undefined ? undefined : replicaName(name, replica);
  const trust = about.trust === undefined ? {} : { trust: about.trust };
  const common = { name, role, world, recorder, startTimeoutMs, signal: stopping, ...trust };
  const env = { ...renderAll(target.env, world, about.told), ...about.told?.variables };
  const { target: what } = target;
  const speaks = "transport" in target ? {} : { speaks: target.protocol };
  if (what.is === "url") {
    const url = new URL(renderText(what.url, world.env));
    await awaitUrl({ ...common, ...speaks, url, timeoutMs: alreadyRunningMs }).catch(async (error: unknown) => {
      // An upstream is not greeted: it speaks no MCP.
      if (role === "upstream" || stopping.aborted || !(error instanceof UserError)) throw error;
      throw await explained(error, { server: name, url, at: url, headers: {}, world, ...trust });
    });
    return url;
  }
  const start = startCommand(options, what, { name, told: about.told });
  const ready: Readiness =
    what.is === "fixture" ? { by: "line" } : { by: "url", url: renderText(what.url, world.env), ...speaks };
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
