/**
 * The lean wire: our own MCP client over Streamable HTTP, for the revisions that open with `initialize`. It costs a
 * fraction of an SDK client and sees what SDKs mask: statuses, cut streams, wrong ids, answers that never come.
 */
import { messageOf } from "../errors.ts";
import { outcomeClasses } from "../history/outcomes.ts";
import { formatDuration, shown } from "../units.ts";
import { leanCall } from "./lean-call.ts";
import type { Reply } from "./lean-http.ts";
import { Line } from "./lean-line.ts";
import { isObject, type JsonObject } from "./lean-rpc.ts";
import { SessionError, type OpenSession, type Session, type SessionOptions, type Tool } from "./session.ts";

const revisions = ["2025-11-25", "2025-06-18", "2025-03-26"] as const;
type Revision = (typeof revisions)[number];

/** A server that hands out cursors for ever must not keep us for ever. */
export const toolPagesMax = 64;

export const openLeanSession: OpenSession = async (options) => {
  const { protocol } = options.url;
  if (protocol !== "http:" && protocol !== "https:") {
    throw new SessionError(`expected an http: or https: URL, got ${shown(protocol)}`);
  }
  const line = new Line(options);
  try {
    return sessionOn(line, await greet(line, options));
  } catch (thrown) {
    await line.close();
    if (thrown instanceof SessionError) throw thrown;
    throw new SessionError(`${line.name} could not be asked: ${messageOf(thrown)}`, { cause: thrown });
  }
};

function sessionOn(line: Line, protocolVersion: Revision): Session {
  return {
    protocolVersion,
    get lost() {
      return line.lost;
    },
    call: (request) => leanCall(line, request),
    listTools: (timeoutMs) => listTools(line, timeoutMs),
    close: () => line.close(),
  };
}

async function greet(line: Line, { timeoutMs, clientName }: SessionOptions): Promise<Revision> {
  const leftMs = countdown(line, timeoutMs);
  const params = {
    protocolVersion: revisions[0],
    capabilities: {},
    clientInfo: { name: clientName, version: "1" },
  };
  const reply = await line.ask({ method: "initialize", params }, leftMs());
  const offered = resultOf(line, { method: "initialize", timeoutMs }, reply)["protocolVersion"];
  const revision = revisions.find((known) => known === offered);
  if (revision === undefined) {
    throw new SessionError(
      `${line.name} answered initialize with protocol version ${shown(offered)}, expected ${revisions.join(", ")}`,
    );
  }
  const id = reply.headers?.["mcp-session-id"];
  line.enter({
    id: typeof id === "string" ? id : undefined,
    // The header came with 2025-06-18.
    revisionHeader: revision === "2025-03-26" ? undefined : revision,
  });

  const method = "notifications/initialized";
  const heard = await line.notify({ method }, leftMs());
  if (heard.is === "failure" && !wasTaken(heard)) throw failureOf(line, { method, timeoutMs }, heard);
  return revision;
}

/** A notification has no answer: any 2xx will do. */
function wasTaken({ class: is, seen: { status = 0 } }: Failure): boolean {
  return status >= 200 && status <= 299 && outcomeClasses[is].rung === "protocol";
}

async function listTools(line: Line, timeoutMs: number): Promise<readonly Tool[]> {
  const leftMs = countdown(line, timeoutMs);
  const tools: Tool[] = [];
  let params: { readonly cursor?: string } = {};
  for (let page = 0; page < toolPagesMax; page += 1) {
    const reply = await line.ask({ method: "tools/list", params }, leftMs());
    const result = resultOf(line, { method: "tools/list", timeoutMs }, reply);
    tools.push(...toolsOf(line, result["tools"]));
    const cursor = result["nextCursor"];
    if (typeof cursor !== "string") return tools;
    params = { cursor };
  }
  throw new SessionError(`${line.name} has more than ${toolPagesMax} pages of tools`);
}

function toolsOf(line: Line, listed: unknown): Tool[] {
  if (!Array.isArray(listed)) throw new SessionError(`${line.name} answered tools/list without a list of tools`);
  return listed.map((tool: unknown) => {
    if (!isObject(tool) || typeof tool["name"] !== "string") {
      throw new SessionError(`${line.name} answered tools/list with a tool that has no name`);
    }
    const { annotations } = tool;
    return { name: tool["name"], readOnly: isObject(annotations) && annotations["readOnlyHint"] === true };
  });
}

/** What is left of the patience, but never nothing: a request that was not made cannot tell what is wrong. */
export function countdown({ world }: Pick<SessionOptions, "world">, timeoutMs: number): () => number {
  const untilUs = world.nowUs() + timeoutMs * 1000;
  return () => Math.max(1, (untilUs - world.nowUs()) / 1000);
}

type Failure = Extract<Reply, { readonly is: "failure" }>;

interface Asked {
  readonly method: string;
  readonly timeoutMs: number;
}

function resultOf(line: Line, asked: Asked, reply: Reply): JsonObject {
  if (reply.is === "failure") throw failureOf(line, asked, reply);
  if ("result" in reply.answer) return reply.answer.result;
  const { code, message } = reply.answer.error;
  throw new SessionError(
    `${line.name} answered ${asked.method} with JSON-RPC error ${code}: ${line.words(message) ?? "(no message)"}`,
  );
}

function failureOf(line: Line, { method, timeoutMs }: Asked, { class: is, seen, error, cause }: Failure): SessionError {
  const { rung, about } = outcomeClasses[is];
  const silent = `${line.name} did not answer ${method}`;
  if (rung === "timeout") return new SessionError(`${silent} within ${formatDuration(timeoutMs)}`);
  if (rung === "connection") {
    const detail = cause === undefined ? "" : ` (${messageOf(cause)})`;
    return new SessionError(`${silent}: ${about}${detail}`, { cause });
  }
  const what = rung === "http" ? `HTTP ${seen.status}` : about;
  const says = error === undefined ? undefined : line.words(error.message);
  return new SessionError(`${line.name} answered ${method} with ${what}${says === undefined ? "" : `: ${says}`}`, {
    cause,
  });
}
