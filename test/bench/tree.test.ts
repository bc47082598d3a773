/** What an installed tree brings with it. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { looked } from "../../scripts/bench/figures/install.ts";
import { temporaryFolder } from "../temporary-folder.ts";

async function treeOf(folder: string, files: Readonly<Record<string, string>>): Promise<string> {
  const modules = join(folder, "node_modules");
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await writeFile(join(modules, name), text);
  }
  return modules;
}

test("a tree of plain packages has a size, and builds nothing", async () => {
  await using folder = await temporaryFolder();
  const modules = await treeOf(folder.path, {
    "plain/package.json": JSON.stringify({ scripts: { test: "x", prepare: "x" } }),
    "plain/dist/esm/package.json": JSON.stringify({ type: "module", scripts: { install: "not a package" } }),
    "@scope/deep/package.json": "{}",
    "@scope/deep/node_modules/inner/package.json": "{}",
    "plain/big.js": "x".repeat(100_000),
  });
  const { bytes, packages, builds } = looked(modules);
  expect({ packages, builds }).toEqual({ packages: 3, builds: [] });
  expect(bytes).toBeGreaterThanOrEqual(100_000);
});

test("install scripts, builds and native binaries are named, wherever they hide", async () => {
  await using folder = await temporaryFolder();
  const modules = await treeOf(folder.path, {
    "scripted/package.json": JSON.stringify({ scripts: { postinstall: "node x.js", preinstall: "x" } }),
    "@scope/built/package.json": "{}",
    "@scope/built/binding.gyp": "{}",
    "prebuilt/package.json": "{}",
    "prebuilt/lib/addon.node": "",
  });
  expect(looked(modules).builds.toSorted()).toEqual([
    "@scope/built/binding.gyp is built on installing",
    "prebuilt/lib/addon.node is native",
    "scripted/package.json runs postinstall",
    "scripted/package.json runs preinstall",
  ]);
});
