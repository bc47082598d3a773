/**
 * A call that its server may take on as a task: it is begun, asked after until it has ended, and its result is fetched.
 * In 2025-11-25 the caller asks for a task; in 2026-07-28 the server chooses (extension io.modelcontextprotocol/tasks).
 */
import { isProtocolVersion, isSessionless } from "../history/protocol.ts";
import { duration } from "../units.ts";
import { isObject, type JsonObject } from "../wire/lean-rpc.ts";
import { bare } from "../wire/mcp-result.ts";
import { askOfTask, callAsTask } from "../wire/requests.ts";
import type { Answer, McpRequest, Session } from "../wire/session.ts";
import { splitName, stepKind, valuesIn, type Asked, type Came, type Manner, type Values } from "./kinds.ts";
import { responsesTo } from "./rounds.ts";

export const task = stepKind({
  key: "task",
  about: "server.Tool: called as a task, which is begun, asked after until it has ended, and fetched",
  like: "server.Tool",
  keys: {
    within: duration({ leastMs: 1 }).optional().describe("with task: how long it may take; 60s where absent"),
    cancelAfter: duration().optional().describe("with task: it is cancelled when it takes this long"),
    ttl: duration({ leastMs: 1 })
      .optional()
      .describe("with task: how long its server is asked to keep it (2025-11-25)"),
  },
  takesArgs: true,
  callsTool: true,
  aimOf: (value) => {
    const { server, name } = splitName(value);
    return { server, tool: name };
  },
  argsOf: (step) => valuesIn(step, "args"),
  settingsOf: ({ within, cancelAfter, ttl }) => ({ within, cancelAfter, ttl }),
  ask: beginAndFollow,
});

const withinMs = 60_000;
/** Where the server does not say, as the SDK has it; and whatever it says. */
const pollMs = 1000;
const pollLeastMs = 10;
const pollMostMs = 60_000;
const unknownTask = -32602;

interface Followed {
  readonly taskId: string;
  readonly asked: Asked;
  readonly isSessionless: boolean;
  readonly begunUs: number;
  readonly ttlMs: number;
  session: Session;
  manner: Manner;
  isCancelled: boolean;
  readonly answeredKeys: Set<string>;
}

async function beginAndFollow(session: Session, asked: Asked): Promise<Came> {
  const { tool, args, manner, settings = {} } = asked;
  const { protocolVersion } = session;
  const chooses = isProtocolVersion(protocolVersion) && isSessionless(protocolVersion);
  const wished = chooses ? undefined : ttlIn(settings);
  const begunUs = asked.nowUs();
  const answer = await session.call({ ...callAsTask(tool, args, wished), ...manner });
  const begun = taskIn(answer);
  // It may answer at once all the same.
  if (begun === undefined) return answer;
  const { taskId, ttl, ttlMs } = begun;
  if (typeof taskId !== "string") return { ...bare("malformed-answer"), says: "a task without a taskId" };
  const followed: Followed = {
    taskId,
    asked,
    isSessionless: chooses,
    begunUs,
    ttlMs: lastsMs(ttlMs ?? ttl),
    session,
    manner,
    isCancelled: false,
    answeredKeys: new Set(),
  };
  return follow(followed, { ...answer, ...bare("task-begun"), result: begun });
}

/** The task that an answer tells of, whichever way its revision has it. */
function taskIn({ class: is, result }: Answer): JsonObject | undefined {
  if (!isObject(result)) return undefined;
  if (is === "task-begun") return result;
  return is === "ok" && isObject(result["task"]) ? result["task"] : undefined;
}

/** Until it has ended, or nobody waits any more: then all that is known is that it was begun. */
async function follow(about: Followed, first: Answer): Promise<Came> {
  let answer = first;
  for (;;) {
    const { pollIntervalMs, pollInterval } = isObject(answer.result) ? answer.result : {};
    const next = await nextOf(about, answer, intervalOf(pollIntervalMs ?? pollInterval));
    if (next === undefined) return unended(answer);
    const manner = about.asked.goOn(answer);
    if (manner === undefined) return unended(answer);
    about.manner = manner;
    const came = await sent(about, next);
    if (came === undefined) return { ...bare("no-session"), outcome: "unknown" };
    if (ended(came, next)) return told(about, came, { of: next.method, hasFailed: statusIn(answer) === "failed" });
    answer = came;
  }
}

