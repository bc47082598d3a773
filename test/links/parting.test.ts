import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, test } from "vitest";
import { onceBothClosed, reset } from "../../src/links/parting.ts";
import { tcpCallee } from "./rig.ts";

async function pairWith(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  await once(socket, "connect");
  return socket;
}

test.each(["open", "ending", "ended"] as const)("a socket that is %s can be reset", async (state) => {
  const seen: string[] = [];
  await using callee = await tcpCallee((socket) => socket.resume().on("error", () => seen.push("rst")));
  const socket = await pairWith(callee.port);
  socket.on("error", (error) => seen.push(error.message));
  if (state !== "open") socket.end();
  if (state === "ended") await once(socket, "finish");
  const closed = once(socket, "close");
  reset(socket);
  reset(socket);
  await closed;
  // After a FIN a peer of Node's own no longer reads, so it does not hear of the reset by itself.
  await expect.poll(() => seen).toEqual(state === "open" ? ["rst"] : []);
});

test("both are closed once the second one is, whichever that is", async () => {
  await using callee = await tcpCallee((socket) => void socket.resume());
  for (const order of [
    [0, 1],
    [1, 0],
  ] as const) {
    const pair = [await pairWith(callee.port), await pairWith(callee.port)] as const;
    let calls = 0;
    onceBothClosed(pair[0], pair[1], () => (calls += 1));
    pair[order[0]].destroy();
    await once(pair[order[0]], "close");
    expect(calls).toBe(0);
    pair[order[1]].destroy();
    await once(pair[order[1]], "close");
    expect(calls).toBe(1);
  }
});
