/** The folder of a run, with what is known of it before it begins. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, UserError } from "../errors.ts";

export function stamp(date: Date): string {
  return date.toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
}

export async function beginFolder(directory: string, documents: Readonly<Record<string, unknown>>): Promise<void> {
  try {
    await mkdir(join(directory, "targets"), { recursive: true });
    for (const [name, document] of Object.entries(documents)) {
      await writeFile(join(directory, name), `${JSON.stringify(document, undefined, 2)}\n`);
    }
  } catch (cause) {
    throw new UserError(`the run's folder cannot be made: ${messageOf(cause)}; choose another with --out`, { cause });
  }
}
