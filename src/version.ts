import { readFileSync } from "node:fs";
import { z } from "zod";

const manifest = z
  .object({
    version: z.string(),
    engines: z.object({ node: z.string() }),
    devDependencies: z.object({ node: z.string() }).partial().default({}),
  })
  .parse(JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")));

export const { version } = manifest;

/** The oldest Node that runs Squall, and the one that it is tested with. */
export const nodes = { oldest: manifest.engines.node.replace(/^>=\s*/, ""), tested: manifest.devDependencies.node };
