// Loaded into the process under test: what it says of itself at its end.
import { writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const file = process.env.PEAK_FILE;
// Whatever it starts inherits both variables; only the command line itself is measured.
if (isMainThread && file !== undefined && process.argv[1]?.endsWith("cli.js")) {
  process.on("exit", () => writeFileSync(file, String(process.resourceUsage().maxRSS)));
}
