/** PostgreSQL, by the package pg. Values come as the texts that the database sends, so that none is bent on the way. */
import type { Client, CustomTypesConfig } from "pg";
import { keepConnection } from "./connection.ts";
import type { ReadLimits, Source } from "./kinds.ts";
import type { Query } from "./sql.ts";

const asSent: CustomTypesConfig = { getTypeParser: () => (value: unknown) => value };

export function openPostgres(url: URL, { text, params }: Query): Source {
  return keepConnection<Client>({
    connect: async ({ timeoutMs }) => {
      const { Client } = (await import("pg")).default;
      const client = new Client({
        connectionString: url.href,
        application_name: "squall",
        connectionTimeoutMillis: timeoutMs,
        query_timeout: timeoutMs,
        types: asSent,
      });
      // One that breaks between two reads is told by the next.
      client.on("error", () => {});
      await client.connect();
      return client;
    },
    read: (client, limits) => readRows(client, { text, params }, limits),
    drop: (client) => {
      client.end().catch(() => {});
    },
    end: (client) => client.end(),
  });
}

/** A cursor takes no more rows than there is room for, and takes nothing but a SELECT. */
async function readRows(client: Client, { text, params }: Query, { rowsMax }: ReadLimits): Promise<readonly unknown[]> {
  await client.query("BEGIN TRANSACTION READ ONLY");
  try {
    await client.query(`DECLARE squall NO SCROLL CURSOR FOR ${text.replace(/[;\s]+$/, "")}`, [...params]);
    const { rows } = await client.query<Record<string, unknown>>(`FETCH FORWARD ${rowsMax + 1} FROM squall`);
    return rows;
  } finally {
    await client.query("ROLLBACK");
  }
}
