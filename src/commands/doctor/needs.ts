/** Probes for what every run needs: Node, a shell, the engine, a folder for leases; and what is in their way. */
import { constants } from "node:fs";
import { access, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { passByte } from "../../engines/byte-probe.ts";
import { openEmbeddedEngine } from "../../engines/embedded/embedded.ts";
import { leaseBase, openBase } from "../../engines/lease-files.ts";
import { lapsedRuns } from "../../engines/lease-sweep.ts";
import { leaseVariable } from "../../processes.ts";
import { nodes } from "../../version.ts";
import type { World } from "../../world.ts";
import type { Probe } from "./probe.ts";

const node: Probe = {
  name: "node",
  needed: true,
  costs: "Squall does not run",
  mend: `install Node ${nodes.oldest} or newer; npm ci in a checkout brings its own`,
  look: ({ nodeVersion }) => {
    const tested = nodes.tested === undefined ? "" : `, tested with ${nodes.tested}`;
    const says = `${nodeVersion} (${nodes.oldest} or newer is needed${tested})`;
    return Promise.resolve({ state: isAtLeast(nodeVersion, nodes.oldest) ? "there" : "missing", says });
  },
};

export function isAtLeast(version: string, oldest: string): boolean {
  return version.localeCompare(oldest, "en", { numeric: true }) >= 0;
}

const engine: Probe = {
  name: "engine",
  needed: true,
  costs: "no link can be made, so nothing can be run",
  mend: "let this user listen and connect on 127.0.0.1; a sandbox or a firewall may forbid it",
  // It starts a thread of its own; on a busy machine that alone may take seconds.
  withinMs: 5000,
  look: async (world) => {
    const opened = await openEmbeddedEngine({ world, seed: 0 });
    try {
      await passByte((upstream) => opened.openProxy("doctor", upstream), world);
      return {
        state: "there",
        says: `embedded, speaks Toxiproxy ${opened.version}; a byte went through it and back`,
      };
    } finally {
      await opened.close();
    }
  },
};

const shell: Probe = {
  name: "shell",
  needed: true,
  costs: "no server can be started in a way that surely ends it again",
  mend: "provide /bin/sh",
  look: async () => {
    await access("/bin/sh", constants.X_OK);
    return { state: "there", says: "/bin/sh" };
  },
};

const leases: Probe = {
  name: "lease folder",
  needed: true,
  costs: "what a run starts could outlive it, so nothing is started",
  mend: "make the temporary folder writable, or point TMPDIR to one that is",
  look: async () => {
    const base = leaseBase();
    const { refused } = await openBase(base);
    if (refused !== undefined) return { state: "missing", says: refused };
    const trial = await mkdtemp(join(tmpdir(), "squall-doctor-"));
    try {
      await writeFile(join(trial, "trial"), "");
    } finally {
      await rm(trial, { recursive: true, force: true });
    }
    await access(base, constants.W_OK);
    return { state: "there", says: base };
  },
};

const leftovers: Probe = {
  name: "leftovers",
  needed: false,
  costs: "processes of runs that are gone may still hold ports and load the machine; the next run stops them too",
  mend: "squall clean",
  look: async (world) => {
    const runs = await lapsedRuns({ world });
    if (runs.length === 0) return { state: "there", says: "none" };
    return {
      state: "limited",
      says: `of ${runs.length === 1 ? "a run that is" : "runs that are"} gone: ${runs.join(", ")}`,
    };
  },
};

/** Those that mean something, and to whom. Values are not told: nobody knows what they hold. */
const known: Readonly<Record<string, string>> = {
  SQUALL_TOXIPROXY: "the original toxiproxy-server, for --engine binary and tests",
  SQUALL_TOXIPROXY_IMAGE: "the image for --engine docker",
  SQUALL_DOCKER_NETWORK: "how that container is reached: host or mapped",
  SQUALL_ROUNDS: "how often Squall's own tests try",
  [leaseVariable]: "the lease of a run: this shell was started by one, and ends with it",
};

const variables: Probe = {
  name: "variables",
  needed: false,
  costs: "perhaps a slip of the pen: a variable with no meaning changes nothing",
  mend: `Squall knows ${Object.keys(known).join(", ")}; scenarios may read others as \${env.NAME}`,
  look: (world: World) => {
    const set = Object.keys(world.env)
      .filter((name) => name.startsWith("SQUALL_"))
      .sort();
    if (set.length === 0) return Promise.resolve({ state: "there", says: "no SQUALL_* is set" });
    const says = set.map((name) => `${name} (${known[name] ?? "means nothing to Squall"})`).join(", ");
    return Promise.resolve({ state: set.every((name) => name in known) ? "there" : "limited", says });
  },
};

export const needs: readonly Probe[] = [node, engine, shell, leases];
export const hindrances: readonly Probe[] = [leftovers, variables];
