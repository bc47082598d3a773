/**
 * The lean wire: our own MCP client over Streamable HTTP or stdio, for the revisions that open with `initialize`. It
 * costs a fraction of an SDK client and sees what SDKs mask: statuses, cut streams, wrong ids, answers that never come.
 */
import { messageOf } from "../errors.ts";
import { outcomeClasses } from "../history/outcomes.ts";
import { deniesSession } from "../history/session-words.ts";
import { formatDuration, shown } from "../units.ts";
import { leanCall } from "./lean-call.ts";
import type { Channel, Failure, Reply } from "./lean-channel.ts";
import { Line } from "./lean-line.ts";
import { isObject, type JsonObject } from "./lean-rpc.ts";
import { StdioChannel } from "./lean-stdio.ts";
import { SessionError, type OpenSession, type Session, type SessionOptions, type Tool } from "./session.ts";

const revisions = ["2025-11-25", "2025-06-18", "2025-03-26"] as const;
type Revision = (typeof revisions)[number];

/** A server that hands out cursors for ever must not keep us for ever. */
export const toolPagesMax = 64;

export const openLeanSession: OpenSession = async (options) => {
  const channel = channelTo(options);
  try {
    return sessionOn(channel, await greet(channel, options));
  } catch (thrown) {
    await channel.close();
    if (thrown instanceof SessionError) throw thrown;
    throw new SessionError(`${channel.name} could not be asked: ${messageOf(thrown)}`, { cause: thrown });
  }
};

function channelTo(options: SessionOptions): Channel {
  if ("pipe" in options) return new StdioChannel(options);
  const { protocol } = options.url;
  if (protocol !== "http:" && protocol !== "https:") {
    throw new SessionError(`expected an http: or https: URL, got ${shown(protocol)}`);
  }
  return new Line(options);
}

function sessionOn(channel: Channel, protocolVersion: Revision): Session {
  return {
    protocolVersion,
    get lost() {
      return channel.lost;
    },
    hasId: channel instanceof Line && channel.hasId,
    ...(channel instanceof Line ? { headers: channel.headers } : {}),
    call: (request) => leanCall(channel, request),
    listTools: (timeoutMs) => listTools(channel, timeoutMs),
    close: () => channel.close(),
  };
}

async function greet(channel: Channel, { timeoutMs, clientName }: SessionOptions): Promise<Revision> {
  const leftMs = countdown(channel, timeoutMs);
  const params = {
    protocolVersion: revisions[0],
    capabilities: {},
    clientInfo: { name: clientName, version: "1" },
  };
  const reply = await channel.ask({ method: "initialize", params }, leftMs());
  const offered = resultOf(channel, { method: "initialize", timeoutMs }, reply)["protocolVersion"];
  const revision = revisions.find((known) => known === offered);
  if (revision === undefined) {
    throw new SessionError(
      `${channel.name} answered initialize with protocol version ${shown(offered)}, expected ${revisions.join(", ")}`,
    );
  }
  channel.enter(revision, reply);

  const method = "notifications/initialized";
  const untaken = await channel.notify({ method }, leftMs());
  if (untaken !== undefined) {
    const { class: is, seen, error, text } = untaken;
    const refusal = { class: is, status: seen.status, says: error?.message ?? text };
    const isLoss = reply.sessionId !== undefined && deniesSession(refusal);
    const { message, cause } = failureOf(channel, { method, timeoutMs }, untaken);
    throw new SessionError(message, { cause, isLoss });
  }
  return revision;
}

async function listTools(channel: Channel, timeoutMs: number): Promise<readonly Tool[]> {
  const leftMs = countdown(channel, timeoutMs);
  const tools: Tool[] = [];
  let params: { readonly cursor?: string } = {};
  for (let page = 0; page < toolPagesMax; page += 1) {
    const reply = await channel.ask({ method: "tools/list", params }, leftMs());
    const result = resultOf(channel, { method: "tools/list", timeoutMs }, reply);
    tools.push(...toolsOf(channel, result["tools"]));
    const cursor = result["nextCursor"];
    if (typeof cursor !== "string") return tools;
    params = { cursor };
  }
  throw new SessionError(`${channel.name} has more than ${toolPagesMax} pages of tools`);
}

function toolsOf(channel: Channel, listed: unknown): Tool[] {
  if (!Array.isArray(listed)) throw new SessionError(`${channel.name} answered tools/list without a list of tools`);
  return listed.map((tool: unknown) => {
    if (!isObject(tool) || typeof tool["name"] !== "string") {
      throw new SessionError(`${channel.name} answered tools/list with a tool that has no name`);
    }
    const { annotations } = tool;
    const says = (hint: string): boolean => isObject(annotations) && annotations[hint] === true;
    const idempotent = says("idempotentHint") ? { idempotent: true as const } : {};
    return { name: tool["name"], readOnly: says("readOnlyHint"), ...idempotent };
  });
}

/** What is left of the patience, but never nothing: a request that was not made cannot tell what is wrong. */
export function countdown({ world }: Pick<SessionOptions, "world">, timeoutMs: number): () => number {
  const untilUs = world.nowUs() + timeoutMs * 1000;
  return () => Math.max(1, (untilUs - world.nowUs()) / 1000);
}

interface Asked {
  readonly method: string;
  readonly timeoutMs: number;
}

function resultOf(channel: Channel, asked: Asked, reply: Reply): JsonObject {
  if (reply.is === "failure") throw failureOf(channel, asked, reply);
  if ("result" in reply.answer) return reply.answer.result;
  const { code, message } = reply.answer.error;
  throw new SessionError(
    `${channel.name} answered ${asked.method} with JSON-RPC error ${code}: ${channel.words(message) ?? "(no message)"}`,
  );
}

function failureOf(
  channel: Channel,
  { method, timeoutMs }: Asked,
  { class: is, seen, error, cause }: Failure,
): SessionError {
  const { rung, about } = outcomeClasses[is];
  const silent = `${channel.name} did not answer ${method}`;
  if (rung === "timeout") return new SessionError(`${silent} within ${formatDuration(timeoutMs)}`);
  if (rung === "connection") {
    const detail = cause === undefined ? "" : ` (${messageOf(cause)})`;
    return new SessionError(`${silent}: ${about}${detail}`, { cause });
  }
  const what = rung === "http" ? `HTTP ${seen.status}` : about;
  const says = error === undefined ? undefined : channel.words(error.message);
  return new SessionError(`${channel.name} answered ${method} with ${what}${says === undefined ? "" : `: ${says}`}`, {
    cause,
  });
}
