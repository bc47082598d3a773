/**
 * Toxiproxy in a container with a network of its own, as where Docker runs in a virtual machine: ports are mapped to our
 * loopback, and what listens on it is called `host.docker.internal` in there.
 */
import type { GenericContainer, StartedTestContainer } from "testcontainers";
import { messageOf, UserError } from "../errors.ts";
import type { World } from "../world.ts";
import { passByte } from "./byte-probe.ts";
import {
  notStarted,
  startContainer,
  troubleOf,
  type ContainerOptions,
  type StartedServer,
} from "./docker-container.ts";
import type { Address, EngineProxy } from "./engine.ts";
import type { EngineNetwork } from "./server.ts";
import type { Testcontainers } from "./testcontainers.ts";
import { openToxiproxy } from "./toxiproxy.ts";

const controlPort = 8474;
// Every mapped port costs Docker a process of its own, and at the end 60 ms, of the five seconds that are promised.
const firstPort = 8666;
const proxiesMax = 16;
const proxyPorts = Array.from({ length: proxiesMax }, (_, index) => firstPort + index);
const hostInside = "host.docker.internal";

export async function startMapped(options: ContainerOptions): Promise<StartedServer> {
  const container = await startContainer(createMapped(options.docker.testcontainers, options.image), options);
  const url = `http://127.0.0.1:${container.getMappedPort(controlPort)}`;
  const trouble = await troubleOf(url, options);
  if (trouble !== undefined) throw notStarted(options.image, trouble);
  return { url, network: mappedNetwork(container) };
}

function createMapped({ GenericContainer }: Testcontainers, image: string): GenericContainer {
  // testcontainers publishes ports to everyone who reaches this machine.
  const Container = class extends GenericContainer {
    override withExposedPorts(...ports: number[]): this {
      super.withExposedPorts(...ports);
      const bindings = ports.map((port) => [`${port}/tcp`, [{ HostIp: "127.0.0.1", HostPort: "0" }]] as const);
      this.hostConfig.PortBindings = Object.fromEntries(bindings);
      return this;
    }
  };
  return new Container(image)
    .withExposedPorts(controlPort, ...proxyPorts)
    .withExtraHosts([{ host: hostInside, ipAddress: "host-gateway" }])
    .withCommand(["-host=0.0.0.0", `-port=${controlPort}`]);
}

function mappedNetwork(container: StartedTestContainer): EngineNetwork {
  const free = proxyPorts.values();
  return {
    nextListen: () => {
      const next = free.next();
      if (next.done === true) {
        throw new UserError(`a container with mapped ports has room for ${proxiesMax - 1} links: use another engine`);
      }
      return `0.0.0.0:${next.value}`;
    },
    reachedAt: ({ port }) => ({ host: "127.0.0.1", port: container.getMappedPort(port) }),
    // Whatever is local to us is on the other side of the container's network.
    calls: ({ host, port }) => ({ host: isLoopback(host) ? hostInside : host, port }),
  };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

/** Sends a byte there and back: on Linux a container reaches only what listens for everyone, and our servers do not. */
export async function expectWayBack(url: string, network: EngineNetwork, world: World): Promise<void> {
  const server = openToxiproxy({ url, world });
  const name = "squall way back";
  const open = async (upstream: Address): Promise<EngineProxy> => {
    const proxy = await server.openProxy(name, network.calls(upstream), { listen: network.nextListen() });
    return { ...proxy, address: network.reachedAt(proxy.address) };
  };
  try {
    await passByte(open, world);
  } catch (cause) {
    throw new UserError(
      `a container with mapped ports does not reach the servers on this machine's 127.0.0.1 (${messageOf(cause)}), as on Linux: unset SQUALL_DOCKER_NETWORK there, or use another engine`,
      { cause },
    );
  }
  await server.removeProxy(name);
}
