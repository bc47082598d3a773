/**
 * What a fault did to an exchange at the tap. All else that is told of it, but for one that was eaten, is what its
 * caller saw; this is what its callee did.
 */
export interface Meddled {
  readonly did:
    | "lose-request"
    | "lose-answer"
    | "delay-request"
    | "delay-answer"
    | "deliver-twice"
    | "answer-request"
    | "replace-answer";
  /** How often the callee got it. */
  readonly delivered: 0 | 1 | 2;
  /** What stood in the answer that the fault made, where it made one. */
  readonly made?: "data" | "nothing" | "error" | "garbage";
  /** Of the callee's own answer, if it gave one. */
  readonly status?: number;
}
