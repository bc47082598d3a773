/** `npm run bench`: each figure beside its peer in one run. `-- NAME` measures one, `-- --list` tells what there is. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { exitCodes } from "../src/errors.ts";
import { runBench } from "./bench/harness.ts";
import { openLab } from "./bench/lab.ts";
import { figures } from "./bench/registry.ts";

const stopping = new AbortController();
// One Ctrl-C may come twice, from the terminal and from npm; the first ends what was started, and that must not be cut off.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stopping.abort(signal));

const stderr = (text: string): void => void process.stderr.write(text);

let isBuilt = false;

/** What is measured is what is shipped, so it is built from what is here. */
function build(): void {
  if (isBuilt) return;
  const { status } = spawnSync(process.execPath, [fileURLToPath(new URL("prepare.js", import.meta.url))], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) throw new Error("dist cannot be built");
  isBuilt = true;
}

try {
  process.exitCode = await runBench(process.argv.slice(2), {
    figures,
    stdout: (text) => void process.stdout.write(text),
    stderr,
    openLab: ({ rounds }) => {
      build();
      return openLab({ rounds, say: (text) => stderr(`  ${text}\n`) });
    },
    stopping: stopping.signal,
  });
} catch (error) {
  if (!stopping.signal.aborted) throw error;
  // What the figure still waits for is over.
  process.exit(stopping.signal.reason === "SIGTERM" ? exitCodes.terminated : exitCodes.interrupted);
}
