/** docker-compose.yml: what it brings, on loopback only, with images by variable; and that it comes up. */
import { execFile } from "node:child_process";
import { lstatSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { askDaemon } from "../src/engines/container-removal.ts";
import { openToxiproxy } from "../src/engines/toxiproxy.ts";
import { realWorld } from "../src/world.ts";
import { daemon, dockerLacks } from "./engines/docker-under-test.ts";
import { freePort } from "../src/targets/free-port.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const file = join(root, "docker-compose.yml");
const text = readFileSync(file, "utf8");
const { services } = z
  .strictObject({
    services: z.record(
      z.string(),
      z.object({
        image: z.string(),
        network_mode: z.literal("host"),
        command: z.array(z.string()),
        ports: z.undefined().optional(),
        healthcheck: z.object({ test: z.array(z.string()) }),
      }),
    ),
  })
  .parse(parse(text));

test("it brings Toxiproxy, both databases and the fixtures, each with a check of its health", () => {
  expect(Object.keys(services)).toEqual(["toxiproxy", "postgres", "redis", "cloud-api", "cloud"]);
  for (const { healthcheck } of Object.values(services)) expect(healthcheck.test[0]).toBe("CMD");
});

test("every image is an official one that a variable replaces, and no variable has to be set", () => {
  expect(Object.values(services).map(({ image }) => image)).toEqual([
    "${SQUALL_TOXIPROXY_IMAGE:-ghcr.io/shopify/toxiproxy:2.12.0}",
    "${POSTGRES_IMAGE:-postgres:17-alpine}",
    "${REDIS_IMAGE:-redis:8-alpine}",
    "${NODE_IMAGE:-node:24-slim}",
    "${NODE_IMAGE:-node:24-slim}",
  ]);
  const uses = [...text.matchAll(/\$\{[^}]*\}/g)].map(([use]) => use);
  expect(uses.filter((use) => !use.includes(":-"))).toEqual([]);
});

test("all of them listen on loopback only", () => {
  const told = { toxiproxy: "-host=127.0.0.1", postgres: "listen_addresses=127.0.0.1", redis: "--bind 127.0.0.1" };
  for (const [name, words] of Object.entries(told)) expect(services[name]?.command.join(" ")).toContain(words);
  // A fixture has no other choice.
  for (const name of ["cloud-api", "cloud"]) expect(services[name]?.command).toEqual(["node", `fixtures/${name}.ts`]);
});

const run = promisify(execFile);
const compose = await firstThatRuns([["docker-compose"], ["docker", "compose"]]);

async function firstThatRuns(commands: readonly (readonly [string, ...string[]])[]) {
  for (const command of commands) {
    const [program, ...words] = command;
    const runs = await run(program, [...words, "version"]).then(
      () => true,
      () => false,
    );
    if (runs) return command;
  }
  return undefined;
}

const images = ["POSTGRES_IMAGE", "REDIS_IMAGE", "NODE_IMAGE"].filter((name) => (process.env[name] ?? "") === "");
const lacks =
  dockerLacks ??
  (compose === undefined ? "no docker-compose" : undefined) ??
  (images.length > 0 ? `${images.join(", ")} not set, see scripts/images.ts` : undefined);
const suite = lacks === undefined ? "docker-compose.yml" : `docker-compose.yml (${lacks})`;

const containerSchema = z.array(z.object({ Names: z.array(z.string()), Status: z.string() }));

async function statusesOf(project: string): Promise<Record<string, string>> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`com.docker.compose.project=${project}`] }));
  const path = `/containers/json?all=true&filters=${filters}`;
  const { text } = await askDaemon(daemon, { method: "GET", path, signal: AbortSignal.timeout(10_000) });
  const found = containerSchema.parse(JSON.parse(text));
  return Object.fromEntries(found.map(({ Names: names, Status: status }) => [names.join(), status]));
}

describe.skipIf(lacks !== undefined)(suite, () => {
  test("comes up healthy, and each part is where it is said to be", { timeout: 180_000 }, async () => {
    await using folder = await temporaryFolder();
    const port = async (): Promise<string> => String(await freePort());
    const env = {
      ...process.env,
      TOXIPROXY_PORT: await port(),
      POSTGRES_PORT: await port(),
      REDIS_PORT: await port(),
      CLOUD_API_PORT: await port(),
      CLOUD_PORT: await port(),
    };
    const project = `squall-test-${realWorld.nonce()}`;
    const [program, ...words] = compose ?? [""];
    const ask = (...asked: string[]) => {
      const from = ["-p", project, "-f", file, ...withLinkedModules(folder.path), "--project-directory", root];
      return run(program, [...words, ...from, ...asked], { env, cwd: root });
    };
    try {
      await ask("config", "--quiet");
      await ask("up", "--detach", "--no-build");
      let statuses = await statusesOf(project);
      for (let tries = 0; tries < 450; tries += 1) {
        if (Object.values(statuses).every((status) => status.includes("(healthy)"))) break;
        await realWorld.sleep(200);
        statuses = await statusesOf(project);
      }
      expect(Object.values(statuses).filter((status) => !status.includes("(healthy)"))).toEqual([]);
      expect(Object.keys(statuses)).toHaveLength(Object.keys(services).length);

      const toxiproxy = openToxiproxy({ url: `http://127.0.0.1:${env.TOXIPROXY_PORT}`, world: realWorld });
      const upstream = { host: "127.0.0.1", port: Number(env.CLOUD_API_PORT) };
      const { address } = await toxiproxy.openProxy("cloud->cloud-api", upstream);
      const through = await fetch(`http://127.0.0.1:${address.port}/resources`);
      expect(await through.json()).toHaveProperty("resources");
      expect((await fetch(`http://127.0.0.1:${env.CLOUD_PORT}/mcp`)).status).toBeLessThan(500);
    } finally {
      await ask("down", "--volumes", "--timeout", "1");
    }
    expect(await statusesOf(project)).toEqual({});
  });
});

/** In a worktree the packages may be a link to somewhere else, which containers do not see. */
function withLinkedModules(folder: string): string[] {
  const modules = join(root, "node_modules");
  if (!lstatSync(modules).isSymbolicLink()) return [];
  const real = realpathSync(modules);
  const service = { volumes: [`${real}:${real}:ro`] };
  const override = join(folder, "override.yml");
  writeFileSync(override, stringify({ services: { "cloud-api": service, cloud: service } }));
  return ["-f", override];
}
