/** A toxiproxy-server of this machine, started by us: a process under the run's lease, on a free port of 127.0.0.1. */
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { exitCodes, UserError } from "../errors.ts";
import { signalGroup } from "../processes.ts";
import { awaitAnswer } from "../targets/await-answer.ts";
import { freePort } from "../targets/free-port.ts";
import { launch, type Running } from "../targets/launch.ts";
import { endedEarly, exitWords } from "../targets/life.ts";
import { lastLines, openLog, quotedLines } from "../targets/output.ts";
import { formatDuration } from "../units.ts";
import type { World } from "../world.ts";
import type { EngineServer, EngineServerOptions, StartEngineServer } from "./server.ts";

const binaryVariable = "SQUALL_TOXIPROXY";
const program = "toxiproxy-server";
const startMaxMs = 10_000;

export function binaryServer(options: EngineServerOptions): StartEngineServer {
  return async () => {
    const file = await findBinary(options.world);
    const first = await tryStart(file, options);
    if ("url" in first) return first;
    // Between our choice of a port and its use somebody else may have taken it.
    const second = /address already in use/.test(first.failed) ? await tryStart(file, options) : first;
    if ("url" in second) return second;
    throw new UserError(
      `${file} did not start as a ${program} does (there is one at ${whereToGet}): ${second.failed}`,
      { exitCode: exitCodes.unreachable },
    );
  };
}

const whereToGet = "https://github.com/Shopify/toxiproxy/releases";

/** The file that a variable names, else the program on PATH; a person is told what is missing of either. */
export async function findBinary({ env }: Pick<World, "env">): Promise<string> {
  const said = env[binaryVariable];
  if (said !== undefined && said !== "") {
    if (await isProgram(said)) return said;
    throw new UserError(
      `${binaryVariable} names ${said}, which is no file that may be run: ` +
        `let it name a ${program} (${whereToGet}), or unset it to look for one on PATH`,
    );
  }
  for (const folder of (env["PATH"] ?? "").split(delimiter).filter((one) => one !== "")) {
    const file = join(folder, program);
    if (await isProgram(file)) return file;
  }
  throw new UserError(
    `--engine binary needs a ${program}: none is on PATH and ${binaryVariable} names none. ` +
      `Get one from ${whereToGet}, or use --engine embedded, which needs nothing`,
  );
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

async function tryStart(
  file: string,
  { world, lease, logFile }: EngineServerOptions,
): Promise<EngineServer | { readonly failed: string }> {
  const port = await freePort();
  const running = await launch({
    command: [file, "-host", "127.0.0.1", "-port", String(port)],
    // A line for each of our calls would soon be all that the log holds.
    env: { LOG_LEVEL: "info" },
    lease,
    log: openLog(logFile),
    world,
  });
  if ("failed" in running) return running;
  const stop = async (): Promise<void> => {
    // It holds nothing that it must put away, and one that hangs would not hear anything milder.
    signalGroup(running.pid, "SIGKILL");
    // Whatever is left of it is left to the lease.
    await running.end().catch(() => undefined);
  };
  const ended = running.silent.then((exit) => `it ended with ${exitWords(exit)}${lastWords(running)}`);
  const url = `http://127.0.0.1:${port}`;
  const waiting = new AbortController();
  const failed = await Promise.race([
    running.silent.then((exit) => `${endedEarly(exit, { lease, waitedFor: "its API" })}${lastWords(running)}`),
    awaitAnswer({ url: new URL("version", url), world, timeoutMs: startMaxMs, signal: waiting.signal }).then((came) =>
      came.is === "answered" ? undefined : `its API did not answer within ${formatDuration(startMaxMs)}`,
    ),
  ]);
  waiting.abort();
  if (failed === undefined) return { url, says: file, ended, stop };
  await stop();
  return { failed };
}

function lastWords({ output }: Running): string {
  const written = output.stderrTail().trim() === "" ? output.stdoutTail() : output.stderrTail();
  const lines = lastLines(written, { ...quotedLines, linesMax: 5 });
  return lines === "" ? "" : `; its last lines:\n${lines.replaceAll(/^/gm, "    ")}`;
}
