/** Squall's own link alone: tap and embedded proxy before UPSTREAM_PORT, with what they see recorded in HISTORY. */
import { openEmbeddedEngine } from "../../../src/engines/embedded/embedded.ts";
import { createTracer } from "../../../src/history/ids.ts";
import { openHistory } from "../../../src/history/segments.ts";
import { openLink } from "../../../src/links/link.ts";
import { realWorld as world } from "../../../src/world.ts";
import { integerFrom, refuseToStart, textFrom } from "../../../fixtures/start.ts";
import { nonce } from "../call-body.ts";
import { endWithStdin } from "./end-with-stdin.ts";

const directory = textFrom("HISTORY") ?? refuseToStart("HISTORY: expected the folder for the history");
const engine = await openEmbeddedEngine({ world, seed: 1 });
const recorder = await openHistory(directory, world);
const link = await openLink({
  name: "callers@bare",
  engine,
  upstream: { host: "127.0.0.1", port: integerFrom("UPSTREAM_PORT", 0) },
  protocol: "mcp",
  recorder,
  tracer: createTracer(nonce, ["callers"]),
  world,
});
process.stdout.write(`${JSON.stringify({ ready: { url: `http://${link.address.host}:${link.address.port}/mcp` } })}\n`);
endWithStdin();
