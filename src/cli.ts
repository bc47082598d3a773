#!/usr/bin/env node
// No static import here: an older Node must get as far as the one line that tells it is too old.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`squall needs Node 22.19 or newer; this is Node ${process.versions.node}\n`);
  process.exitCode = 64;
} else {
  const { start } = await import("./commands/start.ts");
  await start();
}
