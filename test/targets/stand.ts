/** What the tests of targets share: a lease's folder, scripts to start, a recorder that keeps what it is told. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Recorder, Unstamped } from "../../src/history/events.ts";
import { groupLives, signalGroup } from "../../src/processes.ts";
import { startProcess, type ProcessOptions } from "../../src/targets/process.ts";
import type { ProcessTarget } from "../../src/targets/target.ts";
import { realWorld } from "../../src/world.ts";

export interface Stand extends AsyncDisposable {
  readonly folder: string;
  readonly lease: string;
  readonly events: readonly Unstamped[];
  readonly recorder: Recorder;
  /** Writes a script for Node and answers the command that runs it. */
  script(text: string): Promise<readonly [string, string]>;
  start(options: Partial<ProcessOptions> & Pick<ProcessOptions, "command">): Promise<ProcessTarget>;
  /** The process groups that the lease still names. */
  leased(): Promise<number[]>;
}

export async function openStand(): Promise<Stand> {
  const folder = await mkdtemp(join(tmpdir(), "squall-target-test-"));
  const lease = join(folder, "lease");
  await mkdir(lease);
  const events: Unstamped[] = [];
  const recorder: Recorder = {
    record: (event) => ({ id: `test:${events.push(event)}`, atUs: 0 }),
    nowUs: realWorld.nowUs,
  };
  let scripts = 0;
  const leased = async (): Promise<number[]> =>
    (await readdir(lease).catch((): string[] => [])).map((name) => Number(name.replace("process-", "")));
  return {
    folder,
    lease,
    events,
    recorder,
    leased,
    script: async (text) => {
      const file = join(folder, `script-${(scripts += 1)}.mjs`);
      await writeFile(file, text);
      return [process.execPath, file];
    },
    start: (options) =>
      startProcess({
        name: "cloud",
        role: "server",
        env: {},
        lease,
        ready: { by: "line" },
        world: realWorld,
        recorder,
        startTimeoutMs: 15_000,
        signal: new AbortController().signal,
        ...options,
      }),
    [Symbol.asyncDispose]: async () => {
      for (const leader of await leased()) if (groupLives(leader)) signalGroup(leader, "SIGKILL");
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** A server that says where it listens, as fixtures do. */
export const honest = `
import { createServer } from "node:http";
const server = createServer((request, response) => response.end(process.env.GREETING ?? "hello"));
server.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => {
  const url = "http://127.0.0.1:" + server.address().port + "/mcp";
  console.log(JSON.stringify({ ready: { url } }));
});
`;
