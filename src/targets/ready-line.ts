/** Waiting for the line in which a fixture says where it listens: `{"ready":{"url":"http://127.0.0.1:40123/mcp"}}`. */
import type { Readable } from "node:stream";
import { z } from "zod";
import { parsedJson } from "../history/shape.ts";
import { readLines } from "../lines.ts";

const readySchema = z.object({ ready: z.object({ url: z.url({ protocol: /^https?$/ }) }) });

// A line that never ends is none of a fixture's, and must not fill the memory.
const bytesMax = 64 * 1024;

/** Other lines are skipped; undefined when the signal aborts first. */
export function awaitReadyLine(stdout: Readable, signal: AbortSignal): Promise<URL | undefined> {
  return new Promise((resolve) => {
    const settle = (url: URL | undefined): void => {
      stdout.off("data", lines.feed);
      signal.removeEventListener("abort", onAbort);
      resolve(url);
    };
    const onAbort = (): void => settle(undefined);
    const onLine = (line: Buffer): void => {
      const found = readySchema.safeParse(parsedJson(line.toString()));
      if (found.success) settle(new URL(found.data.ready.url));
    };
    const lines = readLines({ bytesMax, onLine, onOverlong: () => {} });
    stdout.on("data", lines.feed);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
