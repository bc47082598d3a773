import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { brief, isFull, squall } from "./squall.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

// Our own Node first, as npm does it for what it runs.
const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`, NO_COLOR: "1" };
const npm = (args: readonly string[], cwd: string): string =>
  execFileSync("npm", args, { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

test("the package holds what it needs and nothing of the workshop", () => {
  const packed = JSON.parse(npm(["pack", "--ignore-scripts", "--dry-run", "--json"], root)) as readonly {
    readonly files: readonly { readonly path: string }[];
  }[];
  const held = packed.flatMap(({ files }) => files.map(({ path }) => path));
  for (const needed of [
    "README.md",
    "LICENSE",
    "dist/cli.js",
    "dist/fixtures/cloud.js",
    "scenarios/silent-empty.yaml",
    "schema/scenario.schema.json",
  ]) {
    expect(held).toContain(needed);
  }
  expect(held.filter((file) => /^(src|test|scripts|\.ci)\b/.test(file))).toEqual([]);
});

describe.runIf(isFull)("the package, as somebody installs it (left to CI: SQUALL_ROUNDS=full)", () => {
  let home: string;
  const run = (args: readonly string[]) => {
    try {
      return {
        code: 0,
        stdout: execFileSync(join(home, "node_modules/.bin/squall"), args, {
          cwd: home,
          env,
          encoding: "utf8",
          stdio: ["ignore", "pipe", "pipe"],
        }),
      };
    } catch (error) {
      const failed = error as { status: number; stdout: string };
      return { code: failed.status, stdout: failed.stdout };
    }
  };

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "squall-package-"));
    npm(["pack", "--ignore-scripts", "--pack-destination", home], root);
    const tarball = readdirSync(home).find((name) => name.endsWith(".tgz")) ?? "";
    npm(["init", "-y"], home);
    npm(["install", "--no-audit", "--no-fund", join(home, tarball)], home);
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  test("runs a built-in scenario from an empty folder and finds the defect", () => {
    const { code, stdout } = run(["run", "duplicate-effects", ...brief["duplicate-effects"], "--quiet"]);
    expect(code, stdout).toBe(1);
    expect(stdout).toContain("FAILED  duplicate-effects");
    expect(readdirSync(join(home, "reports"))).toHaveLength(1);
  });

  test("brings no install script and no native build", () => {
    const lock = JSON.parse(readFileSync(join(home, "package-lock.json"), "utf8")) as {
      packages: Record<string, { hasInstallScript?: true; dev?: true }>;
    };
    expect(
      Object.entries(lock.packages)
        .filter(([, { hasInstallScript }]) => hasInstallScript)
        .map(([name]) => name),
    ).toEqual([]);
    const native = readdirSync(join(home, "node_modules"), { recursive: true, encoding: "utf8" }).filter((file) =>
      file.endsWith(".node"),
    );
    expect(native).toEqual([]);
  });
});

test("an older Node is told in one line", async () => {
  const old = 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } });';
  const { code, stderr } = await squall(["--version"], {
    env: { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(old)}` },
  });
  expect(stderr).toBe("squall needs Node 22.19 or newer; this is Node 20.20.2\n");
  expect(code).toBe(64);
});

test("the checkout's bin can be executed", () => {
  expect(statSync(join(root, "dist/cli.js")).mode & 0o111).toBe(0o111);
  expect(existsSync(join(root, "node_modules/.bin/squall"))).toBe(true);
});
