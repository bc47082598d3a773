import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { UserError, type Mistake } from "../../src/errors.ts";
import { loadScenario } from "../../src/scenario/load.ts";
import { suggest } from "../../src/scenario/mistakes.ts";
import { fixtures } from "../../src/targets/fixtures.ts";

const entryUrl = new URL("../../src/index.ts", import.meta.url);
const good = readFileSync(fileURLToPath(new URL("../../scenarios/duplicate-effects.yaml", import.meta.url)), "utf8");

/** The mistakes of a file with this text; none where it loads. Whatever else is thrown goes on to the test. */
async function mistakesOf(name: string, text: string): Promise<readonly Mistake[]> {
  const home = await mkdtemp(join(tmpdir(), "squall-mistakes-"));
  const file = join(home, name);
  try {
    await writeFile(file, text);
    await loadScenario({ file, named: name, sets: [], allowHosts: [], env: {}, fixtures, entryUrl });
    return [];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.mistakes;
  } finally {
    await rm(home, { recursive: true });
  }
}

describe("a TypeScript scenario that is more than data is told what it may not hold", () => {
  test.each([
    ["a function", "{ name: 'x', about: () => 1 }", "about", "got a function"],
    ["a promise", "Promise.resolve({})", "", "got a Promise"],
    ["a date", "{ phases: [{ baseline: new Date(0) }] }", "phases[0].baseline", "got a Date"],
    ["a bigint", "{ seed: 1n }", "seed", "got a bigint"],
    ["nothing", "undefined", "", "expected a map, got nothing"],
    ["a text", "'hello'", "", 'expected a map, got "hello"'],
  ])("%s", async (_, text, path, says) => {
    expect(await mistakesOf("s.ts", `export default ${text};\n`)).toMatchObject([
      { path, says: expect.stringContaining(says) },
    ]);
  });

  test("itself", async () => {
    const text = "const args: Record<string, unknown> = {};\nargs.deep = { args };\nexport default { args };\n";
    expect(await mistakesOf("s.ts", text)).toMatchObject([
      { path: "args.deep.args", says: "holds args, which holds it in turn" },
    ]);
  });
});

test("YAML that is nested as deep as the parser goes, or deeper, gives mistakes", async () => {
  for (const depth of [150, 20_000]) {
    expect(await mistakesOf("s.yaml", `name: ${"[".repeat(depth)}${"]".repeat(depth)}`)).not.toEqual([]);
  }
});

test("an empty file is told so", async () => {
  expect(await mistakesOf("s.yaml", "# nothing yet\n")).toMatchObject([{ says: "there is nothing in this file" }]);
});

test("a name is suggested only where it is close", () => {
  const known = ["latency", "flap"];
  expect(suggest("latencyy", known)).toBe('did you mean "latency"?');
  expect(suggest("falp", known)).toBe('did you mean "flap"?');
  expect(suggest("storm", known)).toBe("there is latency, flap");
  expect(suggest("", ["a", "b"])).toBe("there is a, b");
  expect(suggest("x", ["go"])).toBe("there is go");
  expect(suggest("x", [])).toBe("there is none yet");
});

describe("whatever stands in the place of a value", () => {
  const raw: unknown = parse(good);
  const odd = fc.oneof(
    fc.constantFrom(null, true, -1, 1e9, "", "x", "${", "5s", "constructor"),
    fc.constantFrom([], {}, [null], { kind: 5 }, { kind: null }, { toString: 1 }),
    fc.jsonValue({ maxDepth: 2 }),
  );

  test("the scenario loads, or gives mistakes in our own words, each with its place and each once", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...pathsIn(raw)), odd, async (path, value) => {
        const mistakes = await mistakesOf("s.yaml", stringify(replaced(raw, path, value)));
        for (const { says, hint = "", line } of mistakes) {
          expect(`${says} ${hint}`).not.toMatch(/invalid|unrecognized|undefined|\[object/i);
          expect(line).toBeGreaterThan(0);
        }
        const told = mistakes.map(({ path, says }) => `${path}: ${says}`);
        expect(told).toEqual([...new Set(told)]);
        const places = mistakes.map(({ line = 0, column = 0 }) => line * 10_000 + column);
        expect(places).toEqual(places.toSorted((a, b) => a - b));
      }),
      { seed: 42, numRuns: 300 },
    );
  });
});

type Path = readonly (string | number)[];

function pathsIn(node: unknown, path: Path = []): [Path, ...Path[]] {
  if (Array.isArray(node)) return [path, ...node.flatMap((child, index) => pathsIn(child, [...path, index]))];
  if (typeof node !== "object" || node === null) return [path];
  return [path, ...Object.entries(node).flatMap(([key, child]) => pathsIn(child, [...path, key]))];
}

function replaced(node: unknown, [step, ...rest]: Path, value: unknown): unknown {
  if (step === undefined) return value;
  if (Array.isArray(node)) return node.map((child, index) => (index === step ? replaced(child, rest, value) : child));
  if (typeof node !== "object" || node === null) throw new Error("no such path");
  return Object.fromEntries(
    Object.entries(node).map(([key, child]) => [key, key === step ? replaced(child, rest, value) : child]),
  );
}
