import { expect, test } from "vitest";
import { keepConnection } from "../../src/effects/connection.ts";

/** Clients that are told apart by a number; a test says when each connects, and when a read of it is over. */
function connecting() {
  const open = new Set<number>();
  const connects: PromiseWithResolvers<void>[] = [];
  const reads: PromiseWithResolvers<readonly unknown[]>[] = [];
  const source = keepConnection<number>({
    connect: async () => {
      const connected = Promise.withResolvers<void>();
      const client = connects.push(connected);
      await connected.promise;
      open.add(client);
      return client;
    },
    read: () => {
      const reading = Promise.withResolvers<readonly unknown[]>();
      reads.push(reading);
      return reading.promise;
    },
    drop: (client) => void open.delete(client),
    end: async (client) => open.delete(client),
  });
  const read = (signal: AbortSignal) => source.read({ rowsMax: 1, timeoutMs: 1000, signal });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { source, open, connects, reads, read, settled };
}

test("a connection that comes about when nobody waits for it any more is closed", async () => {
  const { source, open, connects, read } = connecting();
  const late = new AbortController();
  const reading = read(late.signal);
  late.abort(new Error("no answer"));
  await source.close();
  connects[0]?.resolve();
  await expect(reading).rejects.toThrow("no answer");
  expect([...open]).toEqual([]);
});

test("a read that is given up takes none but its own connection with it, however late it ends", async () => {
  const { source, open, connects, reads, read, settled } = connecting();
  const first = new AbortController();
  const given = read(first.signal);
  connects[0]?.resolve();
  await settled();
  first.abort(new Error("no answer"));
  const next = read(new AbortController().signal);
  connects[1]?.resolve();
  await settled();
  reads[0]?.reject(new Error("cut"));
  await expect(given).rejects.toThrow("cut");
  reads[1]?.resolve([1]);
  expect(await next).toEqual([1]);
  expect(connects).toHaveLength(2);
  await source.close();
  expect([...open]).toEqual([]);
});
