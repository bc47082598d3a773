/** Waiting for the line in which a fixture says where it listens: `{"ready":{"url":"http://127.0.0.1:40123/mcp"}}`. */
import type { Readable } from "node:stream";
import { z } from "zod";
import { parsedJson } from "../history/shape.ts";

const readySchema = z.object({ ready: z.object({ url: z.url({ protocol: /^https?$/ }) }) });

// A line that never ends is none of a fixture's, and must not fill the memory.
const lineMaxCharacters = 64 * 1024;

/** Other lines are skipped; undefined when the signal aborts first. */
export function awaitReadyLine(stdout: Readable, signal: AbortSignal): Promise<URL | undefined> {
  const decoder = new TextDecoder();
  return new Promise((resolve) => {
    let rest = "";
    const settle = (url: URL | undefined): void => {
      stdout.off("data", onData);
      signal.removeEventListener("abort", onAbort);
      resolve(url);
    };
    const onAbort = (): void => settle(undefined);
    const onData = (chunk: Buffer): void => {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = (lines.pop() ?? "").slice(0, lineMaxCharacters);
      for (const line of lines) {
        const found = readySchema.safeParse(parsedJson(line));
        if (found.success) return settle(new URL(found.data.ready.url));
      }
    };
    stdout.on("data", onData);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
