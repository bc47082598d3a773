/** Removing the proxies that a dead run has left on a Toxiproxy which is not ours; nothing else there is touched. */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { codeOf, messageOf } from "../errors.ts";
import { realWorld } from "../world.ts";
import { requestWithin } from "./control-request.ts";
import { prefixOf } from "./names.ts";
import type { LeftProxies } from "./lease-files.ts";

const timeoutMs = 2000;
const looksMax = 5;

const written = z.object({
  url: z.url(),
  // Never so short that it could begin the name of somebody else's.
  prefix: z.string().regex(new RegExp(`^${prefixOf("[0-9a-f]{8}").replaceAll(".", String.raw`\.`)}$`)),
}) satisfies z.ZodType<LeftProxies>;

/** Undefined once none is left; else what is, and why. */
export async function removeLeftProxies(path: string): Promise<string | undefined> {
  let url = "";
  try {
    const word = written.parse(JSON.parse(await readFile(path, "utf8")));
    url = word.url;
    const ask = (method: string, route: string): Promise<string> =>
      requestWithin({ method, url: `${url}${route}`, timeoutMs, world: realWorld });
    // What the run asked for in its last moment may come to be only after the first look.
    for (let left = looksMax; left > 0; left -= 1) {
      const proxies = z.record(z.string(), z.unknown()).parse(JSON.parse(await ask("GET", "/proxies")));
      const ours = Object.keys(proxies).filter((name) => name.startsWith(word.prefix));
      if (ours.length === 0 && left < looksMax) return undefined;
      for (const name of ours) await ask("DELETE", `/proxies/${encodeURIComponent(name)}`);
    }
    return `proxies of this run on ${url} that keep appearing`;
  } catch (error) {
    // It keeps nothing on disk: with the server its proxies have gone.
    if (codeOf(error) === "ECONNREFUSED") return undefined;
    return `proxies of this run on ${url} (${messageOf(error)})`;
  }
}
