/** Tells whether two requests of one method and path were the same, without keeping what they said. */
import { createHash, hash, randomBytes, type Hash } from "node:crypto";

// Known to this process only, so that no history lets anybody guess what was said.
const salt = randomBytes(16);
const digestLetters = 10;

export class Sameness {
  readonly #query: string;
  /** A body that comes in one piece is hashed at once when it is asked for, which costs a third. */
  #only: Buffer | undefined;
  #hash: Hash | undefined;

  constructor(url: string) {
    const queryAt = url.indexOf("?");
    this.#query = queryAt === -1 ? "" : url.slice(queryAt);
  }

  add(bytes: Buffer): void {
    if (this.#only === undefined) {
      this.#only = bytes;
      return;
    }
    this.#hash ??= createHash("sha256").update(this.#beginning());
    this.#hash.update(bytes);
  }

  /** Equal where query and body were; undefined where there was neither. */
  digest(): string | undefined {
    if (this.#query === "" && this.#only === undefined) return undefined;
    const whole = this.#hash?.copy().digest("base64url") ?? hash("sha256", this.#beginning(), "base64url");
    return whole.slice(0, digestLetters);
  }

  #beginning(): Buffer {
    const query = Buffer.from(`${this.#query}\n`);
    return Buffer.concat(this.#only === undefined ? [salt, query] : [salt, query, this.#only]);
  }
}
