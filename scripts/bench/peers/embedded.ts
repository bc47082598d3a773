/** The embedded engine alone, in a process that has nothing else to do. UPSTREAM_PORT is behind it. */
import { openEmbeddedEngine } from "../../../src/engines/embedded/embedded.ts";
import { realWorld as world } from "../../../src/world.ts";
import { integerFrom } from "../../../fixtures/start.ts";
import { endWithStdin } from "./end-with-stdin.ts";

const engine = await openEmbeddedEngine({ world, seed: 1 });
const { address } = await engine.openProxy("bench", { host: "127.0.0.1", port: integerFrom("UPSTREAM_PORT", 0) });
process.stdout.write(`${JSON.stringify({ ready: { url: `http://${address.host}:${address.port}/mcp` } })}\n`);
endWithStdin();
