import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { Unstamped } from "../../src/history/events.ts";
import { createTracer } from "../../src/history/ids.ts";
import { preparePolicy, type PolicyKind } from "../../src/agents/written.ts";
import { openAgentPolicy } from "../../src/run/agent-policy.ts";
import type { ScenarioGroup, ScenarioStep } from "../../src/scenario/resolve.ts";
import type { AgentSessions, MaybeSession } from "../../src/run/sessions.ts";
import { walkChain } from "../../src/run/walk.ts";
import type { Answer, CallRequest, Session } from "../../src/wire/session.ts";
import type { World } from "../../src/world.ts";
import { fakeWorld } from "../fake-world.ts";

const step = (tool: string, over: Partial<ScenarioStep> = {}): ScenarioStep => ({
  server: "cloud",
  tool,
  args: {},
  save: [],
  mayBeEmpty: false,
  ...over,
});

interface Played {
  readonly steps: readonly ScenarioStep[];
  readonly budgetMs?: number;
  readonly policy?: { readonly kind: PolicyKind; readonly attributes?: object; readonly timeoutMs?: number };
  /** The run is over from the end of this call on. */
  readonly stopAfter?: number;
  /** How a session is opened that is not open yet. */
  readonly open?: (session: Session, world: World) => Promise<MaybeSession>;
  /** What each call comes to, and how long it takes. */
  readonly answer: (call: CallRequest, n: number) => Answer & { readonly tookMs?: number };
}

async function walked({ steps, budgetMs, policy = { kind: "none" }, stopAfter, open, answer }: Played) {
  const world = fakeWorld();
  const events: Unstamped[] = [];
  const calls: CallRequest[] = [];
  const never = new AbortController().signal;
  const stopping = new AbortController();
  const group: ScenarioGroup = {
    name: "planner",
    wire: "lean",
    policy: {
      kind: policy.kind,
      timeoutMs: policy.timeoutMs ?? 1000,
      onTimeout: "cancel",
      attemptsMax: 1,
      attributes: { ...policy.attributes },
    },
    arrivals: { is: "closed", agents: 1, startMs: 0, thinkTimeMs: { least: 0, most: 0 } },
    steps,
    ...(budgetMs === undefined ? {} : { budgetMs }),
  };
  const session: Session = {
    protocolVersion: "2025-11-25",
    lost: false,
    call: async (call) => {
      calls.push(call);
      const { tookMs = 10, ...came } = answer(call, calls.length);
      await world.sleep(tookMs);
      if (calls.length === stopAfter) stopping.abort();
      return came;
    },
    listTools: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  };
  const sessions: AgentSessions = {
    open: () => open?.(session, world) ?? session,
    close: () => Promise.resolve(),
  };
  const done = walkChain(
    {
      world,
      recorder: {
        nowUs: world.nowUs,
        record: (event) => {
          events.push(event);
          return { id: `t:${events.length}`, atUs: world.nowUs() };
        },
      },
      tracer: createTracer("0000f00d", ["planner"]),
      nonce: "0000f00d",
      seed: 42,
      env: { REGION: "north" },
      phaseAt: () => "baseline",
      stopping: stopping.signal,
      cutOff: never,
      watch: { begun: () => {}, attempted: () => {}, ended: () => {} },
    },
    {
      group,
      policy: openAgentPolicy(preparePolicy(group.policy), { nowMs: () => world.nowUs() / 1000, world }),
      sessions,
      agent: 3,
      walk: 7,
      intendedUs: 0,
    },
  );
  await world.advance(100_000);
  await done;
  const started = events.filter((event) => event.type === "op-started");
  const ended = events.flatMap((event) =>
    event.type === "op-ended" ? [`${event.outcome}${event.because === undefined ? "" : `: ${event.because}`}`] : [],
  );
  return { calls, events, started, ended };
}

/** What the tool of a call was given. */
function argsOf(call: CallRequest | undefined): Readonly<Record<string, unknown>> {
  return z.object({ arguments: z.record(z.string(), z.unknown()) }).parse(call?.params).arguments;
}

const ok = (result: unknown = {}): Answer => ({ class: "ok", outcome: "ok", result });

