import { createClient } from "redis";
import { describe, expect, test } from "vitest";
import { redis } from "../lab/services.ts";
import { openSource, readOnce, rowsOf } from "./opened.ts";

describe.skipIf(redis.absent)(redis.name, () => {
  test("reads what people have: lists, streams, sets, hashes, counters, and keys of a pattern", async () => {
    await using service = await redis.start();
    const url = service.url.href;
    const client = createClient({ url });
    client.on("error", () => {});
    await client.connect();
    const read = (attributes: object) => readOnce("redis", { url, ...attributes });

    await client.rPush("orders", ["a", '{"op":"b"}']);
    expect(await read({ key: "orders" })).toEqual([{ value: "a" }, { value: '{"op":"b"}' }]);

    await client.xAdd("events", "1-1", { op: "a", amount: "5" });
    await client.xAdd("events", "1-2", { op: "b", amount: "6" });
    expect(await read({ key: "events" })).toEqual([
      { id: "1-1", op: "a", amount: "5" },
      { id: "1-2", op: "b", amount: "6" },
    ]);

    await client.sAdd("ops", ["x"]);
    expect(await read({ key: "ops" })).toEqual([{ value: "x" }]);

    await client.zAdd("board", { score: 7, value: "x" });
    expect(await read({ key: "board" })).toEqual([{ value: "x", score: "7" }]);

    await client.hSet("stock", { apples: "3", pears: "4" });
    expect(await read({ key: "stock" })).toEqual([
      { field: "apples", value: "3" },
      { field: "pears", value: "4" },
    ]);

    await client.incrBy("counter", 12);
    expect(await read({ key: "counter" })).toEqual([{ value: "12" }]);
    expect(await read({ key: "nothing" })).toEqual([]);

    await client.set("order:1", "paid");
    await client.hSet("order:2", { state: "new", amount: "5" });
    expect(await read({ keys: "order:*" })).toEqual(
      expect.arrayContaining([
        { key: "order:1", value: "paid" },
        { key: "order:2", value: { state: "new", amount: "5" } },
      ]),
    );
    await client.close();
  });

  test("no more is taken than there is room for, and a broken connection fails one read", async () => {
    await using service = await redis.start();
    const client = createClient({ url: service.url.href });
    client.on("error", () => {});
    await client.connect();
    const many = Array.from({ length: 5000 }, (_, n) => String(n));
    await client.rPush("list", many);
    await client.sAdd("set", many);
    await client.hSet("hash", Object.fromEntries(many.map((n) => [n, n])));
    const lengths: number[] = [];
    for (const key of ["list", "set", "hash"]) {
      const source = openSource("redis", { key }, { upstream: service.url });
      lengths.push((await rowsOf(source, 5000)).length);
      const cut = await rowsOf(source, 100);
      expect(cut.length).toBeGreaterThan(100);
      await source.close();
    }
    expect(lengths).toEqual([5000, 5000, 5000]);
    const source = openSource("redis", { key: "list" }, { upstream: service.url });
    await rowsOf(source, 5000);
    await client.sendCommand(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    await expect(rowsOf(source, 5000)).rejects.toThrow();
    expect(await rowsOf(source, 5000)).toHaveLength(5000);
    await source.close();
    await client.close();
  });
});
