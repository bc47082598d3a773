// Loaded into the process under test: what it says of itself at its end.
import { readFileSync, writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const file = process.env.PEAK_FILE;
// Whatever it starts inherits both variables; only the command line itself is measured.
if (isMainThread && file !== undefined && process.argv[1]?.endsWith("cli.js")) {
  process.on("exit", () => writeFileSync(file, String(peakKilobytes())));
}

/** What getrusage() calls the most a process ever had begins on Linux with what its parent had when it was started. */
function peakKilobytes() {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS;
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
}
