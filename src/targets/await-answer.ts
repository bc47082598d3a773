/** Awaiting the first HTTP answer of a target, whatever it says: 404 and 405 are answers too. */
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { codeOf, exitCodes, messageOf, UserError } from "../errors.ts";
import type { Recorder, TargetEvent } from "../history/events.ts";
import type { World } from "../world.ts";

const askEveryMs = 50;
const oneAskMs = 2000;

/** The URL once it answers; undefined when the wait is given up. */
export async function answers(url: URL | undefined, world: World, signal: AbortSignal): Promise<URL | undefined> {
  if (url === undefined) throw new Error("a command is awaited by its URL, and there is none");
  do {
    if ((await ask(url)) === undefined) return url;
  } while (await world.sleep(askEveryMs, signal));
  return undefined;
}

/** For what runs already: it must answer now. */
export async function awaitUrl(options: {
  readonly name: string;
  readonly role: TargetEvent["role"];
  readonly url: URL;
  readonly recorder: Recorder;
}): Promise<void> {
  const { name, role, url, recorder } = options;
  const error = await ask(url);
  if (error === undefined) {
    recorder.record({ type: "target", target: name, role, edge: "ready", address: url.host });
    return;
  }
  const why = codeOf(error) ?? messageOf(error);
  throw new UserError(`${name}: nothing answers at ${url.href} (${why}). Is it running, and is the port right?`, {
    exitCode: exitCodes.unreachable,
    cause: error,
  });
}

/** Undefined for any HTTP answer, or for a connection where HTTP is not spoken; else what went wrong. */
function ask(url: URL): Promise<unknown> {
  if (!/^https?:$/.test(url.protocol)) return connectTo(url);
  const request = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    const asked = request(url, { method: "GET", agent: false, timeout: oneAskMs }, (response) => {
      resolve(undefined);
      response.destroy();
    });
    asked.once("timeout", () => asked.destroy(new Error(`no answer within ${oneAskMs / 1000} s`)));
    asked.once("error", resolve);
    asked.end();
  });
}

function connectTo(url: URL): Promise<unknown> {
  return new Promise((resolve) => {
    const socket = connect({ host: url.hostname, port: Number(url.port), timeout: oneAskMs });
    socket.once("connect", () => {
      resolve(undefined);
      socket.destroy();
    });
    socket.once("timeout", () => socket.destroy(new Error(`no connection within ${oneAskMs / 1000} s`)));
    socket.once("error", resolve);
  });
}
