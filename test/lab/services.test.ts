/** That the services the lab starts are the real ones, have what they were told to hold, and leave nothing behind. */
import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConnection as openMariadb } from "mysql2/promise";
import { Client } from "pg";
import { createClient } from "redis";
import { describe, expect, test } from "vitest";
import { mail, mailboxName, mariadb, postgres, redis, type RunningService } from "./services.ts";

const timeout = 120_000;
const tables = ["CREATE TABLE orders (op varchar(80), n int)", "INSERT INTO orders VALUES ('first', 1)"];

async function leavesNothing(running: RunningService): Promise<void> {
  await running.stop();
  const refused = await new Promise<boolean>((resolve) => {
    const socket = createConnection({ host: running.url.hostname, port: Number(running.url.port) });
    socket.once("connect", () => {
      resolve(false);
      socket.destroy();
    });
    socket.once("error", () => resolve(true));
  });
  expect(refused).toBe(true);
  expect(existsSync(running.folder)).toBe(false);
  expect(readdirSync(tmpdir()).filter((name) => name.includes(`-${running.url.port}-`))).toEqual([]);
}

describe.skipIf(postgres.absent)(postgres.name, () => {
  test("starts with its tables, twice side by side, and leaves nothing behind", { timeout }, async () => {
    await using one = await postgres.start({ tables });
    await using other = await postgres.start();
    const client = new Client({ connectionString: one.url.href });
    // It is ended under us below.
    client.on("error", () => {});
    await client.connect();
    expect((await client.query("SELECT op, n FROM orders")).rows).toEqual([{ op: "first", n: 1 }]);
    expect(other.url.port).not.toBe(one.url.port);
    // A guest who stays does not keep it.
    await leavesNothing(one);
    await leavesNothing(other);
    await client.end().catch(() => {});
  });
});

describe.skipIf(mariadb.absent)(mariadb.name, () => {
  test("starts with its tables, and leaves nothing behind", { timeout }, async () => {
    await using running = await mariadb.start({ tables });
    const client = await openMariadb(running.url.href);
    const [rows] = await client.query("SELECT op, n FROM orders");
    expect(rows).toEqual([{ op: "first", n: 1 }]);
    await client.end();
    await leavesNothing(running);
  });
});

describe.skipIf(redis.absent)(redis.name, () => {
  test("starts, and leaves nothing behind", { timeout }, async () => {
    await using running = await redis.start();
    const client = createClient({ url: running.url.href });
    await client.connect();
    await client.set("op", "first");
    expect(await client.get("op")).toBe("first");
    client.destroy();
    await leavesNothing(running);
  });
});

describe.skipIf(mail.absent)(mail.name, () => {
  test("keeps each mail it took, and leaves nothing behind", { timeout }, async () => {
    await using running = await mail.start();
    const said = await send(running.url, ["Subject: first", "", "body"]);
    expect(said).toContain("250 OK");
    const lines = (await readFile(join(running.folder, mailboxName), "utf8")).trim().split("\n");
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      { from: "a@x.test", to: ["b@x.test"], id: null, subject: "first", body: "body" },
    ]);
    await leavesNothing(running);
  });
});

/** One mail in the shortest SMTP there is; answers all that the server said. */
function send(url: URL, lines: readonly string[]): Promise<string> {
  const says = ["HELO x", "MAIL FROM:<a@x.test>", "RCPT TO:<b@x.test>", "DATA", [...lines, "."].join("\r\n"), "QUIT"];
  return new Promise((resolve, reject) => {
    let heard = "";
    const socket = createConnection({ host: url.hostname, port: Number(url.port) });
    socket.setEncoding("utf8").on("data", (text: string) => {
      heard += text;
      const next = says.shift();
      if (next !== undefined) socket.write(`${next}\r\n`);
    });
    socket.once("end", () => resolve(heard));
    socket.once("error", reject);
  });
}
