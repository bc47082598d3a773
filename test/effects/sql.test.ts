import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createConnection } from "mysql2/promise";
import pg from "pg";
import { describe, expect, test } from "vitest";
import { mariadb, postgres } from "../lab/services.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { openSource, readOnce, rowsOf } from "./opened.ts";

const tables = [
  "CREATE TABLE orders (id INT PRIMARY KEY, op VARCHAR(80), amount NUMERIC(10, 2), big BIGINT, paid BOOLEAN)",
  "INSERT INTO orders VALUES (1, 'a.b', 200, 9007199254740993, true), (2, NULL, 12.50, 7, false)",
];

describe("SQLite", () => {
  test("reads a file seen from the scenario's folder, also while a server holds it open", async () => {
    await using folder = await temporaryFolder();
    using owner = new DatabaseSync(join(folder.path, "shop.db"));
    for (const statement of tables) owner.exec(statement);
    owner.exec("BEGIN; INSERT INTO orders VALUES (3, 'not committed', 1, 1, true)");
    const query = "SELECT * FROM orders WHERE id < ?";
    const rows = await readOnce("sql", { url: "sqlite:shop.db", query, params: [10] }, { home: folder.path });
    expect(rows).toEqual([
      { id: 1, op: "a.b", amount: 200, big: "9007199254740993", paid: 1 },
      { id: 2, op: null, amount: 12.5, big: 7, paid: 0 },
    ]);
    owner.exec("COMMIT");
    const absolute = `sqlite:${join(folder.path, "shop.db")}`;
    expect(await readOnce("sql", { url: absolute, query, params: [10] })).toHaveLength(3);
  });

  test("a query that would write, and a file that is not there, are failed reads", async () => {
    await using folder = await temporaryFolder();
    using owner = new DatabaseSync(join(folder.path, "shop.db"));
    for (const statement of tables) owner.exec(statement);
    const around = { home: folder.path };
    const write = { url: "sqlite:shop.db", query: "DELETE FROM orders RETURNING id" };
    await expect(readOnce("sql", write, around)).rejects.toThrow("readonly");
    await expect(readOnce("sql", { url: "sqlite:none.db", query: "SELECT 1" }, around)).rejects.toThrow("open");
    expect(owner.prepare("SELECT count(*) AS n FROM orders").get()).toEqual({ n: 2 });
  });

  test("no more rows are taken than there is room for, and one to tell that there are more", async () => {
    await using folder = await temporaryFolder();
    using owner = new DatabaseSync(join(folder.path, "n.db"));
    owner.exec("CREATE TABLE n (n); INSERT INTO n VALUES (1), (2), (3), (4), (5)");
    const source = openSource("sql", { url: "sqlite:n.db", query: "SELECT n FROM n" }, { home: folder.path });
    expect(await rowsOf(source, 3)).toHaveLength(4);
    expect(await rowsOf(source, 5)).toHaveLength(5);
  });
});

describe.skipIf(postgres.absent)(postgres.name, () => {
  test("reads rows as the database writes them, on the upstream's own address, in a transaction that may not write", async () => {
    await using database = await postgres.start({ tables: [...tables, "CREATE SEQUENCE counter"] });
    const { url } = database;
    const query = "SELECT * FROM orders WHERE id < $1 ORDER BY id;";
    const rows = [
      { id: "1", op: "a.b", amount: "200.00", big: "9007199254740993", paid: "t" },
      { id: "2", op: null, amount: "12.50", big: "7", paid: "f" },
    ];
    expect(await readOnce("sql", { query, params: [10] }, { upstream: url })).toEqual(rows);
    const elsewhere = "postgres://squall@no-such-host:1/postgres";
    expect(await readOnce("sql", { url: elsewhere, query, params: [10] }, { upstream: url })).toEqual(rows);
    const write = { url: url.href, query: "DELETE FROM orders RETURNING id" };
    await expect(readOnce("sql", write)).rejects.toThrow();
    const counting = { url: url.href, query: "SELECT nextval('counter')" };
    await expect(readOnce("sql", counting)).rejects.toThrow("read-only transaction");

    const source = openSource("sql", { url: url.href, query: "SELECT n FROM generate_series(1, 100000) n" });
    expect(await rowsOf(source, 10)).toHaveLength(11);
    await source.close();
  });

  test("a read that failed is followed by one over a new connection", async () => {
    await using database = await postgres.start({ tables });
    const source = openSource("sql", { url: database.url.href, query: "SELECT id FROM orders" });
    expect(await rowsOf(source)).toHaveLength(2);
    const admin = new pg.Client({ connectionString: database.url.href });
    await admin.connect();
    await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'squall'");
    await expect(rowsOf(source)).rejects.toThrow();
    expect(await rowsOf(source)).toHaveLength(2);
    await admin.query("ALTER TABLE orders RENAME TO gone");
    await expect(rowsOf(source)).rejects.toThrow('relation "orders" does not exist');
    await source.close();
    await admin.end();
  });

  test("a query without an end is given up, and nothing of it is left", async () => {
    await using database = await postgres.start({ tables });
    const source = openSource("sql", { url: database.url.href, query: "SELECT pg_sleep(600)" });
    const limits = { rowsMax: 10, timeoutMs: 500, signal: AbortSignal.timeout(10_000) };
    await expect(source.read(limits)).rejects.toThrow();
    await source.close();
  });
});

describe.skipIf(mariadb.absent)(mariadb.name, () => {
  test("reads rows, by mysql: and by mariadb:, in a transaction that may not write", async () => {
    await using database = await mariadb.start({ tables });
    const { url } = database;
    const query = "SELECT * FROM orders WHERE id < ?";
    const rows = [
      { id: 1, op: "a.b", amount: "200.00", big: "9007199254740993", paid: 1 },
      { id: 2, op: null, amount: "12.50", big: 7, paid: 0 },
    ];
    expect(await readOnce("sql", { query, params: [10] }, { upstream: url })).toEqual(rows);
    const mariadbUrl = url.href.replace(/^mysql/, "mariadb");
    expect(await readOnce("sql", { url: mariadbUrl, query, params: [10] })).toEqual(rows);
    await expect(readOnce("sql", { url: url.href, query: "DELETE FROM orders" })).rejects.toThrow(/read.only/i);

    const source = openSource("sql", { url: url.href, query: "SELECT seq FROM seq_1_to_1000" });
    expect(await rowsOf(source, 10)).toHaveLength(11);
    const admin = await createConnection(url.href);
    const [processes] = await admin.query("SELECT id FROM information_schema.processlist WHERE id <> connection_id()");
    for (const { id } of processes as { id: number }[]) await admin.query(`KILL ${id}`).catch(() => {});
    await expect(rowsOf(source, 10)).rejects.toThrow();
    expect(await rowsOf(source, 10)).toHaveLength(11);
    await source.close();
    await admin.end();
  });
});
