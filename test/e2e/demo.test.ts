import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { isFull, temporaryFolder } from "./squall.ts";

const demo = fileURLToPath(new URL("../../scripts/demo.ts", import.meta.url));

describe.runIf(isFull)("npm run demo (left to CI: SQUALL_ROUNDS=full)", () => {
  test("the demo finds five of five defects, and none where there is none", async () => {
    await using folder = await temporaryFolder();
    const child = spawn(process.execPath, [demo, "--out", folder.path], { stdio: ["ignore", "pipe", "inherit"] });
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect(stdout).toContain("found 5 of 5 defects · 0 of 0\n");
    expect(code).toBe(0);
  });
});
