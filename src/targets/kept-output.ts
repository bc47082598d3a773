/** What a target writes: drained always, so that it never blocks; its last words in memory, all of it in a log file. */
import type { ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";

export interface KeptOutput {
  /** The end of what it wrote to stderr. */
  readonly tail: () => string;
}

const tailMax = 16 * 1024;
const logBytesMax = 10 * 1024 * 1024;

export function keepOutput(child: ChildProcess, logFile: string | undefined): KeptOutput {
  let tail = "";
  let logged = 0;
  const log = logFile === undefined ? undefined : createWriteStream(logFile, { flags: "a" });
  log?.on("error", () => {
    // A log that cannot be written costs a log, not the run.
    log.destroy();
  });
  const keep = (text: string): void => {
    if (log === undefined || log.destroyed || logged > logBytesMax) return;
    logged += text.length;
    log.write(text);
  };
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    tail = (tail + text).slice(-tailMax);
    keep(text);
  });
  child.stdout?.setEncoding("utf8").on("data", keep);
  child.once("close", () => log?.end());
  return { tail: () => tail };
}
