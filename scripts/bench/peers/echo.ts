/** A TCP server that sends back what it gets; a connection that begins with `B` gets as many megabytes as follow it. */
import { createServer, type Socket } from "node:net";
import { log } from "../../../fixtures/start.ts";
import { endWithStdin } from "./end-with-stdin.ts";

const host = "127.0.0.1";
const megabyte = Buffer.alloc(1_000_000, "squall");

const server = createServer({ noDelay: true }, (socket) => {
  socket.on("error", () => socket.destroy());
  socket.once("data", (first) => {
    const [, megabytes] = /^B(\d+)\n/.exec(first.toString("latin1")) ?? [];
    if (megabytes !== undefined) return send(socket, Number(megabytes));
    socket.write(first);
    socket.on("data", (bytes) => socket.write(bytes));
  });
});

function send(socket: Socket, megabytes: number): void {
  let left = megabytes;
  const more = (): void => {
    while (left > 0) {
      left -= 1;
      if (!socket.write(megabyte)) return;
    }
    socket.end();
  };
  socket.on("drain", more);
  more();
}

server.on("error", (error) => log(String(error)));
server.listen({ host, port: 0 }, () => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has an address");
  process.stdout.write(`${JSON.stringify({ ready: { url: `http://${host}:${address.port}` } })}\n`);
});
endWithStdin();
