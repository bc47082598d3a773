import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { z } from "zod";
import { below, type Figure } from "../figure.ts";
import { root, type Lab } from "../lab.ts";

const megabyte = 1024 * 1024;

export const install: Figure = {
  name: "install",
  about:
    "npm pack, then npm i --omit=dev --omit=optional of the package into an empty folder: what that takes on disk, with " +
    "no install script, no native build and no native binary in it",
  bars: { install: below(80, "MB") },
  measure: async (lab) => {
    const folder = join(lab.folder, "empty");
    await mkdir(folder);
    await writeFile(join(folder, "package.json"), "{}");
    lab.say("packing");
    await npm(lab, root, ["pack", "--ignore-scripts", "--pack-destination", lab.folder]);
    const packed = (await readdir(lab.folder)).find((name) => name.endsWith(".tgz"));
    if (packed === undefined) throw new Error("npm pack made no package");
    lab.say("installing");
    // Nothing is forbidden: a package that brings a script must be seen, not silenced.
    const args = ["install", "--omit=dev", "--omit=optional", "--no-audit", "--no-fund", join(lab.folder, packed)];
    await npm(lab, folder, args);
    const modules = join(folder, "node_modules");
    const found = looked(modules);
    return {
      install: {
        values: [found.bytes / megabyte],
        wrong: found.builds,
        says: [
          `${found.packages} packages, the package itself ${short(statSync(join(lab.folder, packed)).size)} packed`,
        ],
      },
    };
  },
};

function short(bytes: number): string {
  return `${Math.round(bytes / 1024)} kB`;
}

async function npm(lab: Lab, cwd: string, args: readonly string[]): Promise<void> {
  const { code, stderr } = await lab.start(args, { cwd, program: "npm" }).ended;
  if (code !== 0) throw new Error(`npm ${args[0]} ended with ${code}: ${stderr.trim().slice(-600)}`);
}

const manifest = z.object({ scripts: z.record(z.string(), z.string()).default({}) });
const runsOnInstall = ["preinstall", "install", "postinstall"] as const;

export interface Looked {
  readonly bytes: number;
  readonly packages: number;
  /** What would run or was built on the user's machine. */
  readonly builds: readonly string[];
}

/** Everything below a node_modules: its size on disk, and whatever runs or is built when it is installed. */
export function looked(modules: string): Looked {
  let bytes = 0;
  let packages = 0;
  const builds: string[] = [];
  for (const entry of readdirSync(modules, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const where = relative(modules, path);
    if (entry.isSymbolicLink()) continue;
    // What a file takes on disk, not what it holds.
    const { blocks } = statSync(path);
    bytes += blocks * 512;
    if (!entry.isFile()) continue;
    if (entry.name === "binding.gyp") builds.push(`${where} is built on installing`);
    if (entry.name.endsWith(".node")) builds.push(`${where} is native`);
    if (entry.name === "package.json" && isPackage(path)) {
      packages += 1;
      const { scripts } = manifest.parse(JSON.parse(readFileSync(path, "utf8")));
      builds.push(...runsOnInstall.filter((name) => name in scripts).map((name) => `${where} runs ${name}`));
    }
  }
  return { bytes, packages, builds };
}

/** Right below node_modules, or below a scope in it: others are only markers of a module's type. */
function isPackage(file: string): boolean {
  return /node_modules\/(?:@[^/]+\/)?[^/]+\/package\.json$/.test(file) && existsSync(file);
}
