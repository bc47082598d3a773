/**
 * Containers of a run in its lease, and their removal: straight at the daemon's API, by the one who started them, by the
 * reaper and by the sweep. Only Node's own modules, because the reaper loads this file.
 */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../processes.ts";
import { exchange } from "./http-exchange.ts";
import { containerPrefix } from "./lease-files.ts";

/** Where a Docker daemon listens, in a form that a file keeps: the reaper's environment tells it nothing. */
export interface Daemon {
  /** As in DOCKER_HOST, `unix:///var/run/docker.sock`, or with `http:` or `https:`. */
  readonly at: string;
  /** The folder of `ca.pem`, `cert.pem` and `key.pem`. */
  readonly certificates?: string;
}

export interface LeasedContainer {
  /** Chosen before the container exists, so that there is no moment in which it runs unknown. */
  readonly name: string;
  readonly daemon: Daemon;
}

/** Names a container in the lease; without the lease's directory this fails, and nothing shall start. */
export async function leaseContainer(lease: string, { name, daemon }: LeasedContainer): Promise<string> {
  const file = join(lease, `${containerPrefix}${name}`);
  await writeFile(file, JSON.stringify(daemon), { flag: "wx", mode: 0o600 });
  return file;
}

/** Undefined where the file was never written to its end: then nothing was started either. */
async function readDaemon(file: string): Promise<Daemon | undefined> {
  const text = await readFile(file, "utf8").catch(() => "");
  if (!text.endsWith("}")) return undefined;
  const read: unknown = JSON.parse(text);
  if (typeof read !== "object" || read === null || !("at" in read) || typeof read.at !== "string") {
    throw new Error(`${file} names no daemon`);
  }
  const certificates = "certificates" in read && typeof read.certificates === "string" ? read.certificates : undefined;
  return { at: read.at, ...(certificates === undefined ? {} : { certificates }) };
}

export type Removal = "removed" | "absent" | "left";

/** Removes what a file of the lease names, and then the file. */
export async function removeLeased(
  { name, path }: { readonly name: string; readonly path: string },
  clock: Clock,
): Promise<Removal> {
  const removal = await readDaemon(path).then(
    (daemon) =>
      daemon === undefined ? "absent" : removeContainer({ name, daemon }, { clock, unseenMs: bornWithinMs }),
    () => "left" as const,
  );
  if (removal !== "left") await rm(path, { force: true });
  return removal;
}

// A daemon still creates what was asked for by a runner that has died since; on a busy machine that takes a while.
const bornWithinMs = 1500;
// Unmapping ports takes a while; the daemon goes on with it also when nobody waits any more.
const removeMaxMs = 8000;
const betweenMs = 100;

/** Stops and removes a container, `docker rm -f`; it is absent only if nobody has seen it for so long. */
export async function removeContainer(
  { name, daemon }: LeasedContainer,
  { clock, unseenMs }: { readonly clock: Clock; readonly unseenMs: number },
): Promise<Removal> {
  const startUs = clock.nowUs();
  const passedMs = (): number => (clock.nowUs() - startUs) / 1000;
  for (;;) {
    const status = await askDaemon(daemon, {
      method: "DELETE",
      path: `/containers/${encodeURIComponent(name)}?force=true&v=true`,
      signal: AbortSignal.timeout(removeMaxMs),
    }).then(
      (answer) => answer.status,
      () => undefined,
    );
    if (status === 204) return "removed";
    if (status === 404 && passedMs() >= unseenMs) return "absent";
    // 409: another removal of it is on its way.
    if (passedMs() >= removeMaxMs) return "left";
    await clock.sleep(betweenMs);
  }
}

export interface DaemonRequest {
  readonly method: string;
  readonly path: string;
  readonly signal: AbortSignal;
}

export async function askDaemon(
  { at, certificates }: Daemon,
  { method, path, signal }: DaemonRequest,
): Promise<{ readonly status: number; readonly text: string }> {
  const { protocol, pathname } = new URL(at);
  if (protocol === "unix:") {
    return exchange({ method, url: new URL(path, "http://docker"), signal, over: { socketPath: pathname } });
  }
  const over = certificates === undefined ? {} : await readCertificates(certificates);
  return exchange({ method, url: new URL(path, at), signal, over });
}

async function readCertificates(folder: string): Promise<{ ca: Buffer; cert: Buffer; key: Buffer }> {
  const [ca, cert, key] = await Promise.all([
    readFile(join(folder, "ca.pem")),
    readFile(join(folder, "cert.pem")),
    readFile(join(folder, "key.pem")),
  ]);
  return { ca, cert, key };
}
