/**
 * Lines of a history that are not on their way yet, as bytes in one block: as texts they would be copied by the garbage
 * collector for as long as they wait. A line is an event with its stamp before its own text.
 */
const blockBytes = 64 * 1024;
const bytesOfCharacterMax = 3;
const [comma, newline] = [0x2c, 0x0a] as const;

export class LineBlock {
  readonly #bytes = Buffer.allocUnsafeSlow(blockBytes);
  #used = 0;

  /** Both are JSON: of the one the last brace is missing, of the other the first gives way. False where there is no room. */
  add(stamp: string, event: string): boolean {
    const bytesMost = (stamp.length + event.length) * bytesOfCharacterMax + 1;
    if (this.#used + bytesMost > blockBytes) return false;
    const brace = this.#used + this.#bytes.write(stamp, this.#used);
    const end = brace + this.#bytes.write(event, brace);
    this.#bytes[brace] = comma;
    this.#bytes[end] = newline;
    this.#used = end + 1;
    return true;
  }

  /** What is in it, which it is no more then; undefined where that is nothing. */
  take(): Buffer | undefined {
    const lines = this.#used === 0 ? undefined : Buffer.copyBytesFrom(this.#bytes, 0, this.#used);
    this.#used = 0;
    return lines;
  }
}

/** One that no block has room for. */
export function lineOf(stamp: string, event: string): Buffer {
  return Buffer.from(`${stamp},${event.slice(1)}\n`);
}
