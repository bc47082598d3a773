/** A request that its server answers with questions, as 2026-07-28 has it. */
import { describe, expect, test } from "vitest";
import { stepKindNamed } from "../../src/steps/registry.ts";
import { roundsMax } from "../../src/steps/rounds.ts";
import type { Answers } from "../../src/wire/asked-back.ts";
import type { Answer } from "../../src/wire/session.ts";
import { askedWith, saying } from "./asked.ts";

const ok: Answer = { class: "ok", outcome: "ok", result: { content: [] } };
const wants = (inputRequests?: object, requestState?: string): Answer => ({
  class: "input-required",
  outcome: "unknown",
  result: {
    resultType: "input_required",
    ...(inputRequests === undefined ? {} : { inputRequests }),
    ...(requestState === undefined ? {} : { requestState }),
  },
});
const who = { who: { method: "elicitation/create", params: { mode: "form", message: "who?" } } };
const accepts: Answers = {
  "elicitation/create": { is: "accept", result: { action: "accept", content: { name: "Ada" } } },
};

async function asking(said: readonly Answer[], about: Parameters<typeof askedWith>[0] = {}) {
  const { session, calls } = saying(said);
  const { asked, back, wentOn, world } = askedWith({ args: { id: 1 }, ...about });
  const coming = stepKindNamed("call").ask(session, asked);
  for (let waited = 0; waited < 20; waited += 1) await world.advance(500);
  return { came: await coming, calls, back, wentOn };
}

describe("an answer that asks for input", () => {
  test("is followed by the same request, with what the script says and the state as it came", async () => {
    const { came, calls, back, wentOn } = await asking([wants(who, "s-1"), ok], { answers: accepts });
    expect(came).toMatchObject({ class: "ok" });
    expect(calls.map(({ method, params }) => ({ method, params }))).toEqual([
      { method: "tools/call", params: { name: "Tool", arguments: { id: 1 } } },
      {
        method: "tools/call",
        params: {
          name: "Tool",
          arguments: { id: 1 },
          inputResponses: { who: { action: "accept", content: { name: "Ada" } } },
          requestState: "s-1",
        },
      },
    ]);
    expect(back).toMatchObject([{ method: "elicitation/create", answer: "accept" }]);
    expect(wentOn).toMatchObject([{ class: "input-required" }]);
  });

  test("carries only the state of the last round", async () => {
    const { calls } = await asking([wants(who, "s-1"), wants(who), ok], { answers: accepts });
    expect(calls[2]?.params).not.toHaveProperty("requestState");
  });

  test("with nothing but a state is asked again a little later", async () => {
    const { came, calls } = await asking([wants(undefined, "busy"), ok]);
    expect(came).toMatchObject({ class: "ok" });
    expect(calls[1]?.params).toEqual({ name: "Tool", arguments: { id: 1 }, requestState: "busy" });
  });

  test.each<[string, Answer, Answers]>([
    ["the script has nothing for it", wants(who, "s"), {}],
    ["nobody answers", wants(who, "s"), { "elicitation/create": { is: "never" } }],
    ["it asks for something else too", wants({ ...who, more: { method: "roots/list" } }), accepts],
    ["what it asks is no request", wants({ who: "?" }), accepts],
    ["it asks for nothing at all", wants(), accepts],
  ])("is the last word where %s", async (_, said, answers) => {
    const { came, calls, wentOn } = await asking([said, ok], { answers });
    expect(came).toMatchObject({ class: "input-required", outcome: "unknown" });
    expect(calls).toHaveLength(1);
    expect(wentOn).toEqual([]);
  });

  test("is the last word when there is no time for another request", async () => {
    const { came, calls } = await asking([wants(who), ok], { answers: accepts, goOn: () => undefined });
    expect(came).toMatchObject({ class: "input-required" });
    expect(calls).toHaveLength(1);
  });

  test("does not keep us for ever", async () => {
    const { came, calls } = await asking([wants(who)], { answers: accepts });
    expect(came).toMatchObject({ class: "input-required" });
    expect(calls).toHaveLength(roundsMax + 1);
  });
});
