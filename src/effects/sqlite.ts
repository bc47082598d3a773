/** A file of SQLite, opened anew for each read: a server may put another one in its place. */
import { resolve } from "node:path";
import type { SQLOutputValue } from "node:sqlite";
import type { Around, Source } from "./kinds.ts";
import type { Query } from "./sql.ts";

// It blocks the thread while it waits, so it must not wait long for a writer.
const busyMs = 100;

export function openSqlite(url: URL, { text, params }: Query, { home }: Around): Source {
  const file = resolve(home, decodeURIComponent(url.pathname).replace(/^\/\/\//, "/"));
  return {
    read: async ({ rowsMax }) => {
      // Node 22 warns of this module as it loads it, so only who needs it does.
      const { DatabaseSync } = await import("node:sqlite");
      const database = new DatabaseSync(file, { readOnly: true, timeout: busyMs });
      try {
        const statement = database.prepare(text);
        statement.setReadBigInts(true);
        const rows: unknown[] = [];
        for (const row of statement.iterate(...params)) {
          rows.push(Object.fromEntries(Object.entries(row).map(([column, value]) => [column, plain(value)])));
          if (rows.length > rowsMax) break;
        }
        return rows;
      } finally {
        database.close();
      }
    },
    close: () => Promise.resolve(),
  };
}

/** Numbers beyond what JSON holds stay exact, as texts. */
function plain(value: SQLOutputValue): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value;
}
