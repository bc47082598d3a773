import { expect, test } from "vitest";
import type { ToolHints } from "../../src/samples/arguments.ts";
import { mayCall, unknownAllowed } from "../../src/samples/callable.ts";

const may = (hints: ToolHints, allowed: readonly string[] = []): string => {
  const found = mayCall({ name: "search", hints }, allowed);
  return `${found.may ? "yes" : "no"}: ${found.because}${found.may ? "" : ` – ${found.hint}`}`;
};

const asks = "if that does no harm: --allow-tool search";

test("a tool is called where it says that it only reads, or where a person says so", () => {
  expect(may({ readOnly: true })).toBe("yes: it says that it only reads (readOnlyHint)");
  expect(may({ readOnly: false, destructive: true }, ["search"])).toBe("yes: named with --allow-tool");
});

test("any other is not, and the reason is told", () => {
  expect(may({})).toBe(`no: it does not say that it only reads – ${asks}`);
  expect(may({ idempotent: true })).toBe(`no: it does not say that it only reads – ${asks}`);
  expect(may({ readOnly: false })).toBe(`no: it says that it changes something – ${asks}`);
  expect(may({ readOnly: false, destructive: true })).toBe(
    `no: it says that it changes something, and that it destroys – ${asks}`,
  );
  expect(may({ readOnly: true, destructive: true })).toBe(
    `no: it says that it only reads, and that it destroys – ${asks}`,
  );
});

test("a name that the server does not have is a mistake", () => {
  expect(unknownAllowed(["serch", "search"], [{ name: "search" }])).toEqual([
    { path: "--allow-tool", says: 'the server has no tool "serch"', hint: 'did you mean "search"?' },
  ]);
});
