/** The real entry: hands the process's streams and signals to the command line, and its exit code back. */
import { codeOf, exitCodes, worstExitCode, type ExitCode } from "../errors.ts";
import { showCursor } from "./cursor.ts";
import { main } from "./main.ts";
import { realWorld } from "../world.ts";

export async function start(): Promise<void> {
  // Whoever reads only the first line closes the pipe; that is no reason to end a run in the middle of a fault.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  // A scenario in TypeScript is a program: one that ends the process, or never ends loading, must not look like a pass.
  let isOver = false;
  process.on("exit", () => {
    if (isOver) return;
    process.stderr.write(
      "squall: a scenario ended the process, or never finished loading, before there was a result\n",
    );
    process.exitCode = 64;
  });
  const mayRedraw = process.stderr.isTTY && process.env["CI"] === undefined && process.env["TERM"] !== "dumb";
  const sizeOf = () => ({ columns: process.stderr.columns, rows: process.stderr.rows });
  if (mayRedraw) process.on("exit", () => process.stderr.write(showCursor));
  const code = await main(process.argv.slice(2), {
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
    colour: process.stdout.hasColors?.() ?? false,
    ...(mayRedraw ? { screen: { size: sizeOf, colour: process.stderr.hasColors() } } : {}),
    cwd: process.cwd(),
    world: realWorld,
    onSignal: (listener) => {
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
        process.on(signal, () => listener(signal === "SIGINT" ? "SIGINT" : "SIGTERM"));
      }
    },
  });
  isOver = true;
  // A pipe may take what was written only later; leaving before that would cut the verdict off.
  process.stdout.write("", () => {
    const { errored } = process.stdout;
    if (errored === null || codeOf(errored) === "EPIPE") process.exit(code);
    process.stderr.write(`squall: the result could not be printed: ${errored.message}\n`);
    process.exit(worstExitCode([code as ExitCode, exitCodes.usage]));
  });
}
