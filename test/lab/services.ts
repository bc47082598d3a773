/**
 * The real PostgreSQL, MariaDB, Redis and a mail server, each started where a test asks for it, on a free port and in a
 * folder of its own, by the same scripts that the scenarios in `scenarios/third-party` start them by.
 */
import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openLease } from "../../src/engines/lease.ts";
import { startProcess } from "../../src/targets/process.ts";
import { realWorld } from "../../src/world.ts";
import { temporaryFolder } from "../temporary-folder.ts";

export interface Service {
  /** The name of a suite that needs it, with the reason where it has to be skipped. */
  readonly name: string;
  readonly absent: boolean;
  start(options?: ServiceOptions): Promise<RunningService>;
}

export interface ServiceOptions {
  /** What is made in its database before anybody enters: one statement a line. */
  readonly tables?: readonly string[];
}

export interface RunningService extends AsyncDisposable {
  readonly url: URL;
  /** Its own, for whatever a test wants to lay beside it. */
  readonly folder: string;
  stop(): Promise<void>;
}

// What a shell says of a program that is not there, and the scripts too.
const notInstalled = 127;
const scripts = fileURLToPath(new URL("../../scenarios/third-party/upstreams/", import.meta.url));

export const postgres = service("PostgreSQL", "postgres.sh", ({ tables }) => ({
  args: [tables],
  url: "postgres://squall@127.0.0.1:${port}/postgres",
}));
export const mariadb = service("MariaDB", "mariadb.sh", ({ tables }) => ({
  args: [tables],
  url: "mysql://squall:squall@127.0.0.1:${port}/squall",
}));
export const redis = service("Redis", "redis.sh", () => ({ args: [], url: "redis://127.0.0.1:${port}/0" }));
/** Each mail it takes is a line of JSON in the file `mailbox` of its folder. */
export const mail = service("a mail server", "smtp.sh", ({ folder }) => ({
  args: [join(folder, mailboxName)],
  url: "smtp://127.0.0.1:${port}",
}));

export const mailboxName = "mailbox";

interface Place {
  readonly folder: string;
  /** The file with the statements. */
  readonly tables: string;
}

type Told = (place: Place) => { readonly args: readonly string[]; readonly url: string };

function service(program: string, script: string, told: Told): Service {
  const file = join(scripts, script);
  // Told no port, it says whether it could run at all.
  const { status, stderr } = spawnSync("sh", [file], { encoding: "utf8" });
  const absent = status === notInstalled;
  return {
    name: absent ? `${program} (${stderr.trim()})` : program,
    absent,
    start: (options = {}) => start({ program, file, told, ...options }),
  };
}

// The first start of a database writes its files.
const startTimeoutMs = 60_000;

interface Start extends ServiceOptions {
  readonly program: string;
  readonly file: string;
  readonly told: Told;
}

async function start({ program, file, told, tables = [] }: Start): Promise<RunningService> {
  const folder = await temporaryFolder();
  const nonce = realWorld.nonce();
  const base = join(folder.path, "leases");
  const lease = await openLease({ world: realWorld, run: { id: `lab-${nonce}`, nonce }, base });
  const stop = async (): Promise<void> => {
    await lease.close();
    await folder[Symbol.asyncDispose]();
  };
  try {
    const place = { folder: folder.path, tables: join(folder.path, "tables.sql") };
    await writeFile(place.tables, tables.map((statement) => `${statement};\n`).join(""));
    const { args, url } = told(place);
    const running = await startProcess({
      name: program,
      role: "upstream",
      command: ["sh", file, "${port}", ...args],
      env: {},
      lease: lease.directory,
      ready: { by: "url", url },
      world: realWorld,
      recorder: { record: () => ({ id: "lab:0", atUs: 0 }), nowUs: realWorld.nowUs },
      startTimeoutMs,
      signal: new AbortController().signal,
    });
    const stopAll = async (): Promise<void> => {
      await running.stop();
      await stop();
    };
    return { url: running.url, folder: folder.path, stop: stopAll, [Symbol.asyncDispose]: stopAll };
  } catch (error) {
    await stop();
    throw error;
  }
}
