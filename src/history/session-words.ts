/** Whether a refusal is about the session that the request named, rather than about who asks, how often, or when. */
import type { OutcomeClass } from "./outcomes.ts";

export interface Refusal {
  readonly class: OutcomeClass;
  readonly status?: number | undefined;
  readonly says?: string | undefined;
}

const tellsOfSession = /\bsession\b|not initialized/i;
/** A server may let sessions go that nobody uses, if it says so. */
const tellsOfExpiry = /expir|idle|timed? ?out|inactiv/i;

export function deniesSession({ class: is, status = 0, says = "" }: Refusal): boolean {
  if (tellsOfExpiry.test(says)) return false;
  if (is === "session-lost") return true;
  // Other words than those of the specification, for the same.
  return (
    is === "http-refusal" &&
    (status === 400 || status === 404 || status === 410 || status >= 500) &&
    tellsOfSession.test(says)
  );
}
