/**
 * A transport's raw ceiling: autocannon posts the body of one `tools/call` over and over, in place of agents. It neither
 * chains, nor thinks, nor reads what it gets beyond whether it is an error, so nothing that calls tools can be faster.
 */
import type { Client, Options, Result } from "autocannon";
import type { Dialect } from "../wire/dialect.ts";
import { openLeanSession } from "../wire/lean.ts";
import type { Session } from "../wire/session.ts";
import type { World } from "../world.ts";
import type { Identity } from "./identity.ts";
import { httpTarget } from "./session-target.ts";
import { unreachable, type Crew } from "./crew.ts";
import { unlessStopped } from "./unless-stopped.ts";

export interface CannonOptions {
  readonly server: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly dialect?: Dialect;
  /** Connection n is who agent n is. */
  readonly identity?: Identity | undefined;
  /** Told when a token was granted. Returns how to stop it. */
  readonly onGranted?: (listener: () => void) => () => void;
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Each has a session of its own. */
  readonly connections: number;
  readonly seconds: number;
  readonly world: World;
  readonly onShot: (came: RawCeiling) => void;
}

export interface RawCeiling {
  readonly connections: number;
  readonly seconds: number;
  readonly calls: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were no result, or a result that says it is an error. */
  readonly refused: number;
  /** Requests that no answer came to. */
  readonly unanswered: number;
}

const openTimeoutMs = 10_000;

export function openCannon(options: CannonOptions): Crew {
  const { server, url, headers, dialect, identity, onGranted, tool, args, connections, seconds, world, onShot } =
    options;
  const sessions: Session[] = [];
  const request = { id: 1, method: "tools/call", name: tool, params: { name: tool, arguments: args } };

  const openOne = async (): Promise<void> => {
    const spoken = dialect === undefined ? {} : { dialect };
    const shown = identity === undefined ? {} : { identity };
    const target = httpTarget(server, { url: new URL(url), headers, ...spoken, ...shown });
    const agent = sessions.length;
    const clientName = "squall saturate";
    const wanted = { instance: `saturate.${agent}`, agent, timeoutMs: openTimeoutMs, world, clientName };
    sessions.push(
      await target.open(openLeanSession, wanted).catch((error: unknown) => {
        throw unreachable(`${server}: ${String(error)}`);
      }),
    );
  };

  const shoot = async (stopping: AbortSignal): Promise<void> => {
    // It is heavy, and nobody else needs it.
    const { default: autocannon } = await import("autocannon");
    let loaded = 0;
    const loads: (() => void)[] = [];
    const forget = onGranted?.(() => {
      for (const load of loads) load();
    });
    const shot = Promise.withResolvers<Result>();
    const about: Options = {
      url,
      method: "POST",
      connections,
      duration: seconds,
      // No rate is set, so its latency correction, which puts in samples that were never measured, stays out.
      setupClient: (client: Client) => {
        const session = sessions[loaded % sessions.length];
        const load = (): void => {
          const { headers: named = {}, body = "" } = session?.posted?.(request) ?? {};
          client.setHeadersAndBody(named, body);
        };
        load();
        loads.push(load);
        loaded += 1;
      },
      verifyBody: (answer) => isResult(String(answer)),
    };
    const instance = autocannon(about, (error: unknown, result) => (error ? shot.reject(error) : shot.resolve(result)));
    // It can be stopped only once it has started, which its types do not tell.
    const stop = (): void => (instance as Partial<typeof instance>).stop?.();
    stopping.addEventListener("abort", stop, { once: true });
    const { requests, latency, duration, errors, non2xx, mismatches } = await shot.promise.finally(forget);
    stopping.removeEventListener("abort", stop);
    onShot({
      connections,
      seconds: duration,
      calls: requests.total,
      perSecond: requests.total / duration,
      p50Ms: latency.p50,
      p99Ms: latency.p99,
      refused: Math.max(non2xx, mismatches),
      unanswered: errors,
    });
  };

  return {
    open: async (stopping) => {
      for (let n = 0; n < connections; n += 1) await unlessStopped(stopping, openOne());
    },
    drive: ({ stopping }) => ({ done: shoot(stopping).then(() => []), tellAll: () => Promise.resolve() }),
    close: async () => {
      await Promise.all(sessions.map((session) => session.close()));
    },
  };
}

/** Reading each answer in full would be slower than the server that is measured. */
function isResult(answer: string): boolean {
  return answer.includes('"result"') && !/"isError"\s*:\s*true/.test(answer);
}
