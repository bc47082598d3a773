/** A server of others before a real MariaDB: what docs/third-party.md says of it. */
import { mariadb } from "../lab/services.ts";
import { shows } from "./third-party.ts";

shows({
  scenario: "mariadb-dbhub",
  service: mariadb,
  servers: ["dbhub"],
  // And it survives what it does not survive before a PostgreSQL.
  finds: { "duplicate-effects": /dbhub\.execute_sql ops had more than one effect/ },
});
