/** A real toxiproxy-server under our watch: started, killed, stopped, found dirty; and one that was there before us. */
import { existsSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { binaryServer, findBinary } from "../../src/engines/binary.ts";
import { readLease } from "../../src/engines/lease-files.ts";
import { openLease, type Lease } from "../../src/engines/lease.ts";
import { sweepLapsed } from "../../src/engines/lease-sweep.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { pidNamespace } from "../../src/engines/process-start.ts";
import { engineChosen, openEngine } from "../../src/engines/registry.ts";
import { openServedEngine } from "../../src/engines/served.ts";
import { openToxiproxy } from "../../src/engines/toxiproxy.ts";
import type { EngineRestarted } from "../../src/history/engine-events.ts";
import type { Unstamped } from "../../src/history/events.ts";
import { membersOf } from "../../src/processes.ts";
import { realWorld } from "../../src/world.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { binary as real, type RunningEngine } from "./engines-under-test.ts";
import { isRefused, listen, openClient, openEcho, openServer } from "./peers.ts";

const world = realWorld;
const latency = (ms: number) => ({ type: "latency", stream: "downstream", attributes: { latency: ms } }) as const;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let lease: Lease;
let events: Unstamped[];
const opened: Engine[] = [];
const nonce = "0000f00d";

beforeEach(async () => {
  folder = await temporaryFolder();
  events = [];
  lease = await openLease({ world, run: { id: "a-run", nonce }, base: join(folder.path, "leases") });
});
afterEach(async () => {
  for (const engine of opened.splice(0)) await engine.close().catch(() => undefined);
  await lease.close();
  await folder[Symbol.asyncDispose]();
});

const recorder = {
  record: (event: Unstamped) => ({ id: `m:${events.push(event)}`, atUs: world.nowUs() }),
  nowUs: world.nowUs,
};

async function open(text: string): Promise<Engine> {
  const choice = engineChosen(text);
  if (choice === undefined) throw new Error(`no engine ${text}`);
  const options = { seed: 42, nonce, lease: lease.directory, directory: folder.path, recorder, world };
  const engine = await openEngine(choice, options);
  opened.push(engine);
  return engine;
}

/** The process that the lease names. */
async function serverPid(): Promise<number> {
  const entries = (await readLease(lease.directory)) ?? [];
  const [leader, ...others] = entries.flatMap((entry) => (entry.kind === "process" ? [entry.leader] : []));
  if (leader === undefined || others.length > 0) throw new Error("expected one process in the lease");
  return leader;
}

async function restarts(count: number): Promise<readonly EngineRestarted[]> {
  for (;;) {
    const found = events.filter((event) => event.type === "engine-restarted");
    if (found.length >= count) return found;
    await world.sleep(20);
  }
}

describe.skipIf(real.absent)(`${real.name}, started by us`, () => {
  test("says which it is, passes bytes, and nothing of it is left", async () => {
    await using echo = await openEcho();
    const engine = await open("binary");
    expect(engine).toMatchObject({ kind: "binary", says: process.env["SQUALL_TOXIPROXY"] });
    const { address } = await engine.openProxy("agent->server", echo.address);
    const client = await openClient(address);
    client.socket.write("there and back");
    await client.got(14);
    client.socket.destroy();
    const pid = await serverPid();
    await engine.close();
    expect(await isRefused(address)).toBe(true);
    expect(membersOf(pid) ?? []).toEqual([]);
  });

  test("killed with a fault on: it is back at the same places, with the same toxics", async () => {
    await using echo = await openEcho();
    const engine = await open("binary");
    const [slow, off] = [await engine.openProxy("slow", echo.address), await engine.openProxy("off", echo.address)];
    const cure = await slow.addToxic(latency(300));
    await off.setEnabled(false);
    const { address } = slow;
    const cut = await openClient(address);
    process.kill(await serverPid(), "SIGKILL");
    await cut.ended;
    const [restarted] = await restarts(1);
    expect(restarted).toMatchObject({ kind: "binary", because: expect.stringContaining("signal SIGKILL") });
    expect(restarted?.links).toEqual(["slow", "off"]);
    expect(slow.address).toEqual(address);
    const client = await openClient(address);
    client.socket.write("x");
    expect(await client.got(1)).toBeGreaterThanOrEqual(299);
    expect(await isRefused(off.address)).toBe(true);
    await cure.heal();
    await off.setEnabled(true);
    expect(await isRefused(off.address)).toBe(false);
    for (const { socket } of [client, cut]) socket.destroy();
  });

  test("that hangs, as one does when a latency is taken from a client that does not read, is ended", async () => {
    await using flood = await openServer((socket) => void socket.end(Buffer.alloc(40_000_000)));
    await using echo = await openEcho();
    const start = binaryServer({ world, lease: lease.directory, nonce, logFile: join(folder.path, "engine.log") });
    const timeoutMs = 3000;
    const own = { kind: "binary", start, isOurs: true, prefix: `squall.${nonce}.`, timeoutMs } as const;
    const engine = await openServedEngine({ ...own, world, recorder });
    opened.push(engine);
    const [stuck, other] = [await engine.openProxy("stuck", flood.address), await engine.openProxy("p", echo.address)];
    const cure = await stuck.addToxic(latency(100));
    const client = await openClient(stuck.address);
    client.socket.pause();
    await world.sleep(500);
    await cure.heal();
    const [restarted] = await restarts(1);
    expect(restarted?.because).toContain("no answer within 3s");
    const next = await openClient(other.address);
    next.socket.write("x");
    await next.got(1);
    for (const { socket } of [client, next]) socket.destroy();
  });

  test("that is stopped for good between two calls is noticed", async () => {
    await using echo = await openEcho();
    const start = binaryServer({ world, lease: lease.directory, nonce, logFile: join(folder.path, "engine.log") });
    const own = {
      kind: "binary",
      start,
      isOurs: true,
      prefix: `squall.${nonce}.`,
      timeoutMs: 3000,
      pulseMs: 100,
    } as const;
    const engine = await openServedEngine({ ...own, world, recorder });
    opened.push(engine);
    await engine.openProxy("p", echo.address);
    process.kill(await serverPid(), "SIGSTOP");
    const [restarted] = await restarts(1);
    expect(restarted?.because).toContain("no answer within 3s");
  });
});

describe.skipIf(real.absent)(`${real.name}, that runs already`, () => {
  let running: RunningEngine;
  beforeEach(async () => {
    running = await real.start();
  });
  afterEach(() => running.stop());
  const names = async () => {
    const proxies = await openToxiproxy({ url: running.url, world }).listProxies();
    return proxies.map(({ name }) => name).toSorted();
  };

  test("keeps what others have there, and loses what is ours when the run is over", async () => {
    await using echo = await openEcho();
    const theirs = await openToxiproxy({ url: running.url, world }).openProxy("theirs", echo.address);
    const engine = await open(running.url);
    expect(engine).toMatchObject({ kind: "remote", says: running.url });
    await engine.openProxy("agent->server", echo.address);
    expect(await names()).toEqual(["squall.0000f00d.agent->server", "theirs"]);
    await engine.close();
    expect(await names()).toEqual(["theirs"]);
    expect(await isRefused(theirs.address)).toBe(false);
    expect(existsSync(join(lease.directory, "proxies.json"))).toBe(false);
  });

  test("keeps two runs at once apart", async () => {
    await using echo = await openEcho();
    await openToxiproxy({ url: running.url, world }).openProxy("squall.0badcafe.agent->server", echo.address);
    const engine = await open(running.url);
    await engine.openProxy("agent->server", echo.address);
    await engine.close();
    expect(await names()).toEqual(["squall.0badcafe.agent->server"]);
  });

  test("is cleaned by the reaper of a run that has ended without a word", async () => {
    await using echo = await openEcho();
    const engine = await open(running.url);
    await engine.openProxy("agent->server", echo.address);
    await lease.close();
    expect(await names()).toEqual([]);
    expect(existsSync(lease.directory)).toBe(false);
  });

  test("is cleaned by the sweep before the next run, where even the reaper was killed", async () => {
    await using echo = await openEcho();
    const api = openToxiproxy({ url: running.url, world });
    const base = join(folder.path, "leases");
    const dead = join(base, "0badcafe");
    await mkdir(dead);
    await api.openProxy("squall.0badcafe.left", echo.address);
    await api.openProxy("squall.0badc0de.alive", echo.address);
    const gone = { pid: 2 ** 22 + 1, startedAt: "long ago" };
    const owner = { run: "dead", ...gone, reaper: gone, pidNamespace: await pidNamespace() };
    await writeFile(join(dead, "owner.json"), JSON.stringify(owner));
    await writeFile(join(dead, "proxies.json"), JSON.stringify({ url: running.url, prefix: "squall.0badcafe." }));
    const { leases } = await sweepLapsed({ world, base });
    expect(leases).toEqual([{ run: "dead", killed: [] }]);
    expect(await names()).toEqual(["squall.0badc0de.alive"]);
  });
});

describe("a server of others that cannot be used is said in one sentence", () => {
  test("nobody there", async () => {
    await expect(open("http://127.0.0.1:1")).rejects.toMatchObject({ name: "UserError", exitCode: 75 });
  });

  test("something else there", async () => {
    const server = createServer((_, response) => response.end("hello"));
    const { port } = await listen(server);
    await expect(open(`http://127.0.0.1:${port}`)).rejects.toThrow(
      `http://127.0.0.1:${port} is no Toxiproxy: expected {"version": …} from GET /version, got "hello"`,
    );
    server.close();
  });

  test.each([
    ["http://toxiproxy.example:8474", "expects a Toxiproxy on this machine (127.0.0.1, localhost, [::1])"],
    ["https://localhost:8474", "takes a Toxiproxy's address such as http://127.0.0.1:8474"],
    ["localhost:8474", "takes a Toxiproxy's address such as http://127.0.0.1:8474"],
    ["http://127.0.0.1:8474/proxies", "takes a Toxiproxy's address such as http://127.0.0.1:8474"],
  ])("%s", (text, says) => {
    expect(() => engineChosen(text)).toThrow(says);
  });
});

describe("the file of a toxiproxy-server", () => {
  const program = async (name: string, text = "#!/bin/sh\necho no luck >&2; exit 3\n"): Promise<string> => {
    const file = join(folder.path, name);
    await writeFile(file, text);
    await chmod(file, 0o755);
    return file;
  };

  test("is the one that SQUALL_TOXIPROXY names, else the first on PATH", async () => {
    const onPath = await program("toxiproxy-server");
    const named = await program("other");
    const PATH = `/nowhere:${folder.path}`;
    expect(await findBinary({ env: { PATH, SQUALL_TOXIPROXY: named } })).toBe(named);
    expect(await findBinary({ env: { PATH, SQUALL_TOXIPROXY: "" } })).toBe(onPath);
  });

  test("is missed with what to do", async () => {
    const env = { PATH: "/nowhere" };
    await expect(findBinary({ env })).rejects.toMatchObject({
      exitCode: 64,
      message: expect.stringContaining("none is on PATH and SQUALL_TOXIPROXY names none. Get one from https://"),
    });
    await expect(findBinary({ env: { ...env, SQUALL_TOXIPROXY: "/nowhere/at-all" } })).rejects.toThrow(
      "SQUALL_TOXIPROXY names /nowhere/at-all, which is no file that may be run",
    );
  });

  test("that does not start is told with its last words", async () => {
    const SQUALL_TOXIPROXY = await program("broken");
    const env = { ...process.env, SQUALL_TOXIPROXY };
    const about = { world: { ...world, env }, lease: lease.directory, nonce, logFile: join(folder.path, "engine.log") };
    await expect(binaryServer(about)()).rejects.toMatchObject({
      exitCode: 75,
      message: expect.stringMatching(
        /broken did not start as a toxiproxy-server does .*: it ended with exit code 3 .*last lines:\n +no luck/,
      ),
    });
  });
});
