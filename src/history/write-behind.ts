/**
 * Lines on their way to the disk: taken at once, written off together, one write at a time. What waits is bounded: first
 * callers are told to wait, and if they do not, the history ends there.
 */
import { messageOf, UserError } from "../errors.ts";
import type { Timer, World } from "../world.ts";
import { LineBlock, lineOf } from "./line-block.ts";
import type { OpenSegments } from "./segment-files.ts";

export interface WriteBehind {
  /** A line: an event behind its stamp, as a LineBlock takes them. */
  readonly add: (stamp: string, event: string) => void;
  /** While too much waits: resolves once there is room again. */
  readonly pressure: () => Promise<void> | undefined;
  readonly close: () => Promise<void>;
  /** The error that stopped the writing, if any did. */
  readonly failed: Error | undefined;
}

const flushEveryMs = 50;
const writeBytesMin = 256 * 1024;
const pressureBytes = 8 * 1024 * 1024;
const waitingBytesMax = 256 * 1024 * 1024;

interface WriteBehindOptions {
  readonly world: World;
  readonly onFailed: ((error: Error) => void) | undefined;
  /** More than this never waits. */
  readonly bytesMax?: number;
}

export function writeBehind(
  segments: OpenSegments,
  { world, onFailed, bytesMax = waitingBytesMax }: WriteBehindOptions,
): WriteBehind {
  const backlog = createBacklog();
  const block = new LineBlock();
  let waiting: Buffer[] = [];
  let writing: Promise<void> | undefined;
  let timer: Timer | undefined;
  let failed: Error | undefined;

  // After a failure nothing more is written: a history that ends is honest, one with a hole in it is not.
  const fail = (cause: unknown): void => {
    if (failed !== undefined) return;
    failed = unwritten(cause);
    waiting = [];
    backlog.clear();
    onFailed?.(failed);
  };

  const writeAll = async (): Promise<void> => {
    try {
      while (waiting.length > 0) {
        const lines = Buffer.concat(waiting);
        waiting = [];
        await segments.append(lines);
        backlog.leave(lines.length);
      }
    } catch (error) {
      fail(error);
    }
    writing = undefined;
  };
  const write = async (): Promise<void> => {
    if (waiting.length > 0) writing ??= writeAll();
    await writing;
  };

  const wait = (lines: Buffer): void => {
    if (failed !== undefined) return;
    waiting.push(lines);
    backlog.take(lines.length);
    if (backlog.bytes() > bytesMax) fail(new Error("the disk takes it more slowly than it comes"));
    else if (backlog.bytes() >= writeBytesMin) void write();
  };

  const cut = (): void => {
    const lines = block.take();
    if (lines !== undefined) wait(lines);
  };

  const onTimer = (): void => {
    timer = undefined;
    cut();
    void write();
  };

  return {
    add: (stamp, event) => {
      if (failed !== undefined) return;
      timer ??= world.timer(flushEveryMs, onTimer);
      if (block.add(stamp, event)) return;
      cut();
      if (!block.add(stamp, event)) wait(lineOf(stamp, event));
    },
    pressure: backlog.pressure,
    close: async () => {
      timer?.cancel();
      cut();
      await write();
      await segments.close().catch(fail);
    },
    get failed() {
      return failed;
    },
  };
}

/** The bytes that wait, those that are just being written among them. */
function createBacklog() {
  let waitingBytes = 0;
  let room: PromiseWithResolvers<void> | undefined;

  const leave = (bytes: number): void => {
    waitingBytes = Math.max(0, waitingBytes - bytes);
    if (waitingBytes > pressureBytes / 2) return;
    room?.resolve();
    room = undefined;
  };
  return {
    bytes: () => waitingBytes,
    take: (bytes: number): void => {
      waitingBytes += bytes;
    },
    leave,
    clear: () => leave(waitingBytes),
    pressure: (): Promise<void> | undefined => {
      if (waitingBytes <= pressureBytes) return undefined;
      room ??= Promise.withResolvers();
      return room.promise;
    },
  };
}

function unwritten(cause: unknown): UserError {
  return new UserError(`the history cannot be written: ${messageOf(cause)}; make room, or choose another --out`, {
    cause,
  });
}
