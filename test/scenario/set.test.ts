import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applySets } from "../../src/scenario/set.ts";

const raw = {
  name: "x",
  servers: { cloud: { fixture: "cloud", defects: ["eager-retry"], env: { A: "b" } } },
  agents: { planner: { chain: [{ call: "cloud.A" }, { call: "cloud.B", args: { limit: 1 } }] } },
};

type Path = readonly (string | number)[];

const read = (node: unknown, path: Path): unknown =>
  path.reduce<unknown>((at, step) => (typeof at === "object" && at !== null ? Reflect.get(at, step) : undefined), node);

const written = (path: Path): string =>
  path.map((step, index) => (typeof step === "number" ? `[${step}]` : `${index === 0 ? "" : "."}${step}`)).join("");

describe("--set", () => {
  const places: readonly Path[] = [
    ["name"],
    ["seed"],
    ["servers", "cloud", "env", "A"],
    ["servers", "other-one", "env", "NEW"],
    ["agents", "planner", "chain", 1, "args", "limit"],
    ["agents", "planner", "chain", 2, "call"],
    ["agents", "planner", "chain", 0],
    ["phases"],
  ];

  // The one key that no scenario may have, see data.ts.
  const values = fc.jsonValue().filter((value) => !JSON.stringify(value).includes("__proto__"));

  test("any value at any place can be read there afterwards, and nothing else has changed", () => {
    fc.assert(
      fc.property(fc.constantFrom(...places), values, (path, value) => {
        const before = structuredClone(raw);
        const { raw: changed, mistakes } = applySets(raw, [`${written(path)}=${JSON.stringify(value)}`]);
        expect(mistakes).toEqual([]);
        expect(JSON.stringify(read(changed, path))).toBe(JSON.stringify(value));
        expect(raw).toEqual(before);
        const back = applySets(changed, [`${written(path)}=${JSON.stringify(read(raw, path) ?? null)}`]);
        if (read(raw, path) !== undefined) expect(back.raw).toEqual(raw);
      }),
      { seed: 42 },
    );
  });

  test("values are YAML: an empty one is null, and text needs no quotes", () => {
    const { raw: changed } = applySets(raw, ["a=", "b=5s", "c=5", "d={ e: [f] }"]);
    expect(changed).toMatchObject({ a: null, b: "5s", c: 5, d: { e: ["f"] } });
  });

  test("answers for what it had to make on the way, so that a slip in a name is told as its own", () => {
    expect(applySets(raw, ["agents.planer.budget=2s"]).paths).toEqual([["agents", "planer"]]);
    expect(applySets(raw, ["agents.planner.budget=2s"]).paths).toEqual([["agents", "planner", "budget"]]);
  });

  test("later ones see what earlier ones have made", () => {
    const { raw: changed } = applySets(raw, ["agents.new.chain=[]", "agents.new.chain[0].call=cloud.C", "name=y"]);
    expect(changed).toMatchObject({ name: "y", agents: { new: { chain: [{ call: "cloud.C" }] } } });
  });

  test("what a target is replaces what it was, but for what is set as well", () => {
    const cloud = (...sets: string[]) => read(applySets(raw, sets).raw, ["servers", "cloud"]);
    expect(cloud("servers.cloud.url=http://127.0.0.1:1/mcp")).toEqual({
      env: { A: "b" },
      url: "http://127.0.0.1:1/mcp",
    });
    expect(cloud("servers.cloud.fixture=cloud", "servers.cloud.defects=[]")).toMatchObject({ defects: [] });
    expect(cloud("servers.cloud.defects=[]", "servers.cloud.fixture=cloud")).toMatchObject({ defects: [] });
    expect(cloud("servers.cloud.defects=[]")).toMatchObject({ fixture: "cloud", defects: [] });
  });

  test("what cannot be done is told, and the rest is done", () => {
    const { raw: changed, mistakes } = applySets(raw, [
      "name.deeper=1",
      "agents.planner.chain[5].call=x",
      "a=[",
      "b=.inf",
      "c=*nowhere",
      "constructor.x=1",
      "name=y",
    ]);
    expect(mistakes.map(({ file }) => file)).toEqual(Array.from({ length: 6 }, () => "--set"));
    expect(mistakes.map(({ path }) => path)).toContain("agents.planner.chain[5].call");
    expect(mistakes.every(({ says }) => !says.includes("\n"))).toBe(true);
    expect(changed).toEqual({ ...raw, name: "y" });
  });
});
