/** Probes for what the machine gives: descriptors, ports, cores, memory. */
import { readFile } from "node:fs/promises";
import { availableParallelism, platform, totalmem } from "node:os";
import type { World } from "../../world.ts";
import type { Found, Probe } from "./probe.ts";
import { run } from "./programs.ts";

// Counted: a session with its connection to an upstream takes eight to nine, at its own ends, the taps and the engine.
const descriptorsPerSession = 10;
const descriptorsOwn = 100;
const sessionsComfortable = 400;

const openFiles: Probe = {
  name: "open files",
  needed: false,
  costs: "with more sessions than that connections fail, and the run is inconclusive",
  mend: "raise it in the shell that starts squall: ulimit -n 65536",
  look: async (world) => {
    const { ok, stdout } = await run(world, "/bin/sh", ["-c", "ulimit -Sn; ulimit -Hn"]);
    const [soft = "", hard = ""] = stdout.trim().split("\n");
    if (!ok || soft === "") return { state: "limited", says: "the shell does not tell the limit" };
    const says = `soft limit ${soft}, hard limit ${hard}`;
    if (soft === "unlimited") return { state: "there", says };
    const sessions = Math.max(0, Math.floor((Number(soft) - descriptorsOwn) / descriptorsPerSession));
    return stateOf(sessions >= sessionsComfortable, `${says}: enough for about ${sessions} sessions`);
  },
};

const portsComfortable = 10_000;

const ports: Probe = {
  name: "ports",
  needed: false,
  costs: "every connection over a link takes three, and a closed one keeps its own for a minute: high rates run out",
  mend: 'Linux: sysctl net.ipv4.ip_local_port_range="10000 65535"; macOS: sysctl net.inet.ip.portrange.first=10000',
  look: async (world) => {
    const range = await portRange(world);
    if (range === undefined) return { state: "limited", says: "the range of ephemeral ports cannot be read" };
    const [first, last] = range;
    const count = last - first + 1;
    return stateOf(count >= portsComfortable, `${count} ephemeral ports (${first}–${last})`);
  },
};

async function portRange(world: World): Promise<readonly [number, number] | undefined> {
  const text =
    platform() === "linux"
      ? await readFile("/proc/sys/net/ipv4/ip_local_port_range", "utf8").catch(() => "")
      : (await run(world, "sysctl", ["-n", "net.inet.ip.portrange.first", "net.inet.ip.portrange.last"])).stdout;
  const [first, last] = text.trim().split(/\s+/).map(Number);
  return first === undefined || last === undefined || Number.isNaN(first + last) ? undefined : [first, last];
}

const cores: Probe = {
  name: "cores",
  needed: false,
  costs: "agents, engine and servers take turns on it; when the agents come late the run is inconclusive",
  mend: "use a machine with two cores or more, or a lower rate",
  look: () => {
    const count = availableParallelism();
    return Promise.resolve(stateOf(count >= 2, count === 1 ? "one core" : `${count} cores`));
  },
};

const gibibyte = 2 ** 30;

const memory: Probe = {
  name: "memory",
  needed: false,
  costs: "a server under load may be ended by the system, which looks like a crash of its own",
  mend: "give the machine or the container 1 GiB or more",
  look: async () => {
    // In a container the machine's memory is not what one gets.
    const text = await readFile("/sys/fs/cgroup/memory.max", "utf8").catch(() => "");
    const bytes = Math.min(totalmem(), Number.parseInt(text, 10) || Number.POSITIVE_INFINITY);
    return stateOf(bytes >= gibibyte, `${(bytes / gibibyte).toFixed(1)} GiB`);
  },
};

function stateOf(isEnough: boolean, says: string): Found {
  return { state: isEnough ? "there" : "limited", says };
}

export const limits: readonly Probe[] = [openFiles, ports, cores, memory];
