/** Toxiproxy in a container: with a real daemon, and a real server in an image that holds nothing else. */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { UserError } from "../../src/errors.ts";
import { askDaemon } from "../../src/engines/container-removal.ts";
import { openToxiproxy } from "../../src/engines/toxiproxy.ts";
import { realWorld } from "../../src/world.ts";
import { containersOf, daemon, dockerLacks, image, startInDocker, suiteOf } from "./docker-under-test.ts";
import { isRefused, openClient, openEcho } from "./peers.ts";

const world = realWorld;

describe.skipIf(dockerLacks !== undefined)(suiteOf("Toxiproxy in a container"), () => {
  test.concurrent("has this machine's network: it reaches loopback, listens there, and a disabled proxy refuses", async () => {
    await using echo = await openEcho();
    await using started = await startInDocker();
    const { server, nonce } = started;
    expect(server).toMatchObject({ says: image, url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) });
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
    expect(await readdir(started.lease.directory)).toContain(`container-${name}`);
    await server.stop();
    await server.stop();
    expect(await containersOf(nonce)).toEqual([]);
    expect(await readdir(started.lease.directory)).toEqual(["owner.json"]);
  });
});
