/** The standard troubles: what each probe breaks, by how its server is spoken to and what lies behind it. */
import type { Asked, AskedUpstream } from "./asked.ts";

export interface Trouble {
  /** What the scenario calls its episode. */
  readonly name: string;
  /** In a few words, for people. */
  readonly about: string;
  /** As a scenario has them, without the episode. */
  readonly faults: readonly Readonly<Record<string, unknown>>[];
  readonly faultMs: number;
  /** Processes have to start again behind it. */
  readonly restarts?: true;
}

export interface Callable {
  readonly callsTools: boolean;
  /** Tools that are called and say that they only read, and over which link. */
  readonly safe: readonly { readonly tool: string; readonly link: string }[];
  /** The link over which tools are listed, where they are. */
  readonly lister?: string;
  readonly sharesStream: boolean;
  /** The patience of the callers. */
  readonly timeoutMs: number;
}

const usualMs = 1500;
/** Behind the callers' patience: work that goes on for nobody counts from two seconds after its cancel, before the healing. */
const leftBehindMs = 2900;

/**
 * What hurts most in production comes first: where there is not time for all, the last ones are left out. They are played
 * the other way round, for what a server never recovers from is the end of its run.
 */
export function troublesFor(asked: Asked, calls: Callable): readonly Trouble[] {
  const { server, transport, isStarted, upstreams } = asked;
  const before = `agents->${server}`;
  const behind = upstreams.map((upstream) => ({ ...upstream, link: `${server}->${upstream.name}` }));
  const inFront = transport === "stdio" ? pipeTroubles(before, calls) : linkTroubles(before, calls);
  return [
    ...(isStarted ? processTroubles(server) : []),
    ...behind.flatMap((upstream) => upstreamTroubles(upstream, calls)),
    ...inFront,
  ];
}

function linkTroubles(link: string, { safe, lister, sharesStream }: Callable): Trouble[] {
  const lost = [
    ...safe.map((one) => ({ link: one.link, kind: "lost-answer", tool: one.tool })),
    ...(lister === undefined ? [] : [{ link: lister, kind: "lost-answer", rpc: "tools/list" }]),
  ];
  return [
    trouble("black-hole", "requests are never answered", { link, kind: "egress-block", how: "black-hole" }),
    trouble("resets", "connections are reset in place of the answer", { link, kind: "reset" }),
    ...(sharesStream || lost.length === 0
      ? []
      : [
          {
            name: "lost-answers",
            about: "answers are lost on their way to the caller",
            faults: lost,
            faultMs: usualMs,
          },
        ]),
    trouble("flapping", "the network comes and goes", { link, kind: "flap", down: "300ms", up: "400ms" }),
    trouble("slow-network", "all that passes is late by 500ms", { link, kind: "latency", delay: "500ms" }),
    trouble("narrow-network", "only 1 KB a second passes", { link, kind: "bandwidth", rate: "1KB/s" }),
  ];
}

function pipeTroubles(link: string, { callsTools }: Callable): Trouble[] {
  const about = callsTools ? { link } : { link, rpc: "tools/list" };
  return [trouble("noise", "something prints to stdout between the messages", { ...about, kind: "stdio-noise" })];
}

function processTroubles(server: string): Trouble[] {
  return [
    { ...trouble("killed", "its process is killed and started again", { server, kind: "kill" }), restarts: true },
    trouble("paused", "its process stands still", { server, kind: "pause" }),
  ];
}

function upstreamTroubles(
  { name, link, isHttp }: AskedUpstream & { readonly link: string },
  { timeoutMs }: Callable,
): Trouble[] {
  const at = (trouble: Trouble): Trouble => ({ ...trouble, name: `${name}-${trouble.name}` });
  return [
    trouble("refused", `${name} takes no connection`, { link, kind: "egress-block", how: "refuse" }),
    {
      ...trouble("black-hole", `${name} never answers`, { link, kind: "egress-block", how: "black-hole" }),
      faultMs: isHttp ? timeoutMs + leftBehindMs : usualMs,
    },
    ...(isHttp ? [trouble("errors", `${name} answers 503`, { link, kind: "http-status", status: 503 })] : []),
    trouble("resets", `connections to ${name} are reset in place of the answer`, { link, kind: "reset" }),
    trouble("flapping", `${name} comes and goes`, { link, kind: "flap", down: "300ms", up: "400ms" }),
    trouble("late", `${name} is late by 500ms`, { link, kind: "latency", delay: "500ms" }),
  ].map(at);
}

function trouble(name: string, about: string, fault: Readonly<Record<string, unknown>>): Trouble {
  return { name, about, faults: [fault], faultMs: usualMs };
}
