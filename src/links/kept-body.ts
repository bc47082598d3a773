/** The first bytes of a body, for those who must look into it. A body is never held whole for its own sake. */
export const bodyKeptBytesMax = 64 * 1024;

export interface KeptBody {
  add(bytes: Buffer): void;
  /** What was kept so far. */
  bytes(): Buffer;
  /** False once there was more than is kept. */
  readonly whole: boolean;
}

export function keepBody(): KeptBody {
  const parts: Buffer[] = [];
  let leftBytes = bodyKeptBytesMax;
  let whole = true;
  return {
    add: (bytes) => {
      if (bytes.length > leftBytes) whole = false;
      if (leftBytes === 0) return;
      const part = bytes.subarray(0, leftBytes);
      parts.push(part);
      leftBytes -= part.length;
    },
    bytes: () => Buffer.concat(parts),
    get whole() {
      return whole;
    },
  };
}