describe("data flows from step to step", () => {
  test("saved values, ids, the environment and seeded values reach the arguments with their types", async () => {
    const { calls } = await walked({
      steps: [
        step("Find", { save: [{ name: "found", path: "$.items[0].id" }] }),
        step("Use", {
          args: {
            id: "${found}",
            text: "no. ${found} in ${env.REGION}",
            op: "${op.id}",
            who: ["${agent.id}"],
            n: "${int(1, 9)}",
          },
        }),
      ],
      answer: () => ok({ structuredContent: { items: [{ id: 12 }] } }),
    });
    expect(argsOf(calls[1])).toMatchObject({
      id: 12,
      text: "no. 12 in north",
      op: "0000f00d.planner.3.7.1",
      who: ["planner.3"],
    });
    expect(argsOf(calls[1])["n"]).toSatisfy((n: unknown) => Number.isInteger(n) && Number(n) >= 1 && Number(n) <= 9);
    expect(calls[1]?.meta).toMatchObject({ "squall/op": "0000f00d.planner.3.7.1" });
  });

  test("a text that is JSON is looked into where there is no structured content", async () => {
    const { calls } = await walked({
      steps: [step("Find", { save: [{ name: "id", path: "$.id" }] }), step("Use", { args: { id: "${id}" } })],
      answer: () =>
        ok({
          content: [
            { type: "text", text: "hello" },
            { type: "text", text: '{"id":"x"}' },
          ],
        }),
    });
    expect(argsOf(calls[1])).toEqual({ id: "x" });
  });

  test("a step whose input is missing is not run, and says which", async () => {
    const { calls, ended } = await walked({
      steps: [
        step("Find", { save: [{ name: "id", path: "$.id" }] }),
        step("Use", { args: { id: "${id}" } }),
        step("Other"),
      ],
      answer: () => ok({ structuredContent: {} }),
    });
    expect(calls.map(({ name }) => name)).toEqual(["Find", "Other"]);
    expect(ended).toEqual(["ok", "not-run: no input: id", "ok"]);
  });
});

describe("what a server asks back", () => {
  const asksWho: Answer = {
    class: "input-required",
    outcome: "unknown",
    result: { inputRequests: { who: { method: "elicitation/create" } }, requestState: "s" },
  };
  const answers: ScenarioStep["answers"] = {
    "elicitation/create": { is: "accept", result: { action: "accept", content: { id: "${op.id}" } }, delayMs: 300 },
  };
  const attemptsIn = (events: readonly Unstamped[]) => events.filter((event) => event.type === "attempt");

  test("within an answer is answered as the script says, and the rounds are no further tries", async () => {
    const { calls, events, ended } = await walked({
      steps: [step("Book", { answers })],
      answer: (_, n) => (n < 3 ? asksWho : { class: "tool-error", outcome: "failed" }),
    });
    expect(calls[2]?.params).toMatchObject({
      inputResponses: { who: { action: "accept", content: { id: "0000f00d.planner.3.7.0" } } },
      requestState: "s",
    });
    expect(new Set(calls.map(({ meta }) => meta.traceparent)).size).toBe(3);
    expect(attemptsIn(events)).toMatchObject([
      { attempt: 1, class: "input-required", goesOn: true, startedUs: 0 },
      { attempt: 2, class: "input-required", goesOn: true, startedUs: 310_000 },
      { attempt: 3, class: "tool-error", startedUs: 620_000 },
    ]);
    expect(attemptsIn(events)[2]).not.toHaveProperty("goesOn");
    // It was surely refused in the end, whatever it asked before.
    expect(ended).toEqual(["failed"]);
    const asked = events.filter((event) => event.type === "server-asked");
    expect(asked).toMatchObject([
      { method: "elicitation/create", answer: "accept", op: "0000f00d.planner.3.7.0", attempt: 1, askedUs: 10_000 },
      { attempt: 2 },
    ]);
  });

  test("a retry goes through the rounds anew, and goes on counting requests", async () => {
    const { events, ended } = await walked({
      steps: [step("Book", { answers })],
      policy: { kind: "retry", attributes: { attempts: 2 } },
      answer: (_, n) => (n % 2 === 1 ? asksWho : n === 2 ? { class: "reset", outcome: "unknown" } : ok()),
    });
    expect(attemptsIn(events).map(({ attempt, class: is, goesOn }) => [attempt, is, goesOn])).toEqual([
      [1, "input-required", true],
      [2, "reset", undefined],
      [3, "input-required", true],
      [4, "ok", undefined],
    ]);
    expect(ended).toEqual(["ok"]);
  });

  test("is not gone on from when the budget is spent meanwhile", async () => {
    const { events, ended } = await walked({
      steps: [step("Book", { answers })],
      budgetMs: 200,
      answer: () => asksWho,
    });
    expect(attemptsIn(events)).toMatchObject([{ attempt: 1, class: "input-required" }]);
    expect(ended).toEqual(["unknown"]);
    expect(events.filter((event) => event.type === "server-asked")).toMatchObject([{ answer: "too-late" }]);
  });

  test("an answer whose values are missing keeps the step from being run", async () => {
    const given: ScenarioStep["answers"] = { "roots/list": { is: "roots", result: { roots: ["${nothing}"] } } };
    const { calls, ended } = await walked({ steps: [step("Book", { answers: given })], answer: () => ok() });
    expect(calls).toEqual([]);
    expect(ended).toEqual(["not-run: no input: nothing"]);
  });
});

