import { readFileSync } from "node:fs";

interface Manifest {
  readonly version: string;
  readonly engines: { readonly node: string };
  readonly devDependencies?: { readonly node?: string };
}

// It is our own, so it is as we know it; loading a schema would take longer than all else that tells the version.
const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as Manifest;

export const { version } = manifest;

/** The oldest Node that runs Squall, and the one that it is tested with. */
export const nodes = { oldest: manifest.engines.node.replace(/^>=\s*/, ""), tested: manifest.devDependencies?.node };
