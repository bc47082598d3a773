/** Running a command that prints rows: JSON, or a row in each line. */
import { spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { z } from "zod";
import { parsedJson } from "../history/shape.ts";
import { endGroup, groupFile, leaseVariable, underLease } from "../processes.ts";
import { readKind, type Around, type ReadLimits } from "./kinds.ts";
import { jsonPath, rowsAt } from "./select.ts";

const attributes = z.strictObject({
  run: z
    .tuple([z.string().min(1)], z.string(), { error: "expected a list: the program and its arguments" })
    .describe("program and arguments, started in the scenario's folder; it must end with 0"),
  rows: jsonPath
    .optional()
    .describe("JSONPath to the list of rows in what it prints; absent: a JSON list, or else each line is a row"),
});

export const command = readKind({
  kind: "command",
  about: "rows that a command prints, as JSON or line by line",
  everyMs: 2000,
  attributes,
  prepare: ({ run, rows }) => ({
    open: (around) => ({
      read: async (limits) => rowsIn(await printed(run, around, limits), rows),
      close: () => Promise.resolve(),
    }),
  }),
});

const bytesMax = 32 * 1024 * 1024;
const lastWordsMax = 500;

function rowsIn(text: string, rows: string | undefined): readonly unknown[] {
  const document = parsedJson(text);
  if (rows !== undefined) {
    if (document === undefined) throw new Error("it printed no JSON");
    return rowsAt(document, rows);
  }
  if (Array.isArray(document)) return document;
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.map((line) => parsedJson(line) ?? { line });
}

async function printed(
  run: readonly [string, ...string[]],
  { home, lease, world }: Around,
  { signal }: ReadLimits,
): Promise<string> {
  const [shell, args] = underLease(lease, run);
  const child = spawn(shell, args, {
    cwd: home,
    // It leads a group of its own, which is ended whole.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...world.env, [leaseVariable]: lease },
  });
  const { pid } = child;
  let text = "";
  let said = "";
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      if (text.length > bytesMax) reject(new Error(`it printed more than ${bytesMax} characters`));
    });
    child.stderr.setEncoding("utf8").on("data", (part: string) => {
      said = (said + part).slice(-lastWordsMax);
    });
    signal.addEventListener("abort", () => reject(new Error("it did not end in time")), { once: true });
  });
  try {
    const code = await closed;
    if (code === 0) return text;
    throw new Error(`${run[0]} ended with ${code ?? "a signal"}${said.trim() === "" ? "" : `: ${said.trim()}`}`);
  } finally {
    if (pid !== undefined) {
      await endGroup(pid, { graceMs: 0, clock: world });
      await rm(groupFile(lease, pid), { force: true });
    }
  }
}
