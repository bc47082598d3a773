/** A server that runs as several processes behind our balancer: what a scenario says of it, and what they are called. */
import { z } from "zod";
import { shown } from "../units.ts";
import type { DeclaredLink } from "../history/declared.ts";
import type { Finding, Path } from "./mistakes.ts";

export const replicaKeys = {
  replicas: z
    .int()
    .min(2)
    .max(16)
    .optional()
    .describe("it is started so many times, each in a process of its own, behind a balancer with a link to each"),
  balance: z
    .enum(["round-robin", "sticky"])
    .optional()
    .describe("round-robin: each request to the next replica; sticky: a session stays with the one that opened it"),
};

export const replicaKey = z
  .union([z.int().min(1).max(16), z.literal(["one", "all"])], {
    error: ({ input }) => `expected the number of a replica, one or all, got ${shown(input)}`,
  })
  .optional()
  .describe(
    "of a server with replicas: which of its processes, counted from 1; one is the first, and absent means all",
  );

export type Balance = "round-robin" | "sticky";

export interface ScenarioReplica {
  readonly name: string;
  /** From the balancer to it. */
  readonly link: string;
}

export interface ScenarioReplicas {
  readonly balance: Balance;
  readonly each: readonly ScenarioReplica[];
}

/** Counted from 1 on. The dot can stand in no name that a person gives, so these are never taken. */
export function replicaName(server: string, replica: number): string {
  return `${server}.${replica}`;
}

export function replicasOf(
  server: string,
  {
    replicas,
    balance = "round-robin",
  }: { readonly replicas?: number | undefined; readonly balance?: Balance | undefined },
): ScenarioReplicas | undefined {
  if (replicas === undefined) return undefined;
  const names = Array.from({ length: replicas }, (_, index) => replicaName(server, index + 1));
  return { balance, each: names.map((name) => ({ name, link: `${server}->${name}` })) };
}

export function replicaLinks({
  name: server,
  replicas,
}: {
  readonly name: string;
  readonly replicas?: ScenarioReplicas | undefined;
}): DeclaredLink[] {
  return (replicas?.each ?? []).map(({ link }) => ({ link, plane: "balancer-replica", server, protocol: "mcp" }));
}

export interface Replicated {
  readonly replicas?: number | undefined;
  readonly balance?: Balance | undefined;
  readonly transport: "http" | "stdio";
  readonly protocol?: string | undefined;
  readonly direct: boolean;
  readonly url?: string | undefined;
  readonly command?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

export function replicaFindings(path: Path, server: Replicated): Finding[] {
  const { replicas, balance, transport, protocol, direct, url, command, env } = server;
  const wrong = (key: "replicas" | "balance" | "direct", says: string, hint: string): Finding[] => [
    { path: [...path, key], atKey: true, says, hint },
  ];
  if (replicas === undefined) {
    if (balance === undefined) return [];
    return wrong("balance", "is of no use: the server runs once", "say how many replicas it has, or take it away");
  }
  if (transport === "stdio") {
    const says = "are for http: over stdio every session has a process of its own already";
    return wrong("replicas", says, "take them away; or say transport: http");
  }
  if (protocol === "2024-11-05") {
    const says = "cannot share HTTP+SSE (2024-11-05): messages must come to the process that holds the stream";
    return wrong("replicas", says, "take them away; or speak a newer revision");
  }
  if (url !== undefined && command === undefined) {
    const says = "cannot be of a server that runs already: Squall starts each of them";
    return wrong("replicas", says, "give its command, so that Squall starts it; or take them away");
  }
  if (url?.startsWith("https:") === true) {
    const says = "cannot be of a server that speaks TLS: the balancer speaks plain HTTP with each";
    return wrong(
      "replicas",
      says,
      "let it speak http on this machine, as behind a balancer of yours; or take them away",
    );
  }
  const found = direct
    ? wrong("direct", "has no place here: a balancer stands before its replicas", "take direct or replicas away")
    : [];
  const settings = [url ?? "", ...(command ?? []), ...Object.values(env ?? {})];
  if (command === undefined || settings.some((text) => text.includes("${port}"))) return found;
  const says = `all ${replicas} would listen at one address`;
  return [...found, ...wrong("replicas", says, 'let Squall choose their ports: url: "http://127.0.0.1:${port}/mcp"')];
}
