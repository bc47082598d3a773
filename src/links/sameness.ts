/** Tells whether two requests of one method and path were the same, without keeping what they said. */
import { createHash, randomBytes } from "node:crypto";

export interface Sameness {
  add(bytes: Buffer): void;
  /** Equal where query and body were; undefined where there was neither. */
  digest(): string | undefined;
}

// Known to this process only, so that no history lets anybody guess what was said.
const salt = randomBytes(16);
const digestLetters = 10;

export function watchSameness(url: string): Sameness {
  const queryAt = url.indexOf("?");
  const hash = createHash("sha256").update(salt);
  let isEmpty = queryAt === -1;
  if (!isEmpty) hash.update(url.slice(queryAt));
  hash.update("\n");
  return {
    add: (bytes) => {
      isEmpty = false;
      hash.update(bytes);
    },
    digest: () => (isEmpty ? undefined : hash.copy().digest("base64url").slice(0, digestLetters)),
  };
}
