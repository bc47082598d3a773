/** Toxiproxy in a container that has this machine's network: ports and addresses mean what they mean to us. */
import { freePort } from "../targets/free-port.ts";
import { removeContainer } from "./container-removal.ts";
import {
  notStarted,
  startContainer,
  troubleOf,
  type ContainerOptions,
  type StartedServer,
} from "./docker-container.ts";

const triesMax = 3;

export async function startOnHost(options: ContainerOptions): Promise<StartedServer> {
  const { docker, image, name, world } = options;
  for (let tries = 1; ; tries += 1) {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const container = new docker.testcontainers.GenericContainer(image)
      .withNetworkMode("host")
      .withCommand(["-host=127.0.0.1", `-port=${port}`]);
    await startContainer(container, options);
    const trouble = await troubleOf(url, options);
    if (trouble === undefined) return { url };
    // Somebody else may have taken the port since it was found free.
    if (!trouble.hasEnded || tries === triesMax) throw notStarted(image, trouble);
    await removeContainer({ name, daemon: docker.daemon }, { clock: world, unseenMs: 0 });
  }
}
