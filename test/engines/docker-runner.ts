/**
 * A runner to be killed: opens a lease, starts Toxiproxy in a container, and says how far it has come. Arguments: the
 * leases' base, the run's nonce.
 */
import { dockerServer } from "../../src/engines/docker.ts";
import { openLease } from "../../src/engines/lease.ts";
import { realWorld } from "../../src/world.ts";

const [, , base = "", nonce = ""] = process.argv;

const lease = await openLease({ world: realWorld, run: { id: `run-${nonce}`, nonce }, base });
process.stdout.write("leased\n");
const server = await dockerServer({ world: realWorld, lease: lease.directory, nonce, logFile: "/dev/null" })();
process.stdout.write(`ready ${server.url}\n`);
setInterval(() => {}, 60_000);
