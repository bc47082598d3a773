/** Probes for programs that are not ours: what is on the PATH, and what it says of itself. */
import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { manifestOf } from "../../effects/drivers.ts";
import { imageFrom } from "../../engines/docker.ts";
import type { World } from "../../world.ts";
import type { Found, Probe } from "./probe.ts";

const answerMs = 1500;

export async function run(
  world: World,
  file: string,
  args: readonly string[],
): Promise<{ readonly ok: boolean; readonly stdout: string; readonly stderr: string }> {
  const options = { env: { ...world.env }, timeout: answerMs, killSignal: "SIGKILL", maxBuffer: 64 * 1024 } as const;
  try {
    return { ok: true, ...(await promisify(execFile)(file, [...args], options)) };
  } catch (error) {
    const said = (stream: "stdout" | "stderr"): string => {
      const value: unknown = error instanceof Error ? Reflect.get(error, stream) : undefined;
      return typeof value === "string" ? value : "";
    };
    return { ok: false, stdout: said("stdout"), stderr: said("stderr") };
  }
}

/** The first of these programs on the PATH. */
async function findProgram(world: World, names: readonly string[]): Promise<string | undefined> {
  const folders = (world.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const folder of folders) {
    for (const name of names) {
      const file = join(folder, name);
      if (await isProgram(file)) return file;
    }
  }
  return undefined;
}

async function isProgram(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function firstLine(text: string): string {
  return text.trim().split("\n")[0] ?? "";
}

const missing = (says: string): Found => ({ state: "missing", says });

const toxiproxy: Probe = {
  name: "toxiproxy-server",
  needed: false,
  costs: "nothing for runs with the embedded engine; --engine binary has nothing to start",
  mend: "put toxiproxy-server on the PATH, or name its file in SQUALL_TOXIPROXY",
  look: async (world) => {
    const named = world.env["SQUALL_TOXIPROXY"] ?? "";
    const file = named === "" ? await findProgram(world, ["toxiproxy-server"]) : named;
    if (file === undefined) return missing("not on the PATH, and SQUALL_TOXIPROXY names none");
    const { ok, stdout, stderr } = await run(world, file, ["-version"]);
    if (ok) return { state: "there", says: `${firstLine(stdout) || firstLine(stderr)} (${file})` };
    return missing(`${file} does not tell its version${stderr === "" ? "" : `: ${firstLine(stderr)}`}`);
  },
};

const docker: Probe = {
  name: "docker",
  needed: false,
  costs:
    "nothing for runs with the embedded engine; neither --engine docker nor servers of yours in containers can be started",
  mend: "install Docker, start its daemon, and let this user talk to it",
  look: async (world) => {
    const file = await findProgram(world, ["docker"]);
    if (file === undefined) return missing("no docker on the PATH");
    const { ok, stdout, stderr } = await run(world, file, [
      "version",
      "--format",
      "{{.Client.Version}} {{.Server.Version}}",
    ]);
    const [client = "", server = ""] = firstLine(stdout).split(" ");
    if (ok) return { state: "there", says: `client ${client}, daemon ${server}` };
    const said = firstLine(stderr);
    return missing(`the client is there (${file}), its daemon does not answer${said === "" ? "" : `: ${said}`}`);
  },
};

const prlimit: Probe = {
  name: "prlimit",
  needed: false,
  costs: "heap-limit and descriptor-limit cannot be injected; every other fault can",
  mend: "install util-linux; only Linux has it",
  look: async (world) => {
    const file = await findProgram(world, ["prlimit"]);
    if (file === undefined) return missing("no prlimit on the PATH");
    const { ok, stdout } = await run(world, file, ["--version"]);
    return ok ? { state: "there", says: firstLine(stdout) } : missing(`${file} does not tell its version`);
  },
};

/** A package that people install where they need it. */
function packageProbe(name: string, costs: string): Probe {
  return {
    name,
    needed: false,
    costs,
    mend: `npm install --save-dev ${name}, beside squall`,
    look: async () => {
      // Only its manifest: some packages take longer to load than all the other probes together.
      const manifest = manifestOf(name);
      if (manifest === undefined) return missing("not installed beside Squall");
      const { version } = z.object({ version: z.string() }).parse(JSON.parse(await readFile(manifest, "utf8")));
      return { state: "there", says: version };
    },
  };
}

const testcontainers = packageProbe(
  "testcontainers",
  "nothing for runs with the embedded engine; --engine docker cannot be used",
);
const drivers = [
  packageProbe("pg", "effects cannot be read back from PostgreSQL; every other read-back can"),
  packageProbe("mysql2", "effects cannot be read back from MySQL or MariaDB; every other read-back can"),
  packageProbe("redis", "effects cannot be read back from Redis; every other read-back can"),
];

const toxiproxyImage: Probe = {
  name: "toxiproxy image",
  needed: false,
  costs: "nothing for runs with the embedded engine; the first --engine docker has to pull it",
  mend: "docker pull it where there is a registry; else build or load one, and name it in SQUALL_TOXIPROXY_IMAGE",
  look: async (world) => {
    const image = imageFrom(world);
    const file = await findProgram(world, ["docker"]);
    if (file === undefined) return missing(`${image}: no docker on the PATH to ask`);
    const { ok, stdout, stderr } = await run(world, file, ["image", "inspect", "--format", "{{.Id}}", image]);
    if (ok) return { state: "there", says: `${image} (${firstLine(stdout).slice(0, "sha256:".length + 12)})` };
    return missing(`${image}: ${firstLine(stderr) || "docker does not answer"}`);
  },
};

const go: Probe = {
  name: "go",
  needed: false,
  costs: "nothing for runs; CI cannot build the original toxiproxy-server to compare with",
  mend: "install Go, if you work on Squall itself",
  look: async (world) => {
    const file = await findProgram(world, ["go"]);
    if (file === undefined) return missing("no go on the PATH");
    const { ok, stdout } = await run(world, file, ["version"]);
    return ok ? { state: "there", says: firstLine(stdout) } : missing(`${file} does not tell its version`);
  },
};

const chromium: Probe = {
  name: "chromium",
  needed: false,
  costs: "nothing for runs and reports; Squall's own tests cannot open the report in a browser",
  mend: "install Chromium, if you work on Squall itself",
  look: async (world) => {
    const file = await findProgram(world, ["chromium", "chromium-browser", "google-chrome", "chrome"]);
    return file === undefined ? missing("no Chromium or Chrome on the PATH") : { state: "there", says: file };
  },
};

export const programs: readonly Probe[] = [
  toxiproxy,
  docker,
  testcontainers,
  toxiproxyImage,
  prlimit,
  ...drivers,
  go,
  chromium,
];
