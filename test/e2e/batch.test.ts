import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { XMLValidator } from "fast-xml-parser";
import { expect, test } from "vitest";
import { repeatSchema } from "../../src/reporters/repeat.ts";
import { runsSchema } from "../../src/reporters/runs.ts";
import { brief, startSquall, squall, temporaryFolder } from "./squall.ts";

const sets = brief["silent-empty"];

test("several scenarios: one document, one page, a table, the worst exit code", async () => {
  await using folder = await temporaryFolder();
  const unreachable =
    'name: gone\nservers: { mine: { url: "http://127.0.0.1:1/mcp" } }\nagents: { a: { chain: [{ call: mine.Echo }] } }\nphases: [{ baseline: 1s }]\n';
  await writeFile(join(folder.path, "gone.yaml"), unreachable);
  const own = join(import.meta.dirname, "../../scenarios/silent-empty.yaml");
  const text = (await readFile(own, "utf8"))
    .replace("baseline: 3s", "baseline: 1500ms")
    .replace("fault: 4s", "fault: 2s");
  await writeFile(join(folder.path, "empty.yaml"), text.replace("at: 500ms, for: 3s", "for: 1s"));
  const reporters = [
    "--reporter",
    "terminal",
    "--reporter",
    "json=all.json",
    "--reporter",
    "json=no/such/folder.json",
    "--reporter",
    "junit=all.xml",
  ];
  const { code, stdout, stderr } = await squall(["run", ".", ...reporters], { cwd: folder.path });
  // 64 for the report that could not be written; the others are.
  expect(code, stderr).toBe(64);
  expect(stderr).toContain("the report cannot be written");
  expect(stdout).toMatch(/^2 runs: 1 failed, 1 without a verdict; exit 75$/m);
  expect(stdout).toMatch(/^✗ silent-empty +failed +1 /m);
  expect(stdout).toMatch(/^\? gone +no verdict +75 /m);

  const document = runsSchema.parse(JSON.parse(await readFile(join(folder.path, "all.json"), "utf8")));
  expect(document).toMatchObject({
    exitCode: 75,
    runs: [{ exitCode: 1 }],
    notRun: [{ scenario: "gone", exitCode: 75 }],
  });
  expect(XMLValidator.validate(await readFile(join(folder.path, "all.xml"), "utf8"))).toBe(true);

  const [, index = ""] = /^Index: {2}(.+)$/m.exec(stdout) ?? [];
  const page = await readFile(join(folder.path, index), "utf8");
  const links = [...page.matchAll(/<a href="([^"#]+)(?:#([^"]+))?"/g)];
  expect(links.length).toBeGreaterThan(1);
  for (const [, href = "", id] of links) {
    const report = await readFile(join(folder.path, "reports", decodeURIComponent(href)), "utf8");
    expect(report).toContain(id === undefined ? "<!doctype html>" : `id="${id}"`);
  }
  const run = (await readdir(join(folder.path, "reports"))).find((name) => name.includes("-silent-empty-")) ?? "";
  const files = await readdir(join(folder.path, "reports", run));
  expect(files).toEqual(expect.arrayContaining(["junit.xml", "verdicts.json"]));
});

test("--repeat counts; the replay line repeats one run; Ctrl-C says how many were done", async () => {
  await using folder = await temporaryFolder();
  const cwd = join(folder.path, "here");
  await mkdir(cwd);
  const options = ["--repeat", "9", "--json", "--fail-on", "weakness", "--out", "../there"];
  const running = startSquall(["run", "silent-empty", ...sets, ...options], { cwd });
  let heard = "";
  running.child.stderr?.on("data", (text: string) => {
    // Its second run is on: the first one counts, this one does not.
    if (!heard.includes("run 2 of 9") && (heard + text).includes("run 2 of 9"))
      setTimeout(() => running.child.kill("SIGINT"), 500);
    heard += text;
  });
  const { code, stdout, stderr } = await running.ended;
  expect(code, stderr).toBe(130);
  const { scenarios, notRun } = repeatSchema.parse(JSON.parse(stdout));
  expect(scenarios).toMatchObject([
    { scenario: "silent-empty", asked: 9, done: 1, verdicts: { fail: { k: 1, n: 1 } } },
  ]);
  expect(scenarios[0]?.replay).toMatch(/^squall run silent-empty --seed 42 .*--fail-on weakness$/);
  expect(scenarios[0]?.replay).not.toContain("--repeat");
  expect(notRun).toMatchObject([{ exitCode: 130, times: 7 }]);
  // A path that terminals can make a link of, also where it is not below.
  const [, index = ""] = /^Index: {2}(\/.+-index\.html)$/m.exec(stderr) ?? [];
  expect(await readFile(index, "utf8")).toContain("only 1 of 9 runs came to their end");
});
