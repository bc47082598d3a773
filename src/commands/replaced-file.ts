/** Writing into a folder that a server could reach: whatever it has put at that name is replaced, and not written to. */
import { rename, rm, writeFile } from "node:fs/promises";
import type { World } from "../world.ts";

/** At each moment the old one or the new one is there as a whole. A link at this name is not followed. */
export async function replaceFile(path: string, text: string, world: World): Promise<void> {
  const fresh = `${path}.${world.nonce()}`;
  try {
    await writeFile(fresh, text, { flag: "wx" });
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => undefined);
    throw error;
  }
}
