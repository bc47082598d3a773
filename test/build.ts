/** Builds dist/ once before the tests, since the end-to-end tests run what is shipped. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export function setup(): void {
  execFileSync(process.execPath, [fileURLToPath(new URL("../scripts/prepare.js", import.meta.url))], {
    stdio: "inherit",
  });
}
