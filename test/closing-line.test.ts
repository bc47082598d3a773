/** CI's last line: what silently was not run is a failure. */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { temporaryFolder } from "./temporary-folder.ts";

const script = fileURLToPath(new URL("../scripts/closing-line.js", import.meta.url));
const why = "dockerd does not come up here";

async function closing(statuses: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}) {
  await using folder = await temporaryFolder();
  const report = join(folder.path, "report.json");
  const assertionResults = Object.entries(statuses).map(([fullName, status]) => ({
    fullName,
    status,
    failureMessages: status === "failed" ? ["Error: no\n  wanted: yes\n    at here\n    at there"] : [],
  }));
  await writeFile(
    report,
    JSON.stringify({ testResults: [{ name: resolve("test/one.test.ts"), status: "passed", assertionResults }] }),
  );
  return await new Promise<{ code: number; lines: string[] }>((resolve) => {
    const child = execFile(process.execPath, [script, report, "0"], { env }, (_, stdout) =>
      resolve({ code: child.exitCode ?? 0, lines: stdout.trimEnd().split("\n") }),
    );
  });
}

test("all that passed is a success", async () => {
  expect(await closing({ one: "passed", two: "passed" })).toEqual({ code: 0, lines: ["2 passed, 0 failed"] });
});

test("what failed is named, with what it said first", async () => {
  const { code, lines } = await closing({ one: "passed", two: "failed" });
  expect(code).toBe(1);
  expect(lines).toEqual([
    "failed: test/one.test.ts: two",
    "  Error: no",
    "    wanted: yes",
    "      at here",
    "1 passed, 1 failed",
  ]);
});

test("a skipped test is a failure, also one without Docker where nobody has shown why", async () => {
  const { code, lines } = await closing({ one: "passed", [`two (without Docker: ${why})`]: "skipped" });
  expect(code).toBe(1);
  expect(lines.at(-1)).toBe("1 passed, 1 failed");
});

test("where this machine was shown to have no Docker, only what needs it is excused", async () => {
  const statuses = { one: "passed", [`two (without Docker: ${why})`]: "skipped", three: "skipped" };
  const { code, lines } = await closing(statuses, { CI_WITHOUT_DOCKER: why });
  expect(code).toBe(1);
  expect(lines).toEqual(["skipped: three", `skipped, excused: two (without Docker: ${why})`, "1 passed, 1 failed"]);
});
