/**
 * The reaper's own process. It holds the read end of a pipe whose write end only the runner has; when the pipe ends,
 * the runner has closed its lease or has died, in whatever way, and what is left of the lease is reaped.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { reap } from "./reaper.ts";

const [, , lease = ""] = process.argv;

// A terminal or a CI system sends these to everyone; the one that cleans up after them must not be among the first.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const) process.on(signal, () => {});

const runnerGone = new Promise<void>((resolve) => {
  process.stdin
    .on("end", resolve)
    .on("error", () => resolve())
    .on("close", resolve)
    .resume();
});
// The runner may be gone already, and then nobody reads this.
process.stdout.on("error", () => {});
process.stdout.write("watching\n");

await runnerGone;
const { left } = await reap(lease, {
  clock: {
    nowUs: () => performance.now() * 1000,
    sleep: (ms) => sleep(ms, true),
  },
});
process.exit(left.length === 0 ? 0 : 1);
