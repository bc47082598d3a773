/** MySQL and MariaDB, by the package mysql2. */
import type { Connection, RowDataPacket } from "mysql2/promise";
import { keepConnection } from "./connection.ts";
import type { Source } from "./kinds.ts";
import type { Query } from "./sql.ts";

export function openMysql(url: URL, { text, params }: Query): Source {
  const uri = url.href.replace(/^mariadb:/, "mysql:");
  return keepConnection<Connection>({
    connect: async ({ timeoutMs, rowsMax }) => {
      const { createConnection } = await import("mysql2/promise");
      const connection = await createConnection({
        uri,
        connectTimeout: timeoutMs,
        dateStrings: true,
        supportBigNumbers: true,
      });
      // One that breaks between two reads is told by the next.
      connection.on("error", () => {});
      await connection.query("SET SESSION TRANSACTION READ ONLY");
      await connection.query(`SET SESSION sql_select_limit = ${rowsMax + 1}`);
      return connection;
    },
    read: async (connection, { timeoutMs: timeout }) => {
      const [rows] = await connection.query<RowDataPacket[]>({ sql: text, values: [...params], timeout });
      return rows;
    },
    drop: (connection) => connection.destroy(),
    end: (connection) => connection.end(),
  });
}
