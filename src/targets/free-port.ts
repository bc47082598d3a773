/** A port that nobody listens on, for commands that must be told theirs. */
import { createServer } from "node:net";

// Two targets that start at the same time must not be told the same port while neither listens yet.
const handedOut = new Set<number>();

export async function freePort(): Promise<number> {
  for (;;) {
    const port = await portOfTheSystem();
    if (handedOut.has(port)) continue;
    handedOut.add(port);
    return port;
  }
}

function portOfTheSystem(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port: 0 }, () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === "object" && address !== null) resolve(address.port);
        else reject(new Error("the system gave no port"));
      });
    });
  });
}
