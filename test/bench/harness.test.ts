/** The harness with figures that measure nothing: what is told of them, and what is exited with. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { atLeast, below, type Figure, type Measured } from "../../scripts/bench/figure.ts";
import { runBench } from "../../scripts/bench/harness.ts";
import type { Lab } from "../../scripts/bench/lab.ts";
import { compete, rotated, type Contestant } from "../../scripts/bench/load.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const figure = (name: string, measured: Measured): Figure => ({
  name,
  about: `how ${name} it is`,
  bars: { [name]: atLeast(2, "× its peer") },
  measure: () => Promise.resolve({ [name]: measured }),
});

const fast = figure("fast", { values: [3, 2.5, 9], says: ["the peer: 1"] });
const slow = figure("slow", { values: [1, 1.5, 9] });
const wrong = figure("wrong", { values: [5], wrong: ["its calls failed"] });
const empty = figure("empty", { values: [] });
const broken: Figure = { ...fast, name: "broken", bars: { a: below(1, "s"), b: below(1, "MB") }, measure: failing };

function failing(): Promise<never> {
  return Promise.reject(new Error("the peer did not start"));
}

async function bench(argv: readonly string[], figures: readonly Figure[], stopping = new AbortController().signal) {
  const out = { stdout: "", stderr: "", opened: 0, closed: 0 };
  const lab = (rounds: number | undefined): Lab & AsyncDisposable => ({
    folder: "",
    rounds,
    say: () => undefined,
    strangersShare: () => 0.25,
    quiet: () => Promise.resolve(),
    start: () => {
      throw new Error("nothing is started here");
    },
    [Symbol.asyncDispose]: () => {
      out.closed += 1;
      return Promise.resolve();
    },
  });
  const code = await runBench(argv, {
    figures,
    stdout: (text) => (out.stdout += text),
    stderr: (text) => (out.stderr += text),
    openLab: ({ rounds }) => {
      out.opened += 1;
      return Promise.resolve(lab(rounds));
    },
    stopping,
  });
  return { ...out, code };
}

describe("what is told", () => {
  test("a figure is the median of its rounds, with their spread and its bar", async () => {
    const { code, stdout } = await bench([], [fast]);
    expect(code).toBe(0);
    expect(stdout).toMatchInlineSnapshot(`
      "  figure  median  bar             min – max (rounds)
      ✓ fast    3       ≥ 2 × its peer  2.5 – 9 (3)
            the peer: 1
            strangers took 25 % of the machine
      
      "
    `);
  });

  test("one that misses its bar is named, and exits 1", async () => {
    const { code, stdout, stderr } = await bench([], [fast, slow]);
    expect(code).toBe(1);
    expect(stdout).toContain("✗ slow    1.5");
    expect(stderr).toContain("missed: slow\n");
  });

  test("one that counts for nothing is not ok, however good its value", async () => {
    const { code, stdout } = await bench([], [wrong]);
    expect(code).toBe(1);
    expect(stdout).toContain("✗ wrong");
    expect(stdout).toContain("its calls failed");
  });

  test("without a value it is not ok", async () => {
    expect((await bench([], [empty])).code).toBe(1);
  });

  test("a peer that fails misses every bar of its figure, and the others are measured all the same", async () => {
    const { code, stdout, stderr, opened, closed } = await bench([], [broken, fast]);
    expect(code).toBe(1);
    expect(stdout.match(/the peer did not start/g)).toHaveLength(2);
    expect(stdout).toContain("✓ fast");
    expect(stderr).toContain("missed: a, b\n");
    expect({ opened, closed }).toEqual({ opened: 2, closed: 2 });
  });

  test("a bar that its figure forgets is missed", async () => {
    const { code, stdout } = await bench([], [{ ...fast, bars: { ...fast.bars, other: below(1, "s") } }]);
    expect(code).toBe(1);
    expect(stdout).toContain("the figure did not measure it");
  });
});

describe("what is asked", () => {
  test("--json writes one entry for each bar", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "bench.json");
    await bench(["--json", file], [fast, empty]);
    const entry = z.strictObject({
      name: z.string(),
      value: z.number().nullable(),
      bar: z.string(),
      ok: z.boolean(),
      command: z.string(),
    });
    const document = z.array(entry).parse(JSON.parse(await readFile(file, "utf8")));
    expect(document).toEqual([
      { name: "fast", value: 3, bar: "≥ 2 × its peer", ok: true, command: "npm run bench -- fast" },
      { name: "empty", value: null, bar: "≥ 2 × its peer", ok: false, command: "npm run bench -- empty" },
    ]);
  });

  test("names choose figures; the name of a bar chooses the figure that has it", async () => {
    expect((await bench(["fast"], [fast, slow])).code).toBe(0);
    const { stdout, opened } = await bench(["b"], [fast, broken]);
    expect(opened).toBe(1);
    expect(stdout).not.toContain("fast");
  });

  test.each([
    [["fats"], 'there is no figure "fats"; did you mean "fast"?'],
    [["--rounds", "0"], '--rounds takes a whole number from 1 to 99, got "0"'],
    [["--speed"], "--speed"],
  ])("%j is a mistake: it exits 64 and measures nothing", async (argv, says) => {
    const { code, stderr, opened } = await bench(argv, [fast, slow]);
    expect(code).toBe(64);
    expect(stderr).toContain(says);
    expect(opened).toBe(0);
  });

  test("--list tells names, what they are, and bars, and measures nothing", async () => {
    const { code, stdout, opened } = await bench(["--list"], [fast, broken]);
    expect({ code, opened }).toEqual({ code: 0, opened: 0 });
    expect(stdout).toContain("fast    how fast it is\n");
    expect(stdout).toContain("  b: < 1 MB\n");
  });

  test("--rounds reaches the figures", async () => {
    const counted: Figure = { ...fast, measure: ({ rounds }) => Promise.resolve({ fast: { values: [rounds ?? 0] } }) };
    expect((await bench(["--rounds", "7"], [counted])).stdout).toContain("7 – 7 (1)");
  });

  test("what is stopped is closed, and tells no result", async () => {
    const stop = new AbortController();
    const endless: Figure = {
      ...fast,
      measure: () => {
        stop.abort(new Error("SIGINT"));
        return new Promise(() => undefined);
      },
    };
    await expect(bench([], [endless, slow], stop.signal)).rejects.toThrow("SIGINT");
  });
});

describe("a contest", () => {
  test("takes each contestant first in its turn", () => {
    expect([0, 1, 2, 3].map((round) => rotated(["a", "b", "c"], round)[0])).toEqual(["a", "b", "c", "a"]);
    expect(rotated(["a", "b", "c"], 2)).toEqual(["c", "a", "b"]);
    expect(rotated([], 2)).toEqual([]);
  });

  test("is void where a contestant ends before it was measured, or does not start", async () => {
    const lab: Lab = {
      folder: "",
      rounds: 1,
      say: () => undefined,
      strangersShare: () => 0,
      quiet: () => Promise.resolve(),
      start: () => never(),
    };
    const contest = (contestant: Contestant) =>
      compete(lab, { counts: new URL("http://127.0.0.1:9/counts"), contestants: [contestant], rounds: 1 });
    const over = Promise.resolve([]);
    await expect(contest({ name: "hare", start: () => Promise.resolve({ pid: process.pid, over }) })).rejects.toThrow(
      "hare was over before it was measured",
    );
    await expect(contest({ name: "hare", start: failing })).rejects.toThrow("the peer did not start");
  });
});

function never(): never {
  throw new Error("nothing is started here");
}
