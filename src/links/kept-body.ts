/** The first bytes of a body, for those who must look into it. A body is never held whole for its own sake. */
export const bodyKeptBytesMax = 64 * 1024;

export class KeptBody {
  readonly #parts: Buffer[] = [];
  #leftBytes: number;
  #whole = true;

  constructor(bytesMax = bodyKeptBytesMax) {
    this.#leftBytes = bytesMax;
  }

  add(bytes: Buffer): void {
    if (bytes.length > this.#leftBytes) this.#whole = false;
    if (this.#leftBytes === 0) return;
    const part = bytes.length > this.#leftBytes ? bytes.subarray(0, this.#leftBytes) : bytes;
    this.#parts.push(part);
    this.#leftBytes -= part.length;
  }

  /** What was kept so far. */
  bytes(): Buffer {
    const [first, ...more] = this.#parts;
    return first !== undefined && more.length === 0 ? first : Buffer.concat(this.#parts);
  }

  /** False once there was more than is kept. */
  get whole(): boolean {
    return this.#whole;
  }
}
