/** What a history tells of tokens that agents were granted: when and why, and how it went, never the token. */
export interface TokenEvent {
  readonly type: "token";
  /** The server's name, behind its group's where the identity is the group's own. */
  readonly identity: string;
  /** Before the run; because the old one would soon end; because the server had refused it. */
  readonly why: "start" | "expiry" | "refusal";
  readonly edge: "granted" | "failed";
  /** Counts what was granted to this identity. */
  readonly number: number;
  readonly tookUs: number;
  /** How long it is said to hold. */
  readonly lastsMs?: number;
  /** Why there was none, in the words of whoever was asked. */
  readonly because?: string;
}
