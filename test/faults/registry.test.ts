import { expect, test } from "vitest";
import { faultKinds } from "../../src/faults/registry.ts";
import { whereAndWhen } from "../../src/scenario/schema.ts";

test("no attribute of a kind takes a name that says where or when a fault is", () => {
  const taken = new Set([...Object.keys(whereAndWhen), "kind", "ramp"]);
  const shadowing = faultKinds.flatMap(({ kind, attributes }) =>
    Object.keys(attributes.shape)
      .filter((name) => taken.has(name))
      .map((name) => `${kind}.${name}`),
  );
  expect(shadowing).toEqual([]);
  expect(taken.size).toBeGreaterThan(8);
});

test("what a caller may believe holds however often its callee has acted", () => {
  for (const { kind, mayBelieve, executes } of faultKinds) {
    expect(executes.length, kind).toBeGreaterThan(0);
    if (mayBelieve === "not executed") expect(executes, kind).toEqual([0]);
    if (mayBelieve === "executed") expect(Math.min(...executes), kind).toBeGreaterThan(0);
  }
});
