/** Whatever a server calls itself, its tools and its errors: what Squall prints steers no terminal and no reader. */
import { XMLValidator } from "fast-xml-parser";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { main } from "../../src/commands/main.ts";
import { UserError } from "../../src/errors.ts";
import { explainMistakes } from "../../src/commands/explain.ts";
import type { Io } from "../../src/commands/io.ts";
import { reporters } from "../../src/reporters/registry.ts";
import type { Batch, RunResult } from "../../src/reporters/reporter.ts";
import { realWorld } from "../../src/world.ts";
import { runs } from "../verdicts-of.ts";

// C0 but for line ends and tabs, DEL, C1, and what hides or turns round other text.
const steers =
  // oxlint-disable-next-line no-control-regex, no-misleading-character-class
  /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u00AD\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\u{E0000}-\u{E0FFF}]/u;

const hostile = fc.oneof(
  fc.constantFrom(
    "\u001b]0;owned\u0007",
    "\u001b[2J\u001b[1;1H",
    "\u009b31m",
    "\u202egnp.exe",
    "\r\n::error::owned",
    "\n✓ duplicate-effects",
    "]]><script>alert(1)</script>",
    "\uD800\uFFFF",
  ),
  fc.string({ unit: "binary", maxLength: 30 }),
);

const failed = await runs.failed();

function retold<T>(value: T, tell: (text: string) => string): T {
  return JSON.parse(JSON.stringify(value), (key, one: unknown) =>
    // What these hold is one of a few words of ours.
    typeof one === "string" && !ourWords.has(key) ? tell(one) : one,
  ) as T;
}
const ourWords = new Set(["schema", "verdict", "mode", "grade", "blames", "failOn", "kind", "startedAt"]);

const toldBy = (nasty: string): RunResult => ({
  ...failed,
  verdicts: retold(failed.verdicts, (text) => `${text}${nasty}`),
  directory: `/out/${nasty}`,
});

describe.each(reporters.map((reporter) => [reporter.name, reporter] as const))("the reporter %s", (name, reporter) => {
  test("steers nothing, and has as many lines whatever it tells", () => {
    const lines = (text: string): number => text.split("\n").length;
    const own = lines(reporter.render(toldBy("x"), { colour: false }));
    fc.assert(
      fc.property(hostile, (nasty) => {
        const text = reporter.render(toldBy(nasty), { colour: false });
        expect(text).not.toMatch(steers);
        if (name === "terminal" || name === "json") expect(lines(text)).toBe(own);
        if (name === "json") expect(JSON.parse(text)).toEqual(toldBy(nasty).verdicts);
        if (name === "junit") expect(XMLValidator.validate(text)).toBe(true);
      }),
      { seed: 42, numRuns: 60 },
    );
  });

  test("neither does what it says of several runs", () => {
    const { several } = reporter;
    if (several === undefined) return;
    fc.assert(
      fc.property(hostile, (nasty) => {
        const notRun = { scenario: nasty, replay: nasty, exitCode: 75, because: nasty, times: 1 };
        const batch: Batch = { results: [toldBy(nasty)], notRun: [notRun], exitCode: 75 };
        const text = several.as === "one-document" ? several.render(batch) : several.close(batch, { colour: false });
        expect(text).not.toMatch(steers);
      }),
      { seed: 42, numRuns: 60 },
    );
  });
});

test("an error that quotes a server steers no terminal either", () => {
  fc.assert(
    fc.property(hostile, (nasty) => {
      const { io, said } = inMemory();
      const mistakes = [{ path: nasty, says: nasty, hint: nasty }];
      explainMistakes(new UserError("mine is not what it should be", { mistakes }), io);
      expect(said()).not.toMatch(steers);
      expect(
        said()
          .split("\n")
          .filter((line) => line.startsWith("::")),
      ).toEqual([]);
    }),
    { seed: 42, numRuns: 60 },
  );
});

test("as a document it says the same, and is read as what it was", async () => {
  const { io, said } = inMemory();
  const name = "no-\u009b31m\u202escenario.yaml";
  expect(await main(["run", name, "--json"], io)).toBe(64);
  expect(said()).not.toMatch(steers);
  const document = said().slice(said().indexOf("{"));
  expect(JSON.parse(document)).toMatchObject({ schema: "squall.error/1", mistakes: [{ path: name }] });
});

function inMemory(): { readonly io: Io; readonly said: () => string } {
  let text = "";
  const say = (more: string): void => void (text += more);
  const io = { stdout: say, stderr: say, colour: false, cwd: "/nowhere", world: realWorld, onSignal: () => {} };
  return { io, said: () => text };
}
