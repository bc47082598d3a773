/** The same as a driven client, done by an agent of ours with a profile for its policy. */
import type { ProfileName } from "../../src/agents/profiles.ts";
import { policySchema, preparePolicy, readPolicy } from "../../src/agents/written.ts";
import { createTracer } from "../../src/history/ids.ts";
import { openAgentPolicy } from "../../src/run/agent-policy.ts";
import { openAgentSessions } from "../../src/run/churning.ts";
import { httpTarget } from "../../src/run/session-target.ts";
import type { AgentSessions } from "../../src/run/sessions.ts";
import { walkChain } from "../../src/run/walk.ts";
import type { ScenarioGroup } from "../../src/scenario/resolve.ts";
import { wires } from "../../src/wire/registry.ts";
import { realWorld } from "../../src/world.ts";
import type { Came, Driven } from "./driven.ts";

const nonce = "0000f00d";
const recorder = { nowUs: realWorld.nowUs, record: () => ({ id: "i:0", atUs: realWorld.nowUs() }) };
const at = { group: "planner", agent: 0 };
const openMs = 60_000;

export function imitate(profile: ProfileName, wire: ScenarioGroup["wire"]): Driven {
  const raw = { profile };
  const read = readPolicy(raw, policySchema.parse(raw));
  const policy = preparePolicy(read);
  let sessions: AgentSessions | undefined;

  const call = async (order: { readonly tool: string; readonly args: object }, limitMs: number): Promise<Came> => {
    if (sessions === undefined) throw new Error("it was not opened");
    const cutOff = AbortSignal.timeout(limitMs);
    let came: string = "pending";
    const group: ScenarioGroup = {
      name: at.group,
      wire,
      policy: read,
      arrivals: { is: "closed", agents: 1, startMs: 0, thinkTimeMs: { least: 0, most: 0 } },
      steps: [{ server: "driven", tool: order.tool, args: { ...order.args }, save: [], mayBeEmpty: false }],
    };
    await walkChain(
      {
        world: realWorld,
        recorder,
        tracer: createTracer(nonce, [at.group]),
        nonce,
        seed: 42,
        env: {},
        phaseAt: () => "baseline",
        stopping: cutOff,
        cutOff,
        watch: { begun: () => {}, attempted: () => {}, ended: (_, { outcome }) => (came = outcome) },
      },
      {
        group,
        policy: openAgentPolicy(policy, { nowMs: () => realWorld.nowUs() / 1000, world: realWorld }),
        sessions,
        agent: at.agent,
        walk: 0,
        intendedUs: realWorld.nowUs(),
      },
    );
    if (cutOff.aborted) return { came: "pending" };
    return { came: came === "ok" ? "ok" : "error", says: came };
  };

  return {
    open: async (url) => {
      const targets = [httpTarget("driven", { url: new URL(url), headers: {} })];
      const common = { ...at, targets, openSession: wires[wire], recorder, world: realWorld, timeoutMs: openMs };
      sessions = openAgentSessions(common, policy);
      if (policy.sessions.each !== "call") await sessions.open("driven");
    },
    call,
    close: async () => {
      await sessions?.close();
      sessions = undefined;
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
