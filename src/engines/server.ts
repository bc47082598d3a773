/** A Toxiproxy that is not the embedded one: a process of ours, a container of ours, or one that runs already. */
import type { World } from "../world.ts";
import type { Address } from "./engine.ts";

export interface EngineServer {
  /** Of its API, as reached from here. */
  readonly url: string;
  /** As a person would call it: the file, the image, the address. */
  readonly says: string;
  /** Where its network is not ours, as in a container with mapped ports; absent: it listens and connects as we do. */
  readonly network?: EngineNetwork;
  /** Resolves with the reason when it has ended by itself; absent where that cannot be seen. Never rejects. */
  readonly ended?: Promise<string>;
  /** Rejects never; whatever it takes, the server is gone afterwards, unless it was not ours to end. */
  stop(): Promise<void>;
}

export interface EngineNetwork {
  /** Where the next proxy shall listen, in the server's own words. */
  nextListen(): string;
  /** Where what listens there is reached from here. */
  reachedAt(listen: Address): Address;
  /** How the server calls what we reach at this address. */
  calls(upstream: Address): Address;
}

/** What is started under a run, so that nothing of it outlives the run. */
export interface EngineServerOptions {
  readonly world: World;
  /** The directory of the run's lease: whoever started something outside of it writes a name there that can be ended. */
  readonly lease: string;
  readonly nonce: string;
  /** Gets what the server writes. */
  readonly logFile: string;
}

/** Each call starts a fresh one: a server that hangs or has died is stopped and started again in mid-run. */
export type StartEngineServer = () => Promise<EngineServer>;
