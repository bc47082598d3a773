/** The folder of a made-up run, as `squall run` would have left it. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { shapeOf } from "../../src/history/shape.ts";
import type { FailOn } from "../../src/history/declared.ts";
import { exchange, historyOf, honestRun, op, type Timed } from "../literal-history.ts";

/** The answer is empty under the fault although the upstream answered with what it always holds. */
const weakRun: readonly Timed[] = [
  ...honestRun,
  ...op({ atMs: 1200, walk: 25, step: 0, answer: { resources: [] } }),
  exchange(25, 1201, { answer: shapeOf({ resources: [{ id: "r-1" }] }) }),
];

export async function saveRun(
  directory: string,
  which: "passed" | "weak",
  { failOn }: { readonly failOn?: FailOn } = {},
): Promise<string> {
  const history = historyOf(which === "passed" ? honestRun : weakRun).map((event) =>
    event.type === "run-started" && failOn !== undefined ? { ...event, failOn } : event,
  );
  await mkdir(join(directory, "history"), { recursive: true });
  const lines = history.map((event) => `${JSON.stringify(event)}\n`).join("");
  await writeFile(join(directory, "history", "0000.ndjson"), lines);
  return directory;
}
