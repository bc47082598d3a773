import { expect, test } from "vitest";
import { manifestOf, requireDriver } from "../../src/effects/drivers.ts";
import { UserError } from "../../src/errors.ts";

const about = { effect: "order", reads: "sql (postgres)", needs: "pg" } as const;

test("a package that is missing is told with the way to get it, and nothing is started", () => {
  const required = (): void => requireDriver(about, () => undefined);
  expect(required).toThrow(
    "the effect order is read by sql (postgres), which takes the package pg, and that is not installed: npm install --save-dev pg, beside squall",
  );
  expect(required).toThrow(expect.objectContaining({ exitCode: 64, constructor: UserError }));
});

test("one that is there is found", () => {
  expect(() => requireDriver(about)).not.toThrow();
  expect(manifestOf("no-such-package-anywhere")).toBeUndefined();
});
