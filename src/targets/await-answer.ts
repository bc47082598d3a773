/** Waiting until an address answers. Any HTTP answer counts: whether it is a good one is for the run to find out. */
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { tlsOptionsOf, trustTrouble, type Trust } from "../certificates.ts";
import { codeOf, exitCodes, messageOf, UserError } from "../errors.ts";
import type { Recorder } from "../history/events.ts";
import { portOf } from "../history/well-known-ports.ts";
import type { Timer, World } from "../world.ts";
import { shownAddress, type Target, type TargetRole } from "./target.ts";

export interface UrlOptions {
  readonly name: string;
  readonly role: TargetRole;
  readonly url: URL;
  /** Where absent, what its scheme says. */
  readonly speaks?: "http" | "tcp";
  readonly world: World;
  readonly recorder: Recorder;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Absent: as usual on this machine. */
  readonly trust?: Trust;
}

/** A target that somebody else started. */
export async function awaitUrl({ name, role, url, recorder, ...ask }: UrlOptions): Promise<Target> {
  const address = shownAddress(url);
  const came = await awaitAnswer({ url, ...ask });
  ask.signal.throwIfAborted();
  if (came.is === "silent" && came.isFinal === true) {
    const says = `${role} "${name}" at ${address} cannot be spoken with: ${came.because}`;
    throw new UserError(says, { exitCode: exitCodes.unreachable });
  }
  if (came.is === "silent") {
    throw new UserError(
      `${role} "${name}" does not answer at ${address} (${came.because}): start it, or correct its url`,
      { exitCode: exitCodes.unreachable },
    );
  }
  recorder.record({ type: "target", target: name, role, edge: "ready", address });
  return { name, role, url, stop: () => Promise.resolve() };
}

/** What one try, or many, came to; `because` is the system's code where there is one. */
export type Came =
  | { readonly is: "answered" }
  /** Final: asking again would not help. */
  | { readonly is: "silent"; readonly because: string; readonly isFinal?: true };

const unconnected = "no connection in time";
const unanswered = "connected, but no answer";
/** What answered spoke no HTTP. */
const otherWords = /^HPE_/;
const patienceMs = 5000;
// The last try must be long enough for an answer.
const tryMinMs = 50;
const pauseMaxMs = 250;

/** Tries again and again until the address answers, the time is over or the signal aborts. */
export async function awaitAnswer(ask: Ask): Promise<Came> {
  const { world, timeoutMs, signal } = ask;
  const untilUs = world.nowUs() + timeoutMs * 1000;
  const leftMs = (): number => Math.max(1, (untilUs - world.nowUs()) / 1000);
  let reason = unconnected;
  for (let pauseMs = 20; ; pauseMs = Math.min(pauseMaxMs, pauseMs * 1.5)) {
    const tryMs = Math.min(patienceMs, leftMs());
    const came = await askOnce({ ...ask, timeoutMs: tryMs });
    if (came.is === "answered" || came.isFinal === true) return came;
    // A try that our own limit cut short has learned little; an earlier one may know better.
    const wasCut = tryMs < patienceMs;
    const knowsLess =
      came.because === unconnected || (came.because === unanswered && wasCut && otherWords.test(reason));
    if (!knowsLess) reason = came.because;
    if (signal.aborted || leftMs() < tryMinMs) return { is: "silent", because: reason };
    await world.sleep(Math.min(pauseMs, leftMs()), signal);
  }
}

interface Ask {
  readonly url: URL;
  readonly speaks?: "http" | "tcp";
  readonly world: World;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly trust?: Trust;
}

/** Where HTTP is spoken, one GET, its answer not read further than its head; elsewhere a connection that stays. */
export function askOnce(ask: Ask): Promise<Came> {
  const { url, speaks = /^https?:$/.test(url.protocol) ? "http" : "tcp" } = ask;
  return speaks === "http" ? getOnce(ask) : connectOnce(ask);
}

/** What takes connections for somebody who is not up yet, as Docker's proxy does, drops them before that. */
const staysMs = 150;

function connectOnce({ url, world, timeoutMs, signal }: Ask): Promise<Came> {
  return new Promise((resolve) => {
    const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
    const socket = connect({ host, port: portOf(url) ?? 0, signal });
    let stays: Timer | undefined;
    const limit = world.timer(timeoutMs, () => settle({ is: "silent", because: unconnected }));
    const settle = (came: Came): void => {
      limit.cancel();
      stays?.cancel();
      resolve(came);
      socket.destroy();
    };
    socket.once("connect", () => {
      limit.cancel();
      stays = world.timer(staysMs, () => settle({ is: "answered" }));
    });
    socket.once("data", () => settle({ is: "answered" }));
    socket.once("end", () => settle({ is: "silent", because: "connected, and closed at once" }));
    socket.on("error", (error) => settle({ is: "silent", because: codeOf(error) ?? messageOf(error) }));
  });
}

function getOnce({ url, world, timeoutMs, signal, trust }: Ask): Promise<Came> {
  return new Promise((resolve) => {
    const headers = { accept: "application/json, text/event-stream" };
    const options = { agent: false as const, headers, signal };
    const asked =
      url.protocol === "https:"
        ? httpsRequest(url, { ...options, ...(trust === undefined ? {} : tlsOptionsOf(trust)) })
        : httpRequest(url, options);
    const limit = world.timer(timeoutMs, () => {
      const connected = asked.socket?.connecting === false;
      settle({ is: "silent", because: connected ? unanswered : unconnected });
    });
    const settle = (came: Came): void => {
      limit.cancel();
      resolve(came);
      // An event stream would go on for ever.
      asked.destroy();
    };
    asked.once("response", () => settle({ is: "answered" }));
    asked.on("error", (error) => {
      const trouble = url.protocol === "https:" ? trustTrouble(error) : undefined;
      if (trouble !== undefined) settle({ is: "silent", because: trouble, isFinal: true });
      else settle({ is: "silent", because: codeOf(error) ?? messageOf(error) });
    });
    asked.end();
  });
}
