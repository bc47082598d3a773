/** What every engine offers: named TCP proxies that can be switched off and given toxics. */
import type { Toxic, ToxicOn } from "../faults/handles.ts";
import type { EngineKind } from "../history/engine-events.ts";
import type { Conduit } from "./conduit.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface EngineProxy {
  /** Where the proxy listens; it may move when its engine is started anew. */
  readonly address: Address;
  /** A connection to it without a socket, where the engine is in this thread. */
  dial?(): Conduit;
  setEnabled(enabled: boolean): Promise<void>;
  addToxic(toxic: Toxic): Promise<ToxicOn>;
}

export interface Engine {
  readonly kind: EngineKind;
  readonly version: string;
  /** As a person would call it: the file, the image, the address; absent where the kind says it all. */
  readonly says?: string;
  /** Resolves when it is gone for good and nothing passes its proxies any more. */
  readonly lost: Promise<Error>;
  openProxy(name: string, upstream: Address): Promise<EngineProxy>;
  /** Stops every proxy; nothing of the engine listens afterwards. */
  close(): Promise<void>;
}

/** A burst of agents may connect at once, and what finds no room waits a second; the system cuts this to its own most. */
export const backlog = 4096;

export function parseAddress(text: string): Address {
  const colon = text.lastIndexOf(":");
  return { host: text.slice(0, colon).replace(/^\[(.*)\]$/, "$1"), port: Number(text.slice(colon + 1)) };
}
