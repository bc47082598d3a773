/** The engines that a run can be given, and how each is opened. */
import { join } from "node:path";
import type { Recorder } from "../history/events.ts";
import type { World } from "../world.ts";
import { binaryServer } from "./binary.ts";
import { dockerServer } from "./docker.ts";
import { openEmbeddedEngine } from "./embedded/embedded.ts";
import type { Engine } from "./engine.ts";
import { openRemoteEngine, remoteUrl } from "./remote.ts";
import { openServedEngine } from "./served.ts";
import type { EngineServerOptions, StartEngineServer } from "./server.ts";
import { prefixOf } from "./names.ts";

export type EngineChoice =
  | { readonly kind: "embedded" }
  | { readonly kind: ServerKind }
  | { readonly kind: "remote"; readonly url: string };

export interface EngineOptions {
  readonly seed: number;
  readonly nonce: string;
  /** The directory of the run's lease. */
  readonly lease: string;
  /** The run's folder. */
  readonly directory: string;
  readonly recorder: Recorder;
  readonly world: World;
}

/** Servers that Squall starts, and may end and start anew. */
const servers = {
  binary: binaryServer,
  docker: dockerServer,
} satisfies Record<string, (options: EngineServerOptions) => StartEngineServer>;

type ServerKind = keyof typeof servers;

export const engineNames: readonly string[] = ["auto", "embedded", ...Object.keys(servers)];

/** Undefined where there is no such engine. */
export function engineChosen(text: string): EngineChoice | undefined {
  if (text === "auto" || text === "embedded") return { kind: "embedded" };
  if (isServer(text)) return { kind: text };
  return text.includes(":") ? { kind: "remote", url: remoteUrl(text) } : undefined;
}

export function openEngine(choice: EngineChoice, options: EngineOptions): Promise<Engine> {
  if (choice.kind === "embedded") return openEmbeddedEngine(options);
  if (choice.kind === "remote") return openRemoteEngine(choice.url, options);
  const { kind } = choice;
  const logFile = join(options.directory, "targets", "engine.log");
  const start = servers[kind]({ ...options, logFile });
  return openServedEngine({ ...options, kind, start, isOurs: true, prefix: prefixOf(options.nonce) });
}

function isServer(text: string): text is ServerKind {
  return Object.hasOwn(servers, text);
}
