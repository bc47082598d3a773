/** Bytes that a rule holds back, up to a limit. */
export const heldBytesMax = 4 * 1024 * 1024;

export class HeldBytes {
  #parts: Buffer[] = [];
  #length = 0;

  /** Answers whether that was not too much; it is held all the same. */
  add(bytes: Buffer): boolean {
    this.#parts.push(bytes);
    this.#length += bytes.length;
    return this.#length <= heldBytesMax;
  }

  /** All of it, which is then held no more. */
  take(): Buffer {
    const [first, ...more] = this.#parts;
    const all = first !== undefined && more.length === 0 ? first : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#length = 0;
    return all;
  }
}
