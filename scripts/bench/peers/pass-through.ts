/** The least that can stand between a caller and UPSTREAM_PORT: bytes go through, and nobody looks at them. */
import { connect, createServer } from "node:net";
import { integerFrom, log } from "../../../fixtures/start.ts";
import { endWithStdin } from "./end-with-stdin.ts";

const host = "127.0.0.1";
const port = integerFrom("UPSTREAM_PORT", 0);

const server = createServer({ noDelay: true, allowHalfOpen: true }, (caller) => {
  const callee = connect({ host, port, noDelay: true, allowHalfOpen: true });
  caller.pipe(callee).pipe(caller);
  caller.on("error", () => callee.destroy());
  callee.on("error", () => caller.destroy());
});
server.on("error", (error) => log(String(error)));
server.listen({ host, port: 0, backlog: 4096 }, () => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has an address");
  process.stdout.write(`${JSON.stringify({ ready: { url: `http://${host}:${address.port}/mcp` } })}\n`);
});
endWithStdin();
