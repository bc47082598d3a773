/** What was opened is closed in reverse order, all of it, whatever fails on the way. */
import { messageOf } from "../errors.ts";

export interface Closing {
  defer(what: string, close: () => Promise<void>): void;
  /** Closes everything once; answers what could not be closed. */
  close(): Promise<readonly string[]>;
}

export function createClosing(): Closing {
  const deferred: { readonly what: string; readonly close: () => Promise<void> }[] = [];
  return {
    defer: (what, close) => {
      deferred.push({ what, close });
    },
    close: async () => {
      const failures: string[] = [];
      for (let next = deferred.pop(); next !== undefined; next = deferred.pop()) {
        try {
          await next.close();
        } catch (error) {
          failures.push(`${next.what} could not be closed: ${messageOf(error)}`);
        }
      }
      return failures;
    },
  };
}
