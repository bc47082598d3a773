/** Reading rows by a query of one's own, in PostgreSQL, MySQL or MariaDB, or a file of SQLite. */
import { z } from "zod";
import { readAddress } from "./address.ts";
import { readKind, type Around, type Driver, type Source } from "./kinds.ts";
import { openMysql } from "./mysql.ts";
import { openPostgres } from "./postgres.ts";
import { openSqlite } from "./sqlite.ts";

export interface Query {
  readonly text: string;
  readonly params: readonly (string | number)[];
}

interface Database {
  readonly needs?: Driver;
  readonly open: (url: URL, query: Query, around: Around) => Source;
}

const databases: Readonly<Record<string, Database>> = {
  postgres: { needs: "pg", open: openPostgres },
  postgresql: { needs: "pg", open: openPostgres },
  mysql: { needs: "mysql2", open: openMysql },
  mariadb: { needs: "mysql2", open: openMysql },
  sqlite: { open: openSqlite },
};

const attributes = z.strictObject({
  url: z
    .string()
    .min(1)
    .optional()
    .describe(
      "postgres://user:password@host/database, mysql://…, mariadb://… or sqlite:file; with upstream, host and port are the upstream's own",
    ),
  query: z.string().min(1).describe("a SELECT that gives all rows of this effect, in a read-only transaction"),
  params: z
    .array(z.union([z.string(), z.number()], { error: "expected a text or a number" }))
    .default([])
    .describe('what stands for $1, or for each ? in MySQL and SQLite; "${run}" begins every op id of a run'),
});

export const sql = readKind({
  kind: "sql",
  about: "rows of a query, by PostgreSQL, MySQL, MariaDB or SQLite",
  everyMs: 500,
  schemes: Object.keys(databases),
  attributes,
  prepare: ({ url, query, params }) => {
    const needs = databases[schemeOf(url)]?.needs;
    return {
      ...(url === undefined ? {} : { url }),
      ...(needs === undefined ? {} : { needs }),
      open: (around) => {
        const address = readAddress(url, around.upstream);
        const database = databases[address.protocol.slice(0, -1)];
        if (database === undefined) throw new Error(`${address.protocol} names no database`);
        return database.open(address, { text: query, params }, around);
      },
    };
  },
});

function schemeOf(url = ""): string {
  return /^([a-z0-9]+):/i.exec(url)?.[1]?.toLowerCase() ?? "";
}
