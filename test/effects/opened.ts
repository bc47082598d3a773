/** Opening a source by itself, as a run would: for tests of what it reads. */
import { messageOf } from "../../src/errors.ts";
import type { Around, Source } from "../../src/effects/kinds.ts";
import { readKindNamed } from "../../src/effects/registry.ts";
import { realWorld } from "../../src/world.ts";

export function openSource(kind: string, attributes: unknown, around: Partial<Around> = {}): Source {
  return readKindNamed(kind)
    .prepare(attributes)
    .open({
      home: process.cwd(),
      lease: "",
      world: realWorld,
      openSession: () => Promise.reject(new Error("there is no server")),
      ...around,
    });
}

/** A database that has just been started takes connections before it takes queries. */
export async function rowsOf(source: Source, rowsMax = 1000): Promise<readonly unknown[]> {
  for (;;) {
    try {
      return await source.read({ rowsMax, timeoutMs: 10_000, signal: AbortSignal.timeout(10_000) });
    } catch (error) {
      if (!messageOf(error).includes("starting up")) throw error;
      await realWorld.sleep(50);
    }
  }
}

/** One read of a source that is opened for it and closed again. */
export async function readOnce(
  kind: string,
  attributes: unknown,
  around: Partial<Around> = {},
): Promise<readonly unknown[]> {
  const source = openSource(kind, attributes, around);
  try {
    return await rowsOf(source);
  } finally {
    await source.close();
  }
}
