/** A real client in a process of its own, which does what it is ordered and tells what came of it. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { driversFolder, folderOf, type RealClient } from "./clients.ts";

const answer = z.object({ to: z.number(), came: z.string(), says: z.string().optional() });
type Answer = z.output<typeof answer>;

export interface Driven extends AsyncDisposable {
  open(url: string): Promise<void>;
  /** What the call came to, or pending where it has not come to anything by then. */
  call(order: { readonly tool: string; readonly args: object }, limitMs: number): Promise<Came>;
  close(): Promise<void>;
}

export interface Came {
  readonly came: "ok" | "error" | "pending";
  readonly says?: string | undefined;
}

// A first start compiles Python's files, on a machine that may have more to do.
const openMs = 180_000;
const opensMax = 4;
const closeMs = 10_000;

export function drive(client: RealClient): Driven {
  const folder = folderOf(client);
  const program = client.driver.endsWith(".py") ? join(folder ?? "", "bin", "python") : process.execPath;
  const child = spawn(program, [join(driversFolder, client.driver)], {
    env: { ...process.env, ...client.env, CLIENT_HOME: folder },
    stdio: ["pipe", "ignore", "pipe", "pipe"],
  });
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr = `${stderr}${text}`.slice(-4000)));
  child.stdin?.on("error", () => undefined);
  const waiting = new Map<number, (told: Answer) => void>();
  createInterface({ input: child.stdio[3] as Readable }).on("line", (line) => {
    const told = answer.parse(JSON.parse(line));
    waiting.get(told.to)?.(told);
    waiting.delete(told.to);
  });
  const ended = new Promise<void>((resolve) => void child.once("close", () => resolve()));
  let orders = 0;

  const order = (what: object, limitMs: number): Promise<Answer> => {
    orders += 1;
    const number = orders;
    const told = new Promise<Answer>((resolve) => void waiting.set(number, resolve));
    child.stdin?.write(`${JSON.stringify({ ...what, number })}\n`);
    const limit = new AbortController();
    const late = sleep(limitMs, undefined, { signal: limit.signal }).then(() => ({ to: number, came: "pending" }));
    const over = ended.then(() => ({ to: number, came: "ended" }));
    return Promise.race([told, late, over]).finally(() => {
      late.catch(() => undefined);
      limit.abort();
    });
  };

  const end = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
  };
  return {
    open: async (url) => {
      for (let tries = 1; ; tries += 1) {
        const { came, says = "" } = await order({ do: "open", url }, openMs);
        if (came === "opened") return;
        // Some have less patience with an opening than a busy machine asks for.
        const isLast = came !== "error" || tries === opensMax;
        if (isLast) throw new Error(`${client.name} did not open (${came}): ${says}\n${stderr}`);
      }
    },
    call: async (about, limitMs) => {
      const { came, says } = await order({ do: "call", ...about }, limitMs);
      if (came !== "ok" && came !== "error" && came !== "pending")
        throw new Error(`${client.name} ${came}:\n${stderr}`);
      return { came, says };
    },
    close: async () => void (await order({ do: "close" }, closeMs)),
    [Symbol.asyncDispose]: end,
  };
}
