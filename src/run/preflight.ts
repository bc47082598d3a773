/**
 * One handshake with each server before anything begins: it must speak MCP and have the tools that the chain calls. What is
 * spoken with it is found out here once, so that no later session has to.
 */
import { messageOf, UserError } from "../errors.ts";
import type { ScenarioGroup } from "../scenario/resolve.ts";
import { openLeanSession } from "../wire/lean.ts";
import type { World } from "../world.ts";
import { unreachable } from "./crew.ts";
import { learned, type Dialect } from "../wire/dialect.ts";
import { SessionError } from "../wire/session.ts";
import type { SessionTarget } from "./session-target.ts";
import { unlessStopped } from "./unless-stopped.ts";

const openTimeoutMs = 10_000;

export async function preflight(
  group: ScenarioGroup,
  targets: readonly SessionTarget[],
  { world, stopping }: { readonly world: World; readonly stopping: AbortSignal },
): Promise<ReadonlyMap<string, Dialect>> {
  const spoken = new Map<string, Dialect>();
  for (const target of targets) {
    const { server } = target;
    const wanted = {
      instance: `${group.name}.preflight`,
      agent: 0,
      timeoutMs: openTimeoutMs,
      world,
      clientName: "squall",
    };
    const refuse = (error: unknown): never => {
      stopping.throwIfAborted();
      throw refusal(server, error);
    };
    const session = await unlessStopped(stopping, target.open(openLeanSession, wanted)).catch(refuse);
    spoken.set(server, learned(target.dialect, session));
    try {
      const called = group.steps.filter((step) => step.server === server && step.kind === undefined);
      // A server that has nothing but resources or prompts need not know of tools.
      if (called.length === 0) continue;
      const listed = await unlessStopped(stopping, session.listTools(openTimeoutMs)).catch(refuse);
      const tools = new Set(listed.map(({ name }) => name));
      const missing = called.filter(({ tool }) => !tools.has(tool));
      if (missing.length > 0) {
        throw new UserError(`${server} has no tool ${missing.map(({ tool }) => tool).join(", ")}`, {
          mistakes: missing.map(({ tool }) => ({
            path: `agents.${group.name}.chain`,
            says: `${server} has no tool "${tool}"`,
            hint: `it has ${[...tools].join(", ")}`,
          })),
        });
      }
    } finally {
      await session.close();
    }
  }
  return spoken;
}

function refusal(server: string, error: unknown): UserError {
  if (error instanceof Error && error.cause instanceof UserError) return error.cause;
  const isUnknown = error instanceof SessionError && (error.status === 401 || error.status === 403);
  const who = isUnknown ? `: it does not let them in; say or correct who they are with servers.${server}.identity` : "";
  const says = `${messageOf(error)}${who}`;
  // Over stdio a server has no address, and is called by its name.
  return unreachable(says.startsWith(`${server} `) ? says : `${server}: ${says}`);
}
