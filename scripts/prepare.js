// Builds dist/ after an install. Plain JavaScript: it also runs under the system's Node, before ours is linked.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = (file) => fileURLToPath(new URL(`../${file}`, import.meta.url));
const compiler = path("node_modules/typescript/bin/tsc");
const bin = path("dist/cli.js");

// Installed without development packages there is nothing to build with. And npx runs `prepare` again each time.
const nothingToDo = !existsSync(compiler) || (process.env.npm_command === "exec" && existsSync(bin));
if (!nothingToDo) {
  rmSync(path("dist"), { recursive: true, force: true });
  for (const project of ["tsconfig.build.json", "fixtures/tsconfig.build.json"]) {
    const built = spawnSync(process.execPath, [compiler, "-p", path(project)], { stdio: "inherit" });
    if (built.status !== 0) process.exit(built.status ?? 1);
  }
  chmodSync(bin, 0o755);
  shim(path("node_modules/.bin/squall"));
}

/** npm does not link a package's own bin; with this, `node_modules/.bin/squall` runs the checkout under our own Node. */
function shim(file) {
  const script = '#!/bin/sh\nhere=$(dirname "$(readlink -f "$0")")\nexec "$here/node" "$here/../../dist/cli.js" "$@"\n';
  if (existsSync(file)) return;
  writeFileSync(file, script, { mode: 0o755 });
}
