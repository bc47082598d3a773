import { createServer, type AddressInfo } from "node:net";
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { freePort } from "../../src/targets/free-port.ts";

const given = "/proc/sys/net/ipv4/ip_local_port_range";

test.skipIf(!existsSync(given))("is one that the system gives to nobody by itself, and each time another", async () => {
  const [least = 0] = readFileSync(given, "utf8").split("\t").map(Number);
  const ports = await Promise.all(Array.from({ length: 100 }, () => freePort()));
  expect(new Set(ports).size).toBe(100);
  // A machine may be told to give nearly all of them.
  if (least >= 30_000) expect(Math.max(...ports)).toBeLessThan(least);
});

test.each(["127.0.0.1", "0.0.0.0"])(
  "is none that somebody listens on at %s; then the system gives one",
  async (host) => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen({ host, port: 0 }, resolve));
    try {
      const { port } = taken.address() as AddressInfo;
      expect(await freePort([port, port + 1])).not.toBe(port);
    } finally {
      taken.close();
    }
  },
);

test("is told once only, also where its range has no other", async () => {
  const port = await freePort();
  const next = [port + 1, port + 2] as const;
  const first = await freePort(next);
  expect(await freePort(next)).not.toBe(first);
});
