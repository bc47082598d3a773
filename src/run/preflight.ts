/**
 * One handshake with each server before anything begins: it must speak MCP and have the tools that the chain calls. What is
 * spoken with it is found out here once, so that no later session has to.
 */
import { distance } from "fastest-levenshtein";
import { messageOf, UserError } from "../errors.ts";
import { causeOfNoTools } from "../first-contact.ts";
import type { ScenarioGroup } from "../scenario/resolve.ts";
import { stepKindNamed } from "../steps/registry.ts";
import { openLeanSession } from "../wire/lean.ts";
import type { World } from "../world.ts";
import { unreachable } from "./crew.ts";
import { learned, type Dialect } from "../wire/dialect.ts";
import { SessionError, type HttpSessionOptions, type OpenSession } from "../wire/session.ts";
import { explained } from "./first-contact.ts";
import { offersIn } from "./offers.ts";
import type { SessionTarget, WantedSession } from "./session-target.ts";
import { unlessStopped } from "./unless-stopped.ts";

const openTimeoutMs = 10_000;

export async function preflight(
  group: ScenarioGroup,
  targets: readonly SessionTarget[],
  about: {
    readonly world: World;
    readonly stopping: AbortSignal;
    /** Where servers really are, past every link. */
    readonly origins: ReadonlyMap<string, URL>;
  },
): Promise<ReadonlyMap<string, Dialect>> {
  const { world, stopping } = about;
  const spoken = new Map<string, Dialect>();
  for (const target of targets) {
    const { server } = target;
    const wanted = {
      instance: `${group.name}.preflight`,
      agent: 0,
      timeoutMs: openTimeoutMs,
      world,
      clientName: "squall",
      // A server may have tools only for those who can be asked something.
      ...offersIn(group)(server),
    };
    const refuse = async (error: unknown): Promise<never> => {
      stopping.throwIfAborted();
      throw await unlessStopped(stopping, explain(target, wanted, { error, at: about.origins.get(server) }));
    };
    const session = await unlessStopped(stopping, target.open(openLeanSession, wanted)).catch(refuse);
    spoken.set(server, learned(target.dialect, session));
    try {
      const called = group.steps.filter(
        (step) => step.server === server && stepKindNamed(step.kind).callsTool === true,
      );
      // A server that has nothing but resources or prompts need not know of tools.
      if (called.length === 0) continue;
      const listed = await unlessStopped(stopping, session.listTools(openTimeoutMs)).catch(refuse);
      const tools = new Set(listed.map(({ name }) => name));
      const missing = called.filter(({ tool }) => !tools.has(tool));
      const [first] = missing;
      if (first !== undefined && tools.size === 0) throw noTools(server, first.tool);
      if (first !== undefined) {
        throw new UserError(`${server} has no tool ${missing.map(({ tool }) => tool).join(", ")}`, {
          mistakes: missing.map(({ tool }) => ({
            path: `agents.${group.name}.chain`,
            says: `${server} has no tool "${tool}"`,
            hint: someOf([...tools], tool),
          })),
        });
      }
    } finally {
      await session.close();
    }
  }
  return spoken;
}

/** Where a person could mend it, what to do: found by one look more, with the same headers over the same link. */
async function explain(
  target: SessionTarget,
  wanted: WantedSession,
  { error, at }: { readonly error: unknown; readonly at: URL | undefined },
): Promise<UserError> {
  const refused = refusal(target.server, error);
  if (at === undefined) return refused;
  let there: HttpSessionOptions | undefined;
  const seeWhere: OpenSession = (options) => {
    if ("url" in options) there = options;
    return Promise.reject(new Error("only to see where it would go"));
  };
  await target.open(seeWhere, wanted).catch(() => undefined);
  if (there === undefined) return refused;
  const { url, headers, authorization } = there;
  const named = new UserError(refused.message.replaceAll(url.origin, `${at.protocol}//${at.host}`), refused);
  const shown = { ...headers, ...(authorization === undefined ? {} : { authorization: authorization() }) };
  return explained(named, { server: target.server, at, url, headers: shown, world: wanted.world });
}

function refusal(server: string, error: unknown): UserError {
  if (error instanceof Error && error.cause instanceof UserError) return error.cause;
  const isUnknown = error instanceof SessionError && (error.status === 401 || error.status === 403);
  const who = isUnknown ? `: it does not let them in; say or correct who they are with servers.${server}.identity` : "";
  const says = `${messageOf(error)}${who}`;
  // Over stdio a server has no address, and is called by its name.
  return unreachable(says.startsWith(`${server} `) ? says : `${server}: ${says}`);
}

function noTools(server: string, wanted: string): UserError {
  return new UserError(`${server} has no tools`, {
    mistakes: [{ path: `servers.${server}`, ...causeOfNoTools(wanted) }],
  });
}

const toolsShown = 20;

/** The likeliest first; of thousands nobody reads all. */
function someOf(tools: readonly string[], wanted: string): string {
  if (tools.length <= toolsShown) return `it has ${tools.join(", ")}`;
  const near = tools.toSorted((a, b) => distance(wanted, a) - distance(wanted, b)).slice(0, toolsShown);
  return `it has ${near.join(", ")} and ${tools.length - toolsShown} more`;
}