/** Its end is known, or it will never be. */
function ended({ class: is, result }: Answer, { method }: McpRequest): boolean {
  if (method === "tasks/result") return true;
  // What has ended meanwhile cannot be cancelled, and its server may say so.
  if (method === "tasks/update" || (method === "tasks/cancel" && is === "rpc-error")) return false;
  if (is === "task-begun") return false;
  // Whoever was not answered asks again: that changes nothing.
  if (is === "timeout" || is === "session-lost" || is === "no-session" || retried.has(is)) return false;
  if (method === "tasks/cancel" && is === "ok") return false;
  // In 2025 its result is still to be fetched.
  return !(method === "tasks/get" && is === "ok" && isObject(result) && typeof result["status"] === "string");
}

const retried: ReadonlySet<string> = new Set([
  "refused",
  "reset",
  "closed",
  "truncated",
  "http-gateway",
  "stream-ended",
]);

/** What is asked next; undefined where nobody waits any longer. */
async function nextOf(about: Followed, last: Answer, waitMs: number): Promise<McpRequest | undefined> {
  const { taskId, asked, begunUs, manner, answeredKeys } = about;
  const { settings = {}, world } = asked;
  const { class: is, result } = last;
  const status = statusIn(last);
  if (is === "ok" && (status === "completed" || status === "failed")) return askOfTask("result", taskId);
  if (status === "input_required" && isObject(result)) {
    if (!about.isSessionless) return askOfTask("result", taskId);
    const questions = isObject(result["inputRequests"]) ? Object.entries(result["inputRequests"]) : [];
    const open = questions.filter(([key]) => !answeredKeys.has(key));
    const { answering, signal } = manner;
    const responses = open.length === 0 ? undefined : await responsesTo(open, { answering, world, over: signal });
    for (const [key] of open) answeredKeys.add(key);
    if (responses !== undefined) return askOfTask("update", taskId, { inputResponses: responses });
  }
  const spentMs = (asked.nowUs() - begunUs) / 1000;
  const mostMs = numberIn(settings, "within") ?? withinMs;
  const cancelMs = about.isCancelled ? undefined : numberIn(settings, "cancelAfter");
  const untilMs = Math.min(spentMs + waitMs, mostMs, cancelMs ?? Number.POSITIVE_INFINITY, spentMs + asked.leftMs());
  if (untilMs > spentMs && !(await world.sleep(untilMs - spentMs, manner.signal))) return undefined;
  const nowMs = (asked.nowUs() - begunUs) / 1000;
  if (cancelMs !== undefined && nowMs >= cancelMs) {
    about.isCancelled = true;
    return askOfTask("cancel", taskId);
  }
  return nowMs >= mostMs ? undefined : askOfTask("get", taskId);
}

async function sent(about: Followed, request: McpRequest): Promise<Answer | undefined> {
  if (about.session.lost) {
    const session = await about.asked.sessionNow();
    if (session === undefined) return undefined;
    about.session = session;
  }
  return about.session.call({ ...request, ...about.manner });
}

/** What is said of a task that its server has begun: a no to a question about it is no no to the task. */
function told(
  { begunUs, ttlMs, asked }: Followed,
  answer: Answer,
  about: { readonly of: string; readonly hasFailed: boolean },
): Came {
  if (answer.class === "tool-error" || answer.outcome !== "failed") return answer;
  const isItsOwn = answer.class === "rpc-error" && (answer.result !== undefined || about.hasFailed);
  if (isItsOwn) return answer;
  const isDue = (asked.nowUs() - begunUs) / 1000 < ttlMs;
  const isLost = about.of === "tasks/get" && answer.rpcCode === unknownTask && isDue;
  return isLost ? { ...answer, ...bare("task-lost") } : unended(answer);
}

function statusIn({ result }: Answer): unknown {
  return isObject(result) ? result["status"] : undefined;
}

/** It was begun, and what became of it nobody knows. */
function unended(answer: Answer): Came {
  return { ...answer, outcome: "unknown" };
}

function ttlIn(settings: Values): { readonly ttl?: number } {
  const ttl = numberIn(settings, "ttl");
  return ttl === undefined ? {} : { ttl };
}

function numberIn(values: Values, key: string): number | undefined {
  const value = values[key];
  return typeof value === "number" ? value : undefined;
}

function lastsMs(ttl: unknown): number {
  return typeof ttl === "number" ? ttl : Number.POSITIVE_INFINITY;
}

function intervalOf(told: unknown): number {
  return typeof told === "number" ? Math.min(Math.max(told, pollLeastMs), pollMostMs) : pollMs;
}
