import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

// Not threads: a child that one of them starts holds for a moment all the sockets of the others, so that a port that
// one test has closed still lets a client in.
const shared = { pool: "forks", testTimeout: 30_000, hookTimeout: 30_000 } as const;

// Hundreds of processes are started, and a fifth of what a start costs is to compile the same files again.
const env = { NODE_COMPILE_CACHE: join(tmpdir(), "squall-tests-compiled") };

// Not what a test takes, but when to give it up: a run that a busy machine spoilt is played again.
const wholeRuns = { ...shared, testTimeout: 240_000 };

// They measure, or need a machine to themselves as their users have it, so nothing of ours runs beside them.
const alone = ["test/e2e/calibration.test.ts", "test/e2e/demo.test.ts", "test/e2e/known-answers.test.ts"];

export default defineConfig({
  test: {
    // As test/waiting.ts has it: when to give up on a busy machine, not what it takes.
    expect: { poll: { timeout: 20_000, interval: 5 } },
    reporters: ["default", "./test/skipped-reporter.ts"],
    projects: [
      {
        test: {
          ...shared,
          env,
          name: "rooms",
          include: ["test/**/*.test.ts"],
          exclude: ["test/e2e/**"],
          maxWorkers: 2,
        },
      },
      {
        test: {
          ...wholeRuns,
          env,
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          exclude: alone,
          globalSetup: ["test/build.ts"],
          // Whole runs with clocks of their own, which mostly wait: they come after the rest, a few at a time. CI tries
          // them more often, some of them side by side, and has more time for it.
          maxWorkers: process.env["SQUALL_ROUNDS"] === undefined ? 4 : 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...wholeRuns,
          name: "alone",
          include: alone,
          globalSetup: ["test/build.ts"],
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
