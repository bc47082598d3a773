/**
 * A scout: one session with one server in place of a run's agents, for whoever wants to know a server before there is
 * anything to walk. Comes in: what to do there. Goes out: what was listed and answered; nothing it asks is recorded.
 */
import { messageOf, UserError } from "../errors.ts";
import { createTracer } from "../history/ids.ts";
import { outcomeClasses } from "../history/outcomes.ts";
import { formatDuration } from "../units.ts";
import { isObject } from "../wire/lean-rpc.ts";
import { openLeanSession } from "../wire/lean.ts";
import { callTool, listings, listPage, pagesMax } from "../wire/requests.ts";
import type { Answer, McpRequest, Session } from "../wire/session.ts";
import type { World } from "../world.ts";
import { unreachable, type Crew } from "./crew.ts";
import { httpTarget, type SessionTarget } from "./session-target.ts";
import type { OpenLoad } from "./stage.ts";
import { unlessStopped } from "./unless-stopped.ts";

export interface Scouting {
  readonly protocolVersion: string;
  /** All answers come over one stream, as HTTP+SSE of 2024 has it. */
  readonly sharesStream: boolean;
  /** How long it took to open the session, a process of its own included. */
  readonly openedMs: number;
  /** As the server listed them, right or wrong. */
  readonly listTools: () => Promise<Listed>;
  readonly call: (tool: string, args: Readonly<Record<string, unknown>>) => Promise<Called>;
}

export type Listed =
  | { readonly is: "listed"; readonly tools: readonly unknown[] }
  /** The server has no such method: it has no tools. */
  | { readonly is: "unknown-method" }
  | { readonly is: "failed"; readonly says: string };

export interface Called {
  readonly ok: boolean;
  readonly tookMs: number;
  /** Why it is not ok, in the server's words where it said some; of one that was not answered, how long it had. */
  readonly says: string;
  readonly isTimeout: boolean;
  /** The process that was asked is gone. */
  readonly endsProcess: boolean;
  /** Of one that is ok. */
  readonly result?: unknown;
}

const openTimeoutMs = 10_000;
const methodNotFound = -32601;

/** The scenario has one group, and that calls one server. */
export function scoutWith(
  visit: (scouting: Scouting) => Promise<void>,
  about: {
    /** For one answer. */
    readonly patienceMs: number;
    readonly world: World;
    /** What the visit throws is the visitor's to tell; the run ends well. */
    readonly onFailed: (error: unknown) => void;
  },
): OpenLoad {
  const { world, onFailed } = about;
  return ([threaded], admission, [local]): Crew => {
    const target = local?.targets[0] ?? threadedTarget(threaded, admission);
    if (target === undefined) throw new Error("there is no server to scout");
    const opened: Session[] = [];
    const openOne = async (): Promise<Session> => {
      const wanted = { instance: "scout", agent: 0, timeoutMs: openTimeoutMs, world, clientName: "squall" };
      const session = await target.open(openLeanSession, wanted).catch((error: unknown) => {
        if (error instanceof Error && error.cause instanceof UserError) throw error.cause;
        throw unreachable(`${target.server}: ${messageOf(error)}`);
      });
      opened.push(session);
      return session;
    };
    let first: { readonly session: Session; readonly openedMs: number } | undefined;
    return {
      open: async (stopping) => {
        const fromUs = world.nowUs();
        const session = await unlessStopped(stopping, openOne());
        first = { session, openedMs: (world.nowUs() - fromUs) / 1000 };
      },
      // Its run has no phases to speak of, and waits for the last answers: those are the visit.
      drive: ({ cutOff: signal }) => {
        if (first === undefined) throw new Error("the scout has no session");
        const scouting = scoutingOn({ ...about, ...first, ...target, signal, again: openOne });
        const done = visit(scouting)
          .catch(onFailed)
          .then(() => []);
        return { done, tellAll: () => Promise.resolve() };
      },
      close: async () => {
        await Promise.all(opened.map((session) => session.close()));
      },
    };
  };
}

function threadedTarget(
  threaded: Parameters<OpenLoad>[0][number] | undefined,
  admission: Parameters<OpenLoad>[1],
): SessionTarget | undefined {
  const [briefed] = threaded?.targets ?? [];
  if (threaded === undefined || briefed === undefined) return undefined;
  const { server, url, dialect } = briefed;
  const spoken = dialect === undefined ? {} : { dialect };
  return httpTarget(server, { url: new URL(url), ...admission.to(threaded.group.name, server), ...spoken });
}

const fine = { ok: true, says: "", isTimeout: false, endsProcess: false } as const;

interface Visiting {
  readonly startsProcesses: boolean;
  readonly session: Session;
  /** Another session, where a call has cost the server its process or the session. */
  readonly again: () => Promise<Session>;
  readonly openedMs: number;
  readonly signal: AbortSignal;
  readonly patienceMs: number;
  readonly world: World;
}

function scoutingOn({
  startsProcesses,
  session: first,
  again,
  openedMs,
  signal,
  patienceMs,
  world,
}: Visiting): Scouting {
  const nonce = world.nonce();
  const group = "scout";
  const tracer = createTracer(nonce, [group]);
  let asked = 0;
  let session = first;
  const ask = async (request: McpRequest): Promise<Answer> => {
    if (session.lost) session = await again();
    const at = { group, agent: 0, walk: asked, step: 0 };
    asked += 1;
    const meta = { traceparent: tracer.traceparent(at, 0), "squall/op": `${nonce}.${group}.0.${at.walk}.0` };
    return session.call({ ...request, meta, timeoutMs: patienceMs, onTimeout: "cancel", signal, onLate: () => {} });
  };

  const listTools = async (): Promise<Listed> => {
    const { member } = listings.tools;
    const tools: unknown[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < pagesMax; page += 1) {
      const answer = await ask(listPage("tools", cursor));
      if (answer.rpcCode === methodNotFound) return { is: "unknown-method" };
      if (answer.outcome !== "ok") return { is: "failed", says: reasonOf(answer, patienceMs) };
      const result = isObject(answer.result) ? answer.result : {};
      const { [member]: listed, nextCursor } = result;
      if (!Array.isArray(listed)) return { is: "failed", says: "it answers tools/list without a list of tools" };
      tools.push(...listed);
      if (typeof nextCursor !== "string") return { is: "listed", tools };
      cursor = nextCursor;
    }
    return { is: "failed", says: `it has more than ${pagesMax} pages of tools` };
  };

  const call: Scouting["call"] = async (tool, args) => {
    const fromUs = world.nowUs();
    const answer = await ask(callTool(tool, args));
    const tookMs = (world.nowUs() - fromUs) / 1000;
    if (answer.outcome === "ok") return { ...fine, tookMs, result: answer.result };
    const isTimeout = answer.class === "timeout";
    const says = isTimeout ? formatDuration(patienceMs) : reasonOf(answer, patienceMs);
    return { ok: false, tookMs, says, isTimeout, endsProcess: startsProcesses && session.lost };
  };

  const { protocolVersion, begins } = first;
  return { protocolVersion, sharesStream: begins === "event-stream", openedMs, listTools, call };
}

function reasonOf({ class: is, says = "", status, rpcCode }: Answer, patienceMs: number): string {
  if (is === "timeout") return `no answer within ${formatDuration(patienceMs)}`;
  const code =
    status !== undefined && status >= 400 ? ` (HTTP ${status})` : rpcCode === undefined ? "" : ` (${rpcCode})`;
  return says === "" ? `${outcomeClasses[is].about}${code}` : `${is}${code}: ${says}`;
}
