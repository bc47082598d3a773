/** What a policy leaves in the history beside the attempts themselves. */

export interface AttemptMarks {
  /** What the server itself said of trying again, in fields. */
  readonly retryable?: boolean;
  readonly suggestedAction?: string;
  /** Sent beside one that was still under way. */
  readonly hedged?: true;
  /** Its answer was not the last word (it asked for input, or told of a task at work), and the next request goes on from it. */
  readonly goesOn?: true;
}

export interface EndMarks {
  /** Why its agent's policy did not try again, though it would have liked to. */
  readonly heldBack?: string;
  /** It was not run, and later steps go on with an earlier answer in place of its own. */
  readonly fallback?: true;
}
