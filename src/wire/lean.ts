/**
 * The lean wire: our own MCP client over Streamable HTTP or stdio. It costs a fraction of an SDK client and sees what
 * SDKs mask: statuses, cut streams, wrong ids, answers that never come.
 */
import { messageOf } from "../errors.ts";
import { shown } from "../units.ts";
import { eventStreamDialect, usualDialect, type Dialect } from "./dialect.ts";
import { openEventPipe } from "./event-pipe.ts";
import { countdown, resultOf } from "./lean-asked.ts";
import { leanCall } from "./lean-call.ts";
import type { Channel } from "./lean-channel.ts";
import { Line } from "./lean-line.ts";
import { beginOver, type Opened } from "./lean-opening.ts";
import { createWords } from "./mcp-result.ts";
import { isObject } from "./lean-rpc.ts";
import { StdioChannel } from "./lean-stdio.ts";
import { pagesMax } from "./requests.ts";
import {
  SessionError,
  type HttpSessionOptions,
  type OpenSession,
  type Session,
  type SessionOptions,
  type Tool,
} from "./session.ts";
import { subscribe } from "./subscription.ts";

export const openLeanSession: OpenSession = async (options) => {
  const { dialect = usualDialect } = options;
  if (dialect.begins === "event-stream" && "url" in options) return openOverEvents(options, dialect);
  try {
    return await openOver(channelTo(options), options);
  } catch (thrown) {
    const isOld = thrown instanceof SessionError && refusesPosts.has(thrown.status ?? 0);
    if (!isOld || dialect.begins !== "unknown" || "pipe" in options) throw thrown;
    // It may speak the oldest revision, in which a stream is opened first. If not, the first answer tells more.
    return openOverEvents(options, eventStreamDialect).catch(() => Promise.reject(thrown));
  }
};

/** As the specification has it: what a server of HTTP+SSE may answer to the `initialize` of its successor. */
const refusesPosts: ReadonlySet<number> = new Set([400, 404, 405]);

async function openOver(channel: Channel, options: SessionOptions): Promise<Session> {
  try {
    const { dialect = usualDialect, timeoutMs, clientName } = options;
    const opened = await beginOver(channel, { dialect, timeoutMs, clientName });
    const listens = await listenOn(channel, options);
    return sessionOn(channel, { ...opened, ...(options.listens === true ? { listens } : {}) });
  } catch (thrown) {
    await channel.close();
    if (thrown instanceof SessionError) throw thrown;
    throw new SessionError(`${channel.name} could not be asked: ${messageOf(thrown)}`, { cause: thrown });
  }
}

/** Whether it hears what belongs to no answer. */
async function listenOn(channel: Channel, { answered, listens }: SessionOptions): Promise<boolean> {
  const hasOwn = channel instanceof Line;
  if (channel.framing.meta !== undefined) return listens === true && subscribe(channel);
  if (hasOwn && (answered !== undefined || listens === true)) return channel.listen();
  return !hasOwn;
}

async function openOverEvents(options: HttpSessionOptions, dialect: Dialect): Promise<Session> {
  const { url, headers, mask, timeoutMs } = options;
  const leftMs = countdown(options, timeoutMs);
  const words = createWords([...Object.values(headers), decodeURIComponent(url.password)], mask);
  const pipe = await openEventPipe(options, words);
  const channel = new StdioChannel({ ...options, server: url.origin + url.pathname, pipe, words });
  return openOver(channel, { ...options, dialect, timeoutMs: leftMs() });
}

function channelTo(options: SessionOptions): Channel {
  if ("pipe" in options) return new StdioChannel({ ...options, words: createWords([], options.mask) });
  const { protocol } = options.url;
  if (protocol !== "http:" && protocol !== "https:") {
    throw new SessionError(`expected an http: or https: URL, got ${shown(protocol)}`);
  }
  return new Line(options);
}

function sessionOn(channel: Channel, opened: Opened & Pick<Session, "listens">): Session {
  return {
    ...opened,
    get lost() {
      return channel.lost;
    },
    hasId: channel instanceof Line && channel.hasId,
    ...(channel instanceof Line ? { posted: (request) => channel.posted(request) } : {}),
    call: (request) => leanCall(channel, request),
    listTools: (timeoutMs) => listTools(channel, timeoutMs),
    close: () => channel.close(),
    ...(channel instanceof Line ? { abandon: () => channel.close({ farewell: false }) } : {}),
  };
}

async function listTools(channel: Channel, timeoutMs: number): Promise<readonly Tool[]> {
  const leftMs = countdown(channel, timeoutMs);
  const tools: Tool[] = [];
  let params: { readonly cursor?: string } = {};
  for (let page = 0; page < pagesMax; page += 1) {
    const reply = await channel.ask({ method: "tools/list", params }, leftMs());
    const result = resultOf(channel, { method: "tools/list", timeoutMs }, reply);
    tools.push(...toolsOf(channel, result["tools"]));
    const cursor = result["nextCursor"];
    if (typeof cursor !== "string") return tools;
    params = { cursor };
  }
  throw new SessionError(`${channel.name} has more than ${pagesMax} pages of tools`);
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
    return { name: tool["name"], readOnly: says("readOnlyHint"), ...idempotent, entry: tool };
  });
}
