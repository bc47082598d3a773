/** A fixture tells where it listens by one line of JSON on stdout; lines before it that are none are passed over. */
import type { ChildProcess } from "node:child_process";
import { z } from "zod";

const line = z.object({ ready: z.object({ url: z.url() }) });
const waitedForMax = 64 * 1024;

/** The URL, or undefined when the wait is given up. */
export function readyLine(child: ChildProcess, signal: AbortSignal): Promise<URL | undefined> {
  return new Promise((resolve) => {
    let pending = "";
    const take = (text: string): void => {
      const lines = (pending + text).split("\n");
      pending = (lines.pop() ?? "").slice(-waitedForMax);
      for (const candidate of lines) {
        const url = urlIn(candidate);
        if (url === undefined) continue;
        child.stdout?.off("data", take);
        resolve(url);
        return;
      }
    };
    child.stdout?.on("data", take);
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}

function urlIn(text: string): URL | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return new URL(line.parse(JSON.parse(text)).ready.url);
  } catch {
    return undefined;
  }
}
