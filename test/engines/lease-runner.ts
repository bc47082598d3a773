/**
 * A runner to be killed: opens a lease, starts targets that ignore SIGTERM and have children that do so too, and says
 * how far it has come. Arguments: the leases' base, the run's nonce, the number of targets, then the targets' command.
 */
import { openLease } from "../../src/engines/lease.ts";
import { startProcess } from "../../src/targets/process.ts";
import { realWorld } from "../../src/world.ts";

const [, , base = "", nonce = "", count = "1", ...command] = process.argv;
const [file = "", ...args] = command;

const lease = await openLease({ world: realWorld, run: { id: `run-${nonce}`, nonce }, base });
process.stdout.write("leased\n");
const starts = Array.from({ length: Number(count) }, (_, index) =>
  startProcess({
    name: `stubborn-${index}`,
    role: "server",
    command: [file, ...args],
    env: {},
    lease: lease.directory,
    ready: { by: "line" },
    world: realWorld,
    recorder: { record: () => ({ id: "runner:0", atUs: 0 }), nowUs: () => 0 },
    startTimeoutMs: 10_000,
    signal: new AbortController().signal,
  }),
);
process.stdout.write("spawned\n");
const pids = (await Promise.all(starts)).map(({ pid }) => pid);
process.stdout.write(`ready ${JSON.stringify(pids)}\n`);
setInterval(() => {}, 60_000);
