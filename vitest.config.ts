import { defineConfig } from "vitest/config";

const shared = { pool: "threads", testTimeout: 30_000, hookTimeout: 30_000 } as const;

export default defineConfig({
  test: {
    reporters: ["default", "./test/skipped-reporter.ts"],
    projects: [
      { test: { ...shared, name: "rooms", include: ["test/**/*.test.ts"], exclude: ["test/e2e/**"] } },
      {
        test: {
          ...shared,
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          exclude: ["test/e2e/calibration.test.ts"],
          globalSetup: ["test/build.ts"],
          // Whole runs with clocks of their own, which mostly wait: they come after the rest, a few at a time.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      // It measures, so nothing of ours runs beside it.
      {
        test: {
          ...shared,
          name: "calibration",
          include: ["test/e2e/calibration.test.ts"],
          globalSetup: ["test/build.ts"],
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
