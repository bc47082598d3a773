/**
 * Calls the echoes at PORTS, each in turn and again and again, so that what the machine does meanwhile hits all alike:
 * round trips of 300 bytes one after another, then megabytes in one stream.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { refuseToStart, textFrom } from "../../../fixtures/start.ts";
import { endWithStdin } from "./end-with-stdin.ts";

const turns = 10;
const pingsOfTurn = 1000;
const megabytesOfTurn = 100;
const host = "127.0.0.1";
const message = Buffer.alloc(300, "ping");

async function connected(port: number): Promise<Socket> {
  const socket = connect({ host, port, noDelay: true });
  await once(socket, "connect");
  return socket;
}

async function ping(socket: Socket, pings: number): Promise<number[]> {
  const timesUs: number[] = [];
  let come = 0;
  let fromNs = 0n;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const send = (): void => {
    fromNs = process.hrtime.bigint();
    socket.write(message);
  };
  const onData = (bytes: Buffer): void => {
    come += bytes.length;
    if (come < message.length) return;
    come = 0;
    timesUs.push(Number(process.hrtime.bigint() - fromNs) / 1000);
    if (timesUs.length < pings) send();
    else resolve();
  };
  socket.on("data", onData).once("error", reject);
  send();
  await promise;
  socket.off("data", onData).off("error", reject);
  return timesUs;
}

/** How long so many megabytes take. */
async function streamUs(port: number): Promise<number> {
  const socket = await connected(port);
  const fromNs = process.hrtime.bigint();
  let come = 0;
  socket.on("data", (bytes) => (come += bytes.length));
  socket.write(`B${megabytesOfTurn}\n`);
  await once(socket, "close");
  if (come !== megabytesOfTurn * 1_000_000) throw new Error(`expected ${megabytesOfTurn} MB, got ${come} bytes`);
  return Number(process.hrtime.bigint() - fromNs) / 1000;
}

endWithStdin();
const ports = (textFrom("PORTS") ?? refuseToStart("PORTS: expected where the echoes are")).split(",").map(Number);
process.stdout.write(`${JSON.stringify({ ready: { url: `http://${host}` } })}\n`);

const echoes = ports.map((port) => ({ port, timesUs: [] as number[], tookUs: 0 }));
const sockets = new Map(await Promise.all(ports.map(async (port) => [port, await connected(port)] as const)));
// The first turn is for warming up.
for (let turn = 0; turn <= turns; turn += 1) {
  for (const echo of echoes) {
    const socket = sockets.get(echo.port);
    const timesUs = socket === undefined ? [] : await ping(socket, pingsOfTurn);
    if (turn > 0) echo.timesUs.push(...timesUs);
  }
}
for (let turn = 0; turn <= turns; turn += 1) {
  for (const echo of echoes) {
    const tookUs = await streamUs(echo.port);
    if (turn > 0) echo.tookUs += tookUs;
  }
}
const results = echoes.map(({ timesUs, tookUs }) => {
  const sorted = timesUs.toSorted((a, b) => a - b);
  const share = (of: number): number => sorted[Math.ceil(sorted.length * of) - 1] ?? Number.NaN;
  return { p50Us: share(0.5), p99Us: share(0.99), megabytesPerSecond: (turns * megabytesOfTurn * 1e6) / tookUs };
});
process.stdout.write(`${JSON.stringify(results)}\n`);
process.exit(0);