describe("time", () => {
  test("what cannot be run counts from the op that gave or left it nothing, so it belongs to that one's phase", async () => {
    const { started } = await walked({
      steps: [
        step("Find", { save: [{ name: "id", path: "$.id" }] }),
        step("Use", { args: { id: "${id}" } }),
        step("Use", { args: { id: "${id}" } }),
        step("Other"),
      ],
      answer: (_, n) => (n === 1 ? { class: "timeout", outcome: "unknown", tookMs: 800 } : ok()),
    });
    const [find, use, useAgain, other] = started.map(({ intendedUs }) => intendedUs);
    expect([use, useAgain]).toEqual([find, find]);
    expect((other ?? 0) - (find ?? 0)).toBe(800_000);
  });

  test("an attempt waits no longer than the budget leaves, and without any left a step is not run", async () => {
    const { calls, ended } = await walked({
      steps: [step("Slow"), step("Next"), step("Late")],
      budgetMs: 1500,
      answer: (_, n) => (n === 1 ? { ...ok(), tookMs: 900 } : { class: "timeout", outcome: "unknown", tookMs: 600 }),
    });
    expect(calls.map(({ timeoutMs }) => timeoutMs)).toEqual([1000, 600]);
    expect(ended).toEqual(["ok", "unknown", "not-run: no budget"]);
  });

  test("a step's own timeout goes before the policy's", async () => {
    const { calls } = await walked({ steps: [step("Quick", { timeoutMs: 50 })], answer: () => ok() });
    expect(calls[0]?.timeoutMs).toBe(50);
  });
});

describe("attempts", () => {
  const failing = { class: "closed", outcome: "unknown" } as const;

  test("retries are further attempts of one op, with the op's id and spans of their own", async () => {
    const { calls, events, ended } = await walked({
      steps: [step("Write", { args: { id: "${op.id}" } })],
      policy: { kind: "retry", attributes: { attempts: 3, delay: "50ms" } },
      answer: (_, n) => (n < 3 ? failing : ok()),
    });
    expect(new Set(calls.map((call) => argsOf(call)["id"])).size).toBe(1);
    expect(new Set(calls.map(({ meta }) => meta.traceparent)).size).toBe(3);
    const attempts = events.flatMap((event) => (event.type === "attempt" ? [event] : []));
    expect(attempts.map(({ attempt, startedUs }) => [attempt, startedUs / 1000])).toEqual([
      [1, 0],
      [2, 60],
      [3, 120],
    ]);
    expect(ended).toEqual(["ok"]);
  });

  test("an op whose policy would have gone on is cut short by the end of the run, and no other", async () => {
    const cut = async (policy: Played["policy"], stopAfter: number): Promise<readonly (true | undefined)[]> => {
      const { events } = await walked({
        steps: [step("Find")],
        ...(policy === undefined ? {} : { policy }),
        stopAfter,
        answer: (_, n) => (n < 3 ? { class: "timeout", outcome: "unknown" } : ok()),
      });
      return events.flatMap((event) => (event.type === "op-ended" ? [event.cutShort] : []));
    };
    const retry = { kind: "retry", attributes: { attempts: 3, delay: "1ms" } } as const;
    expect(await cut(retry, 1)).toEqual([true]);
    expect(await cut(retry, 3)).toEqual([undefined]);
    expect(await cut({ kind: "none" }, 1)).toEqual([undefined]);
  });

  test("an op is failed only if every attempt surely failed", async () => {
    const outcomes = async (answers: readonly Answer[]) =>
      (
        await walked({
          steps: [step("Write")],
          policy: { kind: "retry", attributes: { attempts: answers.length, retryOn: ["connection", "tool-error"] } },
          answer: (_, n) => answers[n - 1] ?? ok(),
        })
      ).ended;
    const refused = { class: "refused", outcome: "failed" } as const;
    expect(await outcomes([refused, refused])).toEqual(["failed"]);
    expect(await outcomes([refused, failing])).toEqual(["unknown"]);
    expect(await outcomes([failing, { class: "tool-error", outcome: "failed" }])).toEqual(["unknown"]);
  });
});

