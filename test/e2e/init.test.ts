/** `init` as a person uses it: a file that runs as it is, and passes, against servers that are honest. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { withExamples } from "../commands/examples.ts";
import { isFull, squall, temporaryFolder, verdictsFrom } from "./squall.ts";

const installed = (path: string): string => createRequire(import.meta.url).resolve(`@modelcontextprotocol/${path}`);
const everything = installed("server-everything/dist/index.js");
const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/${name}.ts`, import.meta.url));

interface Honest {
  readonly name: string;
  readonly words: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly calls: readonly string[];
  /** Takes long, and is left to CI. */
  readonly isLong?: true;
}

const servers: readonly Honest[] = [
  {
    name: "a server of ours over stdio",
    words: ["--", process.execPath, fixture("relay")],
    env: { TRANSPORT: "stdio" },
    calls: [],
  },
  {
    name: "everything over HTTP",
    words: [
      "http://127.0.0.1:${port}/mcp",
      "--",
      "env",
      "PORT=${port}",
      process.execPath,
      everything,
      "streamableHttp",
    ],
    calls: ["server.echo", "server.get-structured-content"],
  },
  {
    name: "everything over stdio",
    words: ["--", process.execPath, everything, "stdio"],
    calls: ["server.echo", "server.get-sum"],
    isLong: true,
  },
  {
    name: "memory",
    words: ["--", process.execPath, installed("server-memory/dist/index.js")],
    calls: ["server.read_graph"],
    isLong: true,
  },
  {
    name: "filesystem",
    words: ["--", process.execPath, installed("server-filesystem/dist/index.js"), "files"],
    calls: ["server.list_allowed_directories", "server.list_directory", "server.read_text_file"],
    isLong: true,
  },
];

describe.each(servers.filter(({ isLong }) => isFull || isLong === undefined))("$name", ({ words, env, calls }) => {
  test("its scenario runs as it is and passes, and loads with all examples", async () => {
    await using folder = await temporaryFolder();
    const { path: cwd } = folder;
    await mkdir(join(cwd, "files"));
    await writeFile(join(cwd, "files", "a.txt"), "hello");
    const made = await squall(["init", ...words], { cwd, ...(env === undefined ? {} : { env }) });
    expect(made, made.stderr).toMatchObject({ code: 0 });
    expect(made.stdout).toContain("Run it:  squall run squall.yaml");
    const text = await readFile(join(cwd, "squall.yaml"), "utf8");
    for (const call of calls) expect(text).toContain(`- call: ${call}\n`);

    if (env !== undefined) {
      // What a person has in the environment is none of the server's: a scenario says what its server gets.
      const told = text.replace("transport: stdio", `transport: stdio\n    env: ${JSON.stringify(env)}`);
      await writeFile(join(cwd, "squall.yaml"), told);
    }
    const verdicts = await verdictsFrom(["squall.yaml"], cwd);
    expect(verdicts.exitCode, JSON.stringify(verdicts, undefined, 1)).toBe(0);

    await writeFile(join(cwd, "with-examples.yaml"), withExamples(text));
    const loaded = await squall(["run", "--dry-run", "with-examples.yaml"], { cwd });
    expect(loaded, loaded.stderr).toMatchObject({ code: 0 });
  });
});

test("a file that is there is not replaced, and - prints", async () => {
  await using folder = await temporaryFolder();
  const { path: cwd } = folder;
  await writeFile(join(cwd, "squall.yaml"), "mine");
  const words = ["--", process.execPath, fixture("relay")];
  const env = { TRANSPORT: "stdio" };
  const refused = await squall(["init", ...words], { cwd, env });
  expect(refused.code).toBe(64);
  expect(refused.stderr).toContain("squall.yaml is there already");
  expect(refused.stderr).toContain("--out FILE");
  expect(await readFile(join(cwd, "squall.yaml"), "utf8")).toBe("mine");

  const printed = await squall(["init", "--quiet", "--out", "-", ...words], { cwd, env });
  expect(printed, printed.stderr).toMatchObject({ code: 0, stderr: "" });
  expect(printed.stdout).toContain("servers:\n  server:");
  const replaced = await squall(["init", "--force", ...words], { cwd, env });
  expect(replaced.code).toBe(0);
  expect(await readFile(join(cwd, "squall.yaml"), "utf8")).toContain("servers:");
});

test("names that are made to harm do none, in the file and on the terminal", async () => {
  await using folder = await temporaryFolder();
  const { path: cwd } = folder;
  const hostile = fileURLToPath(new URL("../hostile/serve.ts", import.meta.url));
  const made = await squall(["init", "--", process.execPath, hostile, "poisoned-names"], { cwd });
  expect(made, made.stderr).toMatchObject({ code: 0 });
  const text = await readFile(join(cwd, "squall.yaml"), "utf8");
  for (const said of [text, made.stdout]) {
    expect(said).toContain("owned");
    expect(said.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u202e]/u);
  }
  await writeFile(join(cwd, "with-examples.yaml"), withExamples(text));
  const loaded = await squall(["run", "--dry-run", "squall.yaml", "with-examples.yaml"], { cwd });
  expect(loaded, loaded.stderr).toMatchObject({ code: 0 });
});

test("a server that does not start is told with what is wrong, and nothing is written", async () => {
  await using folder = await temporaryFolder();
  const ended = await squall(["init", "--", "squall-no-such-program"], { cwd: folder.path });
  expect(ended.code).toBe(75);
  expect(ended.stderr).toContain("squall-no-such-program");
  await expect(readFile(join(folder.path, "squall.yaml"), "utf8")).rejects.toThrow("ENOENT");
});
