/** Calls by what their agent was listed, where its policy has it list: as they are made, and once more when they are mended. */
import type { FittedCall, WantedCall } from "../agents/fitted-call.ts";
import { refusesCall } from "../history/refusals.ts";
import type { ScenarioStep } from "../scenario/resolve.ts";
import { stepKindNamed } from "../steps/registry.ts";
import type { Answer, Session } from "../wire/session.ts";
import type { Input } from "./attempt-op.ts";
import type { AgentSessions } from "./sessions.ts";

/** As its chain has it, or as its tool is listed; undefined where no such tool is. */
export function callAsListed(
  sessions: AgentSessions,
  session: Session,
  { call, step, timeoutMs }: { readonly call: WantedCall; readonly step: ScenarioStep; readonly timeoutMs: number },
): FittedCall | Promise<FittedCall | undefined> {
  const { tools } = sessions;
  return tools === undefined || stepKindNamed(step.kind).callsTool !== true
    ? call
    : tools.fitted(step.server, session, { call, timeoutMs });
}

export function wantedCall(step: ScenarioStep, args: Input["args"], knows: Input["knows"]): WantedCall {
  const { tool, alsoNamed } = step;
  return { tool, args, ...(knows === undefined ? {} : { knows }), ...(alsoNamed === undefined ? {} : { alsoNamed }) };
}

/**
 * Told of each attempt that was not ok: true where it was refused for what it asked, and a new listing makes another call
 * of it. Once an op: whoever refuses that as well refuses it for another reason.
 */
export function openRelisting(
  sessions: AgentSessions,
  step: ScenarioStep,
  about: { readonly input: Input; readonly timeoutMs: () => number },
): ((answer: Answer) => Promise<boolean>) | undefined {
  const { tools, churn } = sessions;
  // One with a session for each call has listed anew for this one.
  if (tools === undefined || churn?.each === "call" || stepKindNamed(step.kind).callsTool !== true) return undefined;
  let isAsked = false;
  return async (answer) => {
    const timeoutMs = about.timeoutMs();
    if (isAsked || timeoutMs < 1 || !(refusesCall(answer) || answer.class === "not-listed")) return false;
    isAsked = true;
    const session = await sessions.open(step.server);
    if ("failed" in session) return false;
    const { args, knows } = about.input;
    return tools.isMended(step.server, session, { call: wantedCall(step, args, knows), timeoutMs });
  };
}
