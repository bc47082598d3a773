/** Toxiproxy in a container: with a real daemon, and a real server in an image that holds nothing else. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { askDaemon, leaseContainer } from "../../src/engines/container-removal.ts";
import { startMapped } from "../../src/engines/docker-mapped.ts";
import { parseAddress } from "../../src/engines/engine.ts";
import { requestWithin } from "../../src/engines/control-request.ts";
import { openDocker } from "../../src/engines/testcontainers.ts";
import { openToxiproxy } from "../../src/engines/toxiproxy.ts";
import { UserError } from "../../src/errors.ts";
import { realWorld } from "../../src/world.ts";
import { containersOf, daemon, dockerLacks, image, openLeaseFor, suiteOf } from "./docker-under-test.ts";
import { isRefused, openClient, openEcho } from "./peers.ts";

const world = realWorld;

/** What a person is told in place of an engine. */
async function refusal(env: Readonly<Record<string, string>>): Promise<string> {
  await using leased = await openLeaseFor();
  const started = await leased.start(env).catch((error: unknown) => error);
  expect(started).toBeInstanceOf(UserError);
  expect(await readdir(leased.lease.directory)).toEqual(["owner.json"]);
  return (started as UserError).message;
}

describe("without Docker", () => {
  test("a daemon that does not answer is named, and no other one is taken for it", async () => {
    expect(await refusal({ DOCKER_HOST: "unix:///nowhere/docker.sock" })).toBe(
      "no Docker daemon answers at unix:///nowhere/docker.sock, which DOCKER_HOST names: connect ENOENT /nowhere/docker.sock",
    );
    expect(await refusal({ DOCKER_HOST: "tcp://127.0.0.1:1" })).toMatch(/^no Docker daemon answers .* ECONNREFUSED/);
    const other = createServer((socket) => socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"));
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    expect(await refusal({ DOCKER_HOST: `tcp://127.0.0.1:${port}` })).toMatch(/: it answered 404$/);
    other.close();
  });

  test("variables that mean nothing are refused, with what they may be", async () => {
    expect(await refusal({ DOCKER_HOST: "ssh://far" })).toBe(
      'DOCKER_HOST: expected unix:///path or tcp://host:port, got "ssh://far"',
    );
    expect(await refusal({ SQUALL_DOCKER_NETWORK: "bridge" })).toBe(
      'SQUALL_DOCKER_NETWORK: expected host or mapped, got "bridge"',
    );
  });

  test("the package that is missing is told with the command that installs it", async () => {
    const file = new URL("../../src/engines/testcontainers.ts", import.meta.url).href;
    const code = `
      const { registerHooks } = await import("node:module");
      const missing = () => { throw Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" }); };
      registerHooks({ resolve: (name, context, next) => (name === "testcontainers" ? missing() : next(name, context)) });
      const { openDocker } = await import(${JSON.stringify(file)});
      await openDocker({ env: {} }).catch((error) => console.log(error.name, error.message));
    `;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", code]);
    expect(stdout).toBe(
      "UserError a container needs the package testcontainers, which is not installed beside Squall: npm install --save-dev testcontainers\n",
    );
  });
});

describe.skipIf(dockerLacks !== undefined)(suiteOf("Toxiproxy in a container"), () => {
  test.concurrent("has this machine's network: reaches loopback, listens there, and a disabled proxy refuses", async () => {
    await using echo = await openEcho();
    await using leased = await openLeaseFor();
    const { lease, nonce } = leased;
    const server = await leased.start();
    expect(server).toMatchObject({ says: image, url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string });
    expect(server.network).toBeUndefined();
    const proxy = await openToxiproxy({ url: server.url, world }).openProxy("one", echo.address);
    const client = await openClient(proxy.address);
    client.socket.write("there and back");
    await client.got(14);
    client.socket.destroy();
    await proxy.setEnabled(false);
    expect(await isRefused(proxy.address)).toBe(true);

    const [name = "", ...others] = await containersOf(nonce);
    expect(others).toEqual([]);
    expect(await readdir(lease.directory)).toContain(`container-${name}`);
    await server.stop();
    await server.stop();
    expect(await containersOf(nonce)).toEqual([]);
    expect(await readdir(lease.directory)).toEqual(["owner.json"]);
  });

  test.concurrent("an image that is nowhere is named, and nothing is left of the try", async () => {
    const says = await refusal({ SQUALL_TOXIPROXY_IMAGE: "127.0.0.1:1/nobody/has-this:1" });
    expect(says).toMatch(
      /^Docker has no image 127\.0\.0\.1:1\/nobody\/has-this:1 and cannot pull it \(Get .*\): load or/,
    );
  });

  test.concurrent("an image of something else is told by its end, and its container removed", async () => {
    const other = `${image}-ends`;
    const build = promisify(execFile)("docker", ["build", "--quiet", "--tag", other, "-"]);
    build.child.stdin?.end(`FROM ${image}\nENTRYPOINT ["/toxiproxy", "-version", "-port"]\n`);
    await build;
    await using leased = await openLeaseFor();
    const starting = leased.start({ SQUALL_TOXIPROXY_IMAGE: other });
    await expect(starting).rejects.toThrow(/in Docker: it ended with code \d+/);
    expect(await containersOf(leased.nonce)).toEqual([]);
    expect(await readdir(leased.lease.directory)).toEqual(["owner.json"]);
    await promisify(execFile)("docker", ["image", "rm", other]);
  });

  test.concurrent("with mapped ports: only loopback can reach them, and what is local to us has another name", async () => {
    await using leased = await openLeaseFor();
    const docker = await openDocker(world);
    const name = `squall-${leased.nonce}-mapped`;
    await leaseContainer(leased.lease.directory, { name, daemon });
    const labels = { "org.squall.run": leased.nonce };
    const { url, network } = await startMapped({
      docker,
      image,
      name,
      labels,
      log: { add: () => undefined, close: () => undefined },
      world,
    });
    if (network === undefined) throw new Error("a container with mapped ports has a network of its own");
    const { text } = await askDaemon(daemon, {
      method: "GET",
      path: `/containers/${name}/json`,
      signal: AbortSignal.timeout(5000),
    });
    expect(text).not.toContain('"0.0.0.0"');

    expect(network.calls({ host: "127.0.0.1", port: 80 })).toEqual({ host: "host.docker.internal", port: 80 });
    expect(network.calls({ host: "example.org", port: 80 })).toEqual({ host: "example.org", port: 80 });
    // On Linux only what listens for everyone is reached from in there.
    const echo = createServer((socket) => socket.pipe(socket).on("error", () => undefined));
    echo.listen(0);
    await once(echo, "listening");
    const upstream = network.calls({ host: "127.0.0.1", port: (echo.address() as AddressInfo).port });
    const listen = network.nextListen();
    const body = { name: "one", listen, upstream: `${upstream.host}:${upstream.port}`, enabled: true };
    await requestWithin({ method: "POST", url: `${url}/proxies`, body, timeoutMs: 5000, world });
    const client = await openClient(network.reachedAt(parseAddress(listen)));
    client.socket.write("there and back");
    await client.got(14);
    client.socket.destroy();
    echo.close();

    for (let count = 1; count < 16; count += 1) expect(network.nextListen()).not.toBe(listen);
    expect(() => network.nextListen()).toThrow("has room for 15 links");
  });

  test.runIf(process.platform === "linux")(
    "mapped ports that have no way back to our loopback are refused before any verdict rests on them",
    async () => {
      const says = await refusal({ SQUALL_DOCKER_NETWORK: "mapped" });
      expect(says).toMatch(/^a container with mapped ports does not reach the servers on this machine's 127\.0\.0\.1/);
    },
  );
});
