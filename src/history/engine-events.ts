/** What a history tells of the engine behind its links. */
/** What makes the trouble on links: ours, a toxiproxy-server, one in a container, or one that ran already. */
export type EngineKind = "embedded" | "binary" | "docker" | "remote";

export type EngineEvent = EngineReady | EngineRestarted;

export interface EngineReady {
  readonly type: "engine-ready";
  readonly kind: EngineKind;
  readonly version: string;
  /** The file, the image or the address; absent where the kind says it all. */
  readonly says?: string;
}

/** It hung or died, was ended, started anew and given all its proxies and toxics again; written when that was done. */
export interface EngineRestarted {
  readonly type: "engine-restarted";
  readonly kind: EngineKind;
  /** When it last answered, or was seen to end. */
  readonly fromUs: number;
  /** When the last of its proxies was as it had been. */
  readonly untilUs: number;
  readonly because: string;
  /** The proxies whose connections were cut, by the names of their links. */
  readonly links: readonly string[];
}
