/** A port that nobody listens on, for commands that must be told theirs. */
import { randomInt } from "node:crypto";
import { connect, createServer } from "node:net";

// Until the command listens, which may take it seconds, nobody else may get the port: systems give those from 32768
// (Linux) or 49152 (others) on to every connection and to every listener that asks for any.
const notGivenBySystems = [20_000, 30_000] as const;
const triesMax = 50;

// Two targets that start at the same time must not be told the same port while neither listens yet.
const handedOut = new Set<number>();
const rememberedMax = 1000;

export async function freePort([least, below]: readonly [number, number] = notGivenBySystems): Promise<number> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    const port = randomInt(least, below);
    if (handedOut.has(port)) continue;
    remember(port);
    if (!(await answers(port)) && (await canListen(port))) return port;
  }
  for (;;) {
    const port = await portOfTheSystem(0);
    if (handedOut.has(port)) continue;
    remember(port);
    return port;
  }
}

function remember(port: number): void {
  handedOut.add(port);
  const [oldest] = handedOut;
  if (handedOut.size > rememberedMax && oldest !== undefined) handedOut.delete(oldest);
}

/** Some systems let one listen at an address of a port that another has at all of them. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function canListen(port: number): Promise<boolean> {
  return portOfTheSystem(port).then(
    () => true,
    () => false,
  );
}

/** The port, or any where it is 0. */
function portOfTheSystem(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port }, () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === "object" && address !== null) resolve(address.port);
        else reject(new Error("the system gave no port"));
      });
    });
  });
}