describe("a session that must be opened first", () => {
  const attempts = (events: readonly Unstamped[]) => events.filter((event) => event.type === "attempt");

  test("is waited for", async () => {
    const { ended } = await walked({
      steps: [step("Find")],
      open: async (session, world) => {
        await world.sleep(900);
        return session;
      },
      answer: () => ok(),
    });
    expect(ended).toEqual(["ok"]);
  });

  test("is not waited for longer than the call would be", async () => {
    const { calls, ended, events } = await walked({
      steps: [step("Find")],
      open: async (session, world) => {
        await world.sleep(1100);
        return session;
      },
      answer: () => ok(),
    });
    expect([calls.length, ended]).toEqual([0, ["failed"]]);
    expect(attempts(events)).toMatchObject([{ class: "no-session", says: "no session was opened in time" }]);
  });

  test("and cannot be, makes a failed attempt that says why", async () => {
    const { ended, events } = await walked({
      steps: [step("Find")],
      open: () => Promise.resolve({ failed: "cloud did not answer" }),
      answer: () => ok(),
    });
    expect(ended).toEqual(["failed"]);
    expect(attempts(events)).toMatchObject([{ class: "no-session", says: "cloud did not answer" }]);
  });
});

describe("a policy made of parts", () => {
  const ends = (events: readonly Unstamped[]) => events.filter((event) => event.type === "op-ended");
  const failed = { class: "tool-error", outcome: "failed" } as const;

  test("that is told to escalate ends the chain, and each step that was not run says so", async () => {
    const { ended, calls } = await walked({
      steps: [step("Find"), step("Write"), step("Tell")],
      policy: { kind: "composed", attributes: { advice: {} } },
      answer: () => ({ ...failed, suggestedAction: "escalate" }),
    });
    const because = "not-run: the chain was ended: told to escalate";
    expect([calls.length, ended]).toEqual([1, ["failed", because, because]]);
  });

  test("leaves in the history what it held back, and goes on with an earlier answer where it may", async () => {
    const breaker = { failures: 1, openFor: "1h", fallback: "last-answer" };
    const save = { save: [{ name: "id", path: "$.id" }] };
    const { events, calls } = await walked({
      steps: [step("Find", save), step("Use"), step("Find", save), step("Other", { args: { id: "${id}" } })],
      policy: { kind: "composed", attributes: { retry: {}, breaker } },
      answer: (_, n) => (n === 1 ? ok({ structuredContent: { id: 7 } }) : { class: "timeout", outcome: "unknown" }),
    });
    expect(calls.map(({ name }) => name)).toEqual(["Find", "Use"]);
    expect(ends(events)).toMatchObject([
      { outcome: "ok" },
      { outcome: "unknown", heldBack: "breaker open" },
      { outcome: "not-run", because: "breaker open", fallback: true },
      { outcome: "not-run", because: "breaker open" },
    ]);
  });

  test("has one idempotency key an op, or a fresh one with each attempt", async () => {
    const keys = async (key: "stable" | "fresh"): Promise<readonly unknown[]> => {
      const { calls } = await walked({
        steps: [step("Write", { args: { deep: [{ key: "no. ${op.key}" }], op: "${op.id}" } })],
        policy: { kind: "composed", attributes: { retry: { attempts: 3, key } } },
        answer: () => ({ class: "timeout", outcome: "unknown" }),
      });
      return calls.map(({ params }) => params["arguments"]).map((args) => JSON.stringify(args));
    };
    expect(new Set(await keys("stable")).size).toBe(1);
    const fresh = await keys("fresh");
    expect(new Set(fresh).size).toBe(3);
    for (const args of fresh) expect(args).toContain('"op":"0000f00d.planner.3.7.0"');
  });

  test("that shares out the budget gives each step its part of it", async () => {
    const { calls } = await walked({
      steps: [step("Quick"), step("Slow"), step("Last")],
      budgetMs: 1000,
      policy: { kind: "composed", attributes: { deadline: { split: "uniform-remainder" } }, timeoutMs: 10_000 },
      answer: (_, n) => ({ ...ok(), tookMs: n === 1 ? 100 : 250 }),
    });
    expect(calls.map(({ timeoutMs }) => Math.round(timeoutMs))).toEqual([300, 400, 550]);
  });
});
