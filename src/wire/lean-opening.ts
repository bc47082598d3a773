/**
 * How a lean session begins. Where that is not known yet, the newest way is tried first: a request that changes nothing
 * (`server/discover`), then `initialize`.
 */
import { isProtocolVersion, isSessionless, type ProtocolVersion } from "../history/protocol.ts";
import { deniesSession } from "../history/session-words.ts";
import { shown } from "../units.ts";
import { sessionless, type Beginning, type Dialect } from "./dialect.ts";
import { countdown, failureOf, resultOf } from "./lean-asked.ts";
import type { Channel, Reply } from "./lean-channel.ts";
import { sessionlessFraming } from "./lean-framing.ts";
import { SessionError } from "./session.ts";

export interface Opening {
  readonly dialect: Dialect;
  readonly timeoutMs: number;
  readonly clientName: string;
}

export interface Opened {
  readonly protocolVersion: ProtocolVersion;
  /** How further sessions with this server begin. */
  readonly begins: Beginning;
}

export async function beginOver(channel: Channel, opening: Opening): Promise<Opened> {
  const { dialect, timeoutMs } = opening;
  switch (dialect.begins) {
    case "at-once":
      return speakSessionless(channel, opening);
    case "discover": {
      const asked = { method: "server/discover", timeoutMs };
      const offer = offerOf(await discover(channel, opening, timeoutMs));
      if (offer.is === "taken") return speakSessionless(channel, opening);
      if (offer.is === "other")
        throw notOffered(channel, asked.method, { wants: [sessionless], offers: offer.versions });
      resultOf(channel, asked, offer.reply);
      throw new SessionError(`${channel.name} answered server/discover without the versions that it speaks`);
    }
    case "event-stream":
      return { ...(await initialize(channel, opening, timeoutMs)), begins: "event-stream" };
    case "initialize":
      return initialize(channel, opening, timeoutMs);
    case "unknown":
      return findOut(channel, opening);
    default:
      return dialect.begins satisfies never;
  }
}

function speakSessionless(channel: Channel, { clientName }: Opening): Opened {
  channel.framing = sessionlessFraming(sessionless, clientName, channel.asks.capabilities);
  // A process of its own has to be found alive; over HTTP the next request tells as well whether anybody is there.
  return { protocolVersion: sessionless, begins: channel.isShared ? "discover" : "at-once" };
}

/**
 * Over HTTP the newest is asked for first. Over stdio that question would be the first that a process hears, and many a
 * server says nothing to what it does not know, or ends: there it comes only where `initialize` is refused.
 */
function findOut(channel: Channel, opening: Opening): Promise<Opened> {
  return channel.isShared ? findOutInPipe(channel, opening) : findOutOverHttp(channel, opening);
}

async function findOutInPipe(channel: Channel, opening: Opening): Promise<Opened> {
  const leftMs = countdown(channel, opening.timeoutMs);
  try {
    return await initialize(channel, opening, leftMs());
  } catch (error) {
    if (channel.lost) throw error;
    const offer = offerOf(await discover(channel, opening, leftMs()));
    if (offer.is === "taken") return speakSessionless(channel, opening);
    throw offer.is === "other" ? offeredByDiscovery(channel, opening, offer.versions) : error;
  }
}

async function findOutOverHttp(channel: Channel, opening: Opening): Promise<Opened> {
  const leftMs = countdown(channel, opening.timeoutMs);
  const offer = offerOf(await discover(channel, opening, opening.timeoutMs / 2));
  if (offer.is === "taken") return speakSessionless(channel, opening);
  channel.framing = {};
  try {
    return await initialize(channel, opening, leftMs());
  } catch (error) {
    if (offer.is === "other" && error instanceof SessionError) {
      throw offeredByDiscovery(channel, opening, offer.versions);
    }
    throw error;
  }
}

function offeredByDiscovery(channel: Channel, { dialect }: Opening, offers: unknown): SessionError {
  return notOffered(channel, "server/discover", { wants: dialect.versions, offers });
}

function discover(channel: Channel, { clientName }: Opening, timeoutMs: number): Promise<Reply> {
  channel.framing = sessionlessFraming(sessionless, clientName, channel.asks.capabilities);
  return channel.ask({ method: "server/discover" }, timeoutMs);
}

const unsupportedVersion = -32022;

type Offer =
  | { readonly is: "taken" }
  /** It knows what was asked, and speaks other versions. */
  | { readonly is: "other"; readonly versions: unknown }
  | { readonly is: "none"; readonly reply: Reply };

function offerOf(reply: Reply): Offer {
  if (reply.is === "answer" && "result" in reply.answer) {
    const versions = reply.answer.result["supportedVersions"];
    if (!Array.isArray(versions)) return { is: "none", reply };
    return versions.includes(sessionless) ? { is: "taken" } : { is: "other", versions };
  }
  const error = reply.is === "answer" ? ("error" in reply.answer ? reply.answer.error : undefined) : reply.error;
  if (error?.code !== unsupportedVersion) return { is: "none", reply };
  const { data } = error;
  return {
    is: "other",
    versions: typeof data === "object" && data !== null && "supported" in data ? data.supported : [],
  };
}

async function initialize(
  channel: Channel,
  { dialect, timeoutMs, clientName }: Opening,
  patienceMs: number,
): Promise<Opened> {
  const leftMs = countdown(channel, patienceMs);
  const versions = dialect.versions.filter((version) => !isSessionless(version));
  const params = {
    protocolVersion: versions[0],
    capabilities: channel.asks.capabilities,
    clientInfo: { name: clientName, version: "1" },
  };
  const reply = await channel.ask({ method: "initialize", params }, leftMs());
  const offered = resultOf(channel, { method: "initialize", timeoutMs }, reply)["protocolVersion"];
  if (!isProtocolVersion(offered) || !versions.includes(offered)) {
    throw notOffered(channel, "initialize", { wants: versions, offers: [offered] });
  }
  const { sessionId } = reply;
  channel.framing = { revision: offered, ...(sessionId === undefined ? {} : { sessionId }) };

  const method = "notifications/initialized";
  const untaken = await channel.notify({ method }, leftMs());
  if (untaken !== undefined) {
    const { class: is, seen, error, text } = untaken;
    const refusal = { class: is, status: seen.status, says: error?.message ?? text };
    const isLoss = sessionId !== undefined && deniesSession(refusal);
    const { message, cause } = failureOf(channel, { method, timeoutMs }, untaken);
    throw new SessionError(message, { cause, isLoss });
  }
  return { protocolVersion: offered, begins: "initialize" };
}

function notOffered(
  { name, words }: Channel,
  method: string,
  { wants, offers }: { readonly wants: readonly ProtocolVersion[]; readonly offers: unknown },
): SessionError {
  const all = Array.isArray(offers) ? offers : [offers];
  const offered = words(all.map((version: unknown) => shown(version)).join(", ")) ?? "none";
  const many = all.length === 1 ? "version" : "versions";
  return new SessionError(`${name} answered ${method} with protocol ${many} ${offered}, expected ${wants.join(", ")}`);
}
