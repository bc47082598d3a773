/** Whether an engine's proxies are where they say, and reach what listens here: a byte there and back. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { formatDuration } from "../units.ts";
import type { World } from "../world.ts";
import type { Address, EngineProxy } from "./engine.ts";

const byteMaxMs = 2000;

export async function passByte(open: (upstream: Address) => Promise<EngineProxy>, world: World): Promise<void> {
  const echo = createServer((socket: Socket) => socket.pipe(socket).on("error", () => undefined));
  const port = await listening(echo);
  try {
    await thereAndBack((await open({ host: "127.0.0.1", port })).address, world);
  } finally {
    echo.close();
  }
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

function thereAndBack(address: Address, world: World): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(address, () => socket.write("!"));
    const limit = world.timer(byteMaxMs, () => {
      socket.destroy(new Error(`the byte was not back within ${formatDuration(byteMaxMs)}`));
    });
    socket.once("data", () => {
      resolve();
      socket.destroy();
    });
    socket.once("error", reject);
    socket.once("close", () => {
      limit.cancel();
      reject(new Error("the connection closed before the byte came back"));
    });
  });
}
