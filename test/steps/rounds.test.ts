/** A request that its server answers with questions, as 2026-07-28 has it. */
import fc from "fast-check";
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

describe("with tamper: true", () => {
  const refused: Answer = { class: "rpc-error", outcome: "failed", rpcCode: -32602 };
  const about = { answers: accepts, settings: { tamper: true } };
  const states = (calls: readonly { readonly params: object }[]): unknown[] =>
    calls.map(({ params }) => ("requestState" in params ? params.requestState : undefined));

  test("the state goes back changed once, and then as it came", async () => {
    const { came, calls, wentOn } = await asking([wants(who, "state-1"), refused, wants(who, "state-2"), ok], about);
    expect(came).toMatchObject({ class: "ok" });
    expect(came).not.toHaveProperty("tampered");
    const [none, changed, ...honest] = states(calls);
    expect(none).toBeUndefined();
    expect(changed).not.toBe("state-1");
    expect(changed).toHaveLength("state-1".length);
    expect(honest).toEqual(["state-1", "state-2"]);
    expect(calls[1]?.params).toMatchObject({ inputResponses: { who: { action: "accept" } } });
    expect(wentOn.map(({ class: is, tampered }) => [is, tampered])).toEqual([
      ["input-required", undefined],
      ["rpc-error", true],
      ["input-required", undefined],
    ]);
  });

  test("what goes on with a changed one is the last word, and marked", async () => {
    const { came, calls } = await asking([wants(who, "state-1"), ok], about);
    expect(came).toMatchObject({ class: "ok", tampered: true });
    expect(calls).toHaveLength(2);
  });

  test("where there is no state, nothing is changed", async () => {
    const { came, calls } = await asking([wants(who), ok], about);
    expect(came).toEqual(ok);
    expect(calls).toHaveLength(2);
  });

  test("any state is changed to another one", () =>
    fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1 }), async (state) => {
        const { calls } = await asking([wants(who, state), refused, ok], about);
        expect(states(calls)[1]).not.toBe(state);
        expect(states(calls)[2]).toBe(state);
      }),
      { seed: 42, numRuns: 50 },
    ));

  test("whoever reads hex in small letters or capitals reads another state", async () => {
    const { calls } = await asking([wants(who, "00aaaa00"), refused, ok], about);
    expect(String(states(calls)[1]).toLowerCase()).not.toBe("00aaaa00");
  });

  test("what is changed are not the last bits of a part, which mean nothing in base64", async () => {
    const { calls } = await asking([wants(who, "AQIDBB.AQID"), refused, ok], about);
    const [part = ""] = String(states(calls)[1]).split(".");
    expect(Buffer.from(part, "base64url")).not.toEqual(Buffer.from("AQIDBB", "base64url"));
  });
});
