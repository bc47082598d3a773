/**
 * What a target writes: always drained, so that it never blocks on a full pipe; the end of it kept in memory, and all
 * of it in a log file, up to a limit.
 */
import { constants, createWriteStream, mkdirSync, openSync, statSync, type WriteStream } from "node:fs";
import { dirname } from "node:path";
import type { Readable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { createMasks, type Masks } from "../masks.ts";
import { readLines } from "../lines.ts";

export interface Output {
  readonly stderrTail: () => string;
  readonly stdoutTail: () => string;
  /** Stops reading and closes the log. */
  close(): void;
}

export interface Log {
  add(chunk: Buffer): void;
  close(): void;
}

const tailMaxBytes = 64 * 1024;
const logMaxBytes = 10 * 1024 * 1024;

export function keepOutput(options: {
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly log: Log | undefined;
  /** What of it goes to the log: where stdout carries messages, only stderr. */
  readonly logged: readonly ("stdout" | "stderr")[];
  readonly masks?: Pick<Masks, "stream"> | undefined;
}): Output {
  const { stdout, stderr, log, logged, masks = createMasks() } = options;
  const tails = { stdout: createTail(), stderr: createTail() };
  const flushes: (() => void)[] = [];
  for (const [name, stream] of [
    ["stdout", stdout],
    ["stderr", stderr],
  ] as const) {
    const masked = masks.stream();
    const keep = (shown: Buffer): void => {
      if (shown.length === 0) return;
      tails[name].add(shown);
      if (logged.includes(name)) log?.add(shown);
    };
    const flush = (): void => keep(masked.rest());
    stream.on("data", (chunk: Buffer) => keep(masked.feed(chunk)));
    stream.once("end", flush);
    flushes.push(flush);
    // The other end may break at any moment; what counts is how the process ends.
    stream.on("error", () => {});
  }
  return {
    stderrTail: tails.stderr.text,
    stdoutTail: tails.stdout.text,
    close: () => {
      stdout.destroy();
      stderr.destroy();
      for (const flush of flushes) flush();
      log?.close();
    },
  };
}

export const quotedLines = { linesMax: 20, charactersMax: 4000 };

/** The last lines of a text as messages and events quote them: no colours, no blank ends. */
export function lastLines(
  text: string,
  { linesMax, charactersMax }: { linesMax: number; charactersMax: number },
): string {
  const plain = stripVTControlCharacters(text).replaceAll("\r", "").trimEnd();
  return plain.split("\n").slice(-linesMax).join("\n").slice(-charactersMax);
}

function createTail() {
  let chunks: Buffer[] = [];
  let bytes = 0;
  return {
    add: (chunk: Buffer): void => {
      chunks.push(chunk);
      bytes += chunk.length;
      // Joined only now and then, so that many small writes cost little.
      if (bytes <= 2 * tailMaxBytes) return;
      chunks = [Buffer.concat(chunks).subarray(-tailMaxBytes)];
      bytes = tailMaxBytes;
    },
    text: (): string => Buffer.concat(chunks).subarray(-tailMaxBytes).toString("utf8"),
  };
}

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;
const logLineMaxBytes = 64 * 1024;

/** A part of a log that several write to: whole lines, each behind a prefix that tells whose it is. */
export function prefixedLog(log: Log, prefix: string): Log {
  const write = (line: Buffer): void => log.add(Buffer.concat([Buffer.from(prefix), line, Buffer.from("\n")]));
  const onOverlong = (): void => write(Buffer.from(`[a line of more than ${logLineMaxBytes / 1024} KiB]`));
  const lines = readLines({ bytesMax: logLineMaxBytes, onLine: write, onOverlong });
  return {
    add: lines.feed,
    close: () => {
      const rest = lines.rest();
      if (rest.length > 0) write(rest);
    },
  };
}

export function openLog(path: string): Log {
  let file: WriteStream | undefined;
  let leftBytes = logMaxBytes;
  const close = (): void => {
    file?.end();
    file = undefined;
  };
  // A full disk costs the log, not the run.
  try {
    mkdirSync(dirname(path), { recursive: true });
    // A target that is started again goes on with the log of the first time.
    leftBytes -= statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    // The target may have put a link or a pipe in its place meanwhile.
    const fd = openSync(path, O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW | O_NONBLOCK, 0o666);
    file = createWriteStream(path, { fd }).on("error", close);
  } catch {
    close();
  }
  return {
    add: (chunk) => {
      if (leftBytes <= 0) return close();
      file?.write(chunk.subarray(0, leftBytes));
      leftBytes -= chunk.length;
      if (leftBytes <= 0) file?.write(`\n[this log ends here: it has reached ${logMaxBytes / 1024 / 1024} MiB]\n`);
    },
    close,
  };
}
