/** Reading what stands in Redis, by the package redis: the parts of one key, or each key of a pattern as a row. */
import { z } from "zod";
import { readAddress } from "./address.ts";
import { keepConnection } from "./connection.ts";
import { readKind } from "./kinds.ts";

const attributes = z
  .strictObject({
    url: z
      .string()
      .min(1)
      .optional()
      .describe("redis://user:password@host:6379/0, or rediss://; with upstream, host and port are the upstream's own"),
    key: z
      .string()
      .min(1)
      .optional()
      .describe(
        "one key: each element of its list or set, entry of its stream or field of its hash is a row { value, … }; a text or number is one row",
      ),
    keys: z.string().min(1).optional().describe('a pattern such as "order:*": each key is a row { key, value }'),
  })
  .check((context) => {
    const { key, keys } = context.value;
    if ((key === undefined) === (keys === undefined)) {
      const message = "expected either key, for the parts of one key, or keys, for all keys of a pattern";
      context.issues.push({ code: "custom", input: context.value, message });
    }
  });

/** Nothing of its extensions is used, and its own type names all of them. */
interface Client {
  on(event: "error", heard: () => void): unknown;
  connect(): Promise<unknown>;
  sendCommand(words: string[]): Promise<unknown>;
  close(): Promise<unknown>;
  destroy(): void;
}

export const redis = readKind({
  kind: "redis",
  about: "what stands in Redis: a list, a stream, a set, a hash, a counter, or keys of a pattern",
  everyMs: 500,
  schemes: ["redis", "rediss"],
  attributes,
  prepare: ({ url, key, keys }) => ({
    ...(url === undefined ? {} : { url }),
    needs: "redis",
    open: ({ upstream }) => {
      const { href } = readAddress(url, upstream);
      return keepConnection<Client>({
        connect: async ({ timeoutMs }) => {
          const { createClient } = await import("redis");
          const client: Client = createClient({
            url: href,
            // Of the two the one in which every map is a plain list.
            RESP: 2,
            socket: { reconnectStrategy: false, connectTimeout: timeoutMs },
          });
          // One that breaks between two reads is told by the next.
          client.on("error", () => {});
          await client.connect();
          return client;
        },
        read: (client, { rowsMax }) => {
          const asked = askerOf(client);
          return keys === undefined ? partsOf(asked, key ?? "", rowsMax) : keysLike(asked, keys, rowsMax);
        },
        drop: (client) => client.destroy(),
        end: (client) => client.close(),
      });
    },
  }),
});

type Ask = (...words: readonly string[]) => Promise<unknown>;

function askerOf(client: Client): Ask {
  return (...words) => client.sendCommand([...words]);
}

/** One row for each part of what the key holds; none where there is no such key. */
async function partsOf(ask: Ask, key: string, rowsMax: number): Promise<readonly Part[]> {
  const many = String(rowsMax);
  const type = await ask("TYPE", key);
  switch (type) {
    case "none":
      return [];
    case "string":
      return [{ value: await ask("GET", key) }];
    case "list":
      return listOf(await ask("LRANGE", key, "0", many)).map((value) => ({ value }));
    case "set":
      return (await scanned(ask, ["SSCAN", key], rowsMax)).map((value) => ({ value }));
    case "hash":
      return pairs(await scanned(ask, ["HSCAN", key], rowsMax * 2)).map(([field, value]) => ({ field, value }));
    case "zset":
      return pairs(listOf(await ask("ZRANGE", key, "0", many, "WITHSCORES"))).map(([value, score]) => ({
        value,
        score,
      }));
    case "stream":
      return listOf(await ask("XRANGE", key, "-", "+", "COUNT", String(rowsMax + 1))).map((entry) => {
        const [id, fields] = listOf(entry);
        return { ...Object.fromEntries(pairs(listOf(fields))), id };
      });
    default:
      throw new Error(`${key} is a ${String(type)}, which cannot be read`);
  }
}

async function keysLike(ask: Ask, pattern: string, rowsMax: number): Promise<readonly unknown[]> {
  const rows: unknown[] = [];
  for (const key of await scanned(ask, ["SCAN"], rowsMax, ["MATCH", pattern])) {
    const name = String(key);
    const parts = await partsOf(ask, name, rowsMax);
    // One that has gone since it was listed is no row.
    if (parts.length > 0) rows.push({ key: name, value: wholeOf(parts) });
  }
  return rows;
}

type Part = Readonly<Record<string, unknown>>;

/** What one key holds as one value: a hash as a map, a list as a list. */
function wholeOf(parts: readonly Part[]): unknown {
  const [first] = parts;
  if (first === undefined || "field" in first) {
    return Object.fromEntries(parts.map(({ field, value }) => [typeof field === "string" ? field : "", value]));
  }
  const values = parts.map((part) => ("id" in part || "score" in part ? part : part["value"]));
  return values.length === 1 ? values[0] : values;
}

/** A scan may tell of one thing twice. */
async function scanned(
  ask: Ask,
  [command, ...words]: readonly [string, ...string[]],
  most: number,
  match: readonly string[] = [],
): Promise<readonly unknown[]> {
  const isPairs = command === "HSCAN";
  const found = new Map<string, unknown[]>();
  let cursor = "0";
  do {
    const [next, page] = listOf(await ask(command, ...words, cursor, ...match, "COUNT", "1000"));
    const told = listOf(page);
    if (isPairs) for (const [name, value] of pairs(told)) found.set(name, [name, value]);
    else for (const value of told) found.set(String(value), [value]);
    cursor = String(next);
  } while (cursor !== "0" && found.size <= most);
  return [...found.values()].flat();
}

function pairs(flat: readonly unknown[]): [string, unknown][] {
  return flat.flatMap((name, at): [string, unknown][] => (at % 2 === 0 ? [[String(name), flat[at + 1]]] : []));
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error("Redis answered something that is no list");
}
