/** What one stimulus shows of a client: how often it asked, with what waits, what it was told and what was done. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { call, sdkHttp } from "../faults/mcp-targets.ts";
import { openRig } from "../links/rig.ts";
import type { Came, Driven } from "./driven.ts";
import type { Stimulus } from "./stimuli.ts";

export interface Observed {
  readonly came: Came["came"];
  /** Calls of the tool that came to the tap; unknown where nothing listened. */
  readonly attempts: number | "unknown";
  readonly effects: number;
  /** Where its session was lost: what its next call came to. */
  readonly next?: Came["came"];
  /** From one attempt's start to the next one's. */
  readonly gapsMs: readonly number[];
  readonly tookMs: number;
  /** In the client's own words. */
  readonly says?: string | undefined;
}

const order = { tool: call.tool, args: { name: "x" } };

export async function observe(caller: Driven, stimulus: Stimulus, limitMs: number): Promise<Observed> {
  let effects = 0;
  const { serve, forget } = forgetful(sdkHttp(() => void (effects += 1)));
  const server = createServer(serve);
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const rig = await openRig((server.address() as AddressInfo).port, "mcp");
  try {
    await caller.open(rig.url("/mcp"));
    const cure = await stimulus.fault?.inject(rig.link);
    if (stimulus.isRefused) await rig.link.close();
    if (stimulus.losesSessions) forget();
    const fromMs = performance.now();
    const { came, says } = await caller.call(order, limitMs);
    const tookMs = performance.now() - fromMs;
    // An exchange is told when it is over, so what still waits must end first.
    await cure?.heal();
    const acted = effects;
    const next = stimulus.losesSessions ? { next: (await caller.call(order, limitMs)).came } : {};
    if (came !== "pending") await caller.close();
    await rig.link.close();
    // Where nothing listens nobody counts; and what the next call added is not told apart.
    const isCounted = !stimulus.isRefused && !stimulus.losesSessions;
    const startsMs = rig
      .exchanges()
      .filter(({ tool }) => tool === call.tool)
      .map(({ startedUs }) => startedUs / 1000)
      .toSorted((one, other) => one - other);
    return {
      came,
      attempts: isCounted ? startsMs.length : "unknown",
      effects: acted,
      ...next,
      gapsMs: isCounted ? startsMs.slice(1).map((ms, n) => ms - startsMs[n]!) : [],
      tookMs,
      says,
    };
  } finally {
    await rig[Symbol.asyncDispose]();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** A server that can forget the sessions it has: they are then answered as the specification asks. */
function forgetful(serving: (request: IncomingMessage, response: ServerResponse) => void) {
  const known = new Set<string>();
  const forgotten = new Set<string>();
  return {
    serve: (request: IncomingMessage, response: ServerResponse): void => {
      const id = String(request.headers["mcp-session-id"] ?? "");
      if (id !== "") known.add(id);
      if (!forgotten.has(id)) return serving(request, response);
      const error = { code: -32_001, message: "Session not found" };
      response.writeHead(404, { "content-type": "application/json" });
      response.end(JSON.stringify({ jsonrpc: "2.0", id: null, error }));
    },
    forget: (): void => known.forEach((id) => forgotten.add(id)),
  };
}
