/** Calls an echo at PORT: PINGS round trips of 300 bytes one after another, then as many MEGABYTES in one stream. */
import { once } from "node:events";
import { connect } from "node:net";
import { integerFrom } from "../../../fixtures/start.ts";
import { endWithStdin } from "./end-with-stdin.ts";

const at = { host: "127.0.0.1", port: integerFrom("PORT", 0), noDelay: true };
const message = Buffer.alloc(300, "ping");
const warmUp = 500;

async function roundTripsUs(pings: number): Promise<Float64Array> {
  const socket = connect(at);
  await once(socket, "connect");
  const timesUs = new Float64Array(pings);
  let sent = -warmUp;
  let come = 0;
  let fromNs = process.hrtime.bigint();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const send = (): void => {
    fromNs = process.hrtime.bigint();
    socket.write(message);
  };
  socket.on("error", reject);
  socket.on("data", (bytes) => {
    come += bytes.length;
    if (come < message.length) return;
    come = 0;
    if (sent >= 0) timesUs[sent] = Number(process.hrtime.bigint() - fromNs) / 1000;
    sent += 1;
    if (sent < pings) send();
    else resolve();
  });
  send();
  await promise;
  socket.destroy();
  return timesUs.sort();
}

async function megabytesPerSecond(megabytes: number): Promise<number> {
  const socket = connect(at);
  await once(socket, "connect");
  const fromNs = process.hrtime.bigint();
  let come = 0;
  socket.on("data", (bytes) => (come += bytes.length));
  socket.write(`B${megabytes}\n`);
  await once(socket, "close");
  if (come !== megabytes * 1_000_000) throw new Error(`expected ${megabytes} MB, got ${come} bytes`);
  return come / (Number(process.hrtime.bigint() - fromNs) / 1000);
}

endWithStdin();
process.stdout.write(`${JSON.stringify({ ready: { url: `http://${at.host}:${at.port}` } })}\n`);
const timesUs = await roundTripsUs(integerFrom("PINGS", 5000));
const share = (of: number): number => timesUs[Math.ceil(timesUs.length * of) - 1] ?? Number.NaN;
const bulk = await megabytesPerSecond(integerFrom("MEGABYTES", 500));
process.stdout.write(`${JSON.stringify({ p50Us: share(0.5), p99Us: share(0.99), megabytesPerSecond: bulk })}\n`);
process.exit(0);
