/**
 * Builds images FROM scratch for machines without a registry: Toxiproxy, out of the Go module proxy, and with `--all`
 * what stands in for Node, PostgreSQL and Redis in docker-compose.yml. Prints the variables that name them, for `export`.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const toxiproxyVersion = "2.12.0";
const folder = mkdtempSync(join(tmpdir(), "squall-images-"));
try {
  const built = [["SQUALL_TOXIPROXY_IMAGE", toxiproxy()]];
  if (process.argv.includes("--all")) {
    const standIn = databases();
    built.push(["NODE_IMAGE", node()], ["POSTGRES_IMAGE", standIn], ["REDIS_IMAGE", standIn]);
  }
  for (const [name, image] of built) console.log(`${name}=${image}`);
} finally {
  rmSync(folder, { recursive: true });
}

/** Laid out as the official image is: server and client, nothing else. */
function toxiproxy(): string {
  const context = contextOf("toxiproxy");
  for (const [part, name] of [
    ["server", "toxiproxy"],
    ["cli", "toxiproxy-cli"],
  ] as const) {
    const bin = join(folder, part);
    // Static: there is no library in an empty image.
    const env = { ...process.env, GOBIN: bin, CGO_ENABLED: "0", GOFLAGS: "-modcacherw" };
    const source = `github.com/Shopify/toxiproxy/v2/cmd/${part}@v${toxiproxyVersion}`;
    execFileSync("go", ["install", source], { env, stdio: ["ignore", 2, 2] });
    copyFileSync(join(bin, part), join(context, name));
  }
  const lines = ["COPY toxiproxy toxiproxy-cli /", 'ENTRYPOINT ["/toxiproxy"]', 'CMD ["-host=0.0.0.0"]'];
  return build(context, `toxiproxy:${toxiproxyVersion}`, lines);
}

/** The Node that runs this, with the libraries that it is linked to. */
function node(): string {
  const context = contextOf("node");
  const linked = execFileSync("ldd", [process.execPath], { encoding: "utf8" });
  const libraries = [...linked.matchAll(/(\/\S+) \(0x/g)].map(([, file = ""]) => file);
  put(context, process.execPath, "/bin/node");
  for (const file of libraries) put(context, file, file);
  mkdirSync(join(context, "tmp"));
  return build(context, "node:local", ["COPY . /", "ENV PATH=/bin"]);
}

/** Answers as healthy, and stores nothing. */
function databases(): string {
  const context = contextOf("databases");
  const busybox = execFileSync("sh", ["-c", "command -v busybox"], { encoding: "utf8" }).trim();
  put(context, busybox, "/bin/sh");
  const script = (name: string, text: string): void => {
    writeFileSync(join(context, "bin", name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(context, "bin", name), 0o755);
  };
  for (const name of ["postgres", "redis-server"])
    script(name, "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done");
  for (const name of ["pg_isready", "redis-cli"]) script(name, "exit 0");
  return build(context, "databases:local", ["COPY . /", "ENV PATH=/bin"]);
}

function contextOf(name: string): string {
  const context = join(folder, `context-${name}`);
  mkdirSync(context);
  return context;
}

function put(context: string, from: string, to: string): void {
  mkdirSync(join(context, dirname(to)), { recursive: true });
  copyFileSync(realpathSync(from), join(context, to));
}

function build(context: string, name: string, lines: readonly string[]): string {
  const image = `squall-test/${name}`;
  writeFileSync(join(context, "Dockerfile"), ["FROM scratch", ...lines, ""].join("\n"));
  // Neither the daemon nor this line asks a registry for anything.
  execFileSync("docker", ["build", "--quiet", "--tag", image, context], {
    env: { ...process.env, DOCKER_BUILDKIT: "0" },
    stdio: ["ignore", 2, 2],
  });
  return image;
}
