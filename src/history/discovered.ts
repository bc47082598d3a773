/** An agent has asked a server what tools it has, as its policy says. */
export interface DiscoveredEvent {
  readonly type: "discovered";
  readonly group: string;
  readonly agent: number;
  readonly server: string;
  readonly why: "up-front" | "first-use" | "list-changed" | "refused";
  readonly startedUs: number;
  readonly count: number;
  /** Of what is listed, as JSON without spaces, in UTF-8: what a model is given. */
  readonly bytes: number;
  /** The same as long as nothing of any tool changes. */
  readonly digest: string;
  /** What it had before was not the same. */
  readonly isNews?: true;
  /** Why it was told nothing. */
  readonly failed?: string;
}
