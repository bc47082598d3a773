/** Once a second, how those that make the run bear it. What a machine cannot tell is absent. */
export type Vitals = ThreadVitals | MachineVitals;

/** One thread of ours that starts calls or serves links, told by itself. */
export interface ThreadVitals {
  readonly type: "vitals";
  readonly of: "thread";
  /** As its writer is called: `m` is the supervisor's. */
  readonly thread: string;
  readonly lastedUs: number;
  /** Of this time, the part in which its event loop did not wait for anything: from 0 to 1. */
  readonly busyShare: number;
  /** How long what was due had to wait for the event loop. */
  readonly delayP99Us: number;
  readonly delayMaxUs: number;
  readonly heapBytes: number;
}

/** Squall's own process with all its threads, and the targets that the run started. */
export interface MachineVitals {
  readonly type: "vitals";
  readonly of: "machine";
  readonly lastedUs: number;
  /** In cores: 1.5 is all of one and half of another. */
  readonly cpu: number;
  readonly rssBytes: number;
  readonly descriptors?: number;
  /** With the processes that they started in turn. */
  readonly targets?: readonly TargetVitals[];
}

export interface TargetVitals {
  readonly target: string;
  readonly cpu: number;
  readonly rssBytes: number;
}
