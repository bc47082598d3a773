/** The attempts of one op under a policy, in a world whose time is made. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { composePolicy, type WrittenParts } from "../../src/agents/composition.ts";
import { outcomeClasses, type OutcomeClass } from "../../src/history/outcomes.ts";
import { openAgentPolicy } from "../../src/run/agent-policy.ts";
import { attemptAsPolicySays, type Sending, type Tried } from "../../src/run/attempting.ts";
import type { Answer } from "../../src/wire/session.ts";
import { seededRandom } from "../../src/world.ts";
import { fakeWorld } from "../fake-world.ts";

interface Comes extends Partial<Answer> {
  readonly class: OutcomeClass;
  readonly tookMs?: number;
}

interface Sent extends Pick<Sending, "attempt" | "hedged" | "leftMs"> {
  readonly atMs: number;
}

interface Done extends Tried {
  readonly endedMs: number;
}

/** An agent with a policy, whose calls come to what is said of each attempt in turn. */
function agentWith(parts: WrittenParts, { seed = 42, isSafe = true }: { seed?: number; isSafe?: boolean } = {}) {
  const world = fakeWorld();
  const nowMs = (): number => world.nowUs() / 1000;
  const policy = openAgentPolicy(composePolicy(parts), { nowMs, world });
  const sent: Sent[] = [];
  const never = new AbortController();
  const send = async (sending: Sending, { class: is, tookMs = 10, ...over }: Comes): Promise<Answer> => {
    const { attempt, hedged, leftMs, outrun } = sending;
    sent.push({ attempt, hedged, leftMs, atMs: nowMs() });
    const isDone = await world.sleep(Math.min(tookMs, leftMs), outrun);
    const came: OutcomeClass = isDone ? (tookMs > leftMs ? "timeout" : is) : "outrun";
    return { outcome: outcomeClasses[came].outcome, ...over, class: came };
  };
  const op = async (
    comes: readonly Comes[],
    { budgetMs = Number.POSITIVE_INFINITY, tool = "Find" } = {},
  ): Promise<Done> => {
    const untilMs = nowMs() + budgetMs;
    const tried = await attemptAsPolicySays({
      policy,
      called: { server: "cloud", tool },
      isSafe,
      random: seededRandom(seed, "op"),
      world,
      nowMs,
      leftMs: () => untilMs - nowMs(),
      stopping: never.signal,
      send: (sending) => send(sending, comes[Math.min(sending.attempt, comes.length) - 1] ?? { class: "ok" }),
    });
    return { ...tried, endedMs: nowMs() };
  };
  const run = async <T>(doing: Promise<T>): Promise<T> => {
    await world.advance(100_000);
    return doing;
  };
  return { op, run, sent, advance: (ms: number) => world.advance(ms) };
}

const classesOf = ({ attempts }: Tried): readonly OutcomeClass[] => attempts.map((attempt) => attempt.class);
const down: readonly Comes[] = [{ class: "timeout" }];

describe("what a policy holds back", () => {
  test("is told: an op that was never sent has its reason, and so has one that was not sent again", async () => {
    const { op, run } = agentWith({ retry: { attempts: 3 }, breaker: { failures: 2, openFor: "1h" } });
    const first = await run(op(down));
    expect([first.attempts.length, first.heldBack]).toEqual([2, "breaker open"]);
    const second = await run(op(down));
    expect([second.attempts.length, second.heldBack]).toEqual([0, "breaker open"]);
  });

  test("an open breaker answers with the tool's last good answer where it shall, and not with another's", async () => {
    const { op, run } = agentWith({ breaker: { failures: 1, openFor: "1h", fallback: "last-answer" } });
    await run(op([{ class: "ok", result: { items: [1] } }]));
    await run(op(down));
    expect(await run(op(down))).toMatchObject({ heldBack: "breaker open", fallback: { result: { items: [1] } } });
    expect(await run(op(down, { tool: "Other" }))).not.toHaveProperty("fallback");
  });

  test("a bulkhead lets the next one in when one leaves, in turn, and gives up on what waits too long", async () => {
    const { op, run, sent } = agentWith({ bulkhead: { inFlight: 1, wait: "250ms" } });
    const slow = { class: "ok", tookMs: 100 } as const;
    const all = await run(Promise.all([op([slow]), op([slow]), op([slow]), op([slow])]));
    expect(sent.map(({ atMs }) => atMs)).toEqual([0, 100, 200]);
    expect(all.map(({ heldBack }) => heldBack)).toEqual([undefined, undefined, undefined, "bulkhead full"]);
  });

  test("nobody waits before a bulkhead for longer than the budget leaves", async () => {
    const { op, run } = agentWith({ bulkhead: { inFlight: 1, wait: "10s" } });
    const [, second] = await run(Promise.all([op([{ class: "ok", tookMs: 5000 }]), op([], { budgetMs: 200 })]));
    expect(second).toMatchObject({ attempts: [], heldBack: "bulkhead full", endedMs: 200 });
  });
});

describe("what may have happened", () => {
  const retry = { attempts: 3, resend: "safe" } as const;

  test("is not sent again to a tool that does not say it may be", async () => {
    const { op, run } = agentWith({ retry }, { isSafe: false });
    const came = await run(op(down));
    expect([classesOf(came), came.heldBack]).toEqual([["timeout"], "outcome unknown, not resent"]);
    expect(classesOf(await run(op([{ class: "refused" }, { class: "timeout" }])))).toEqual(["refused", "timeout"]);
  });

  test("is sent again to one that does", async () => {
    const { op, run } = agentWith({ retry }, { isSafe: true });
    expect(classesOf(await run(op(down)))).toEqual(["timeout", "timeout", "timeout"]);
  });
});

describe("a server's own words", () => {
  const error = { class: "tool-error", outcome: "failed" } as const;

  test("say whether and when to try again", async () => {
    const { op, run, sent } = agentWith({ advice: {} });
    const came = await run(op([{ ...error, retryable: true, retryAfterMs: 300 }, { class: "ok" }]));
    expect([classesOf(came), sent.map(({ atMs }) => atMs)]).toEqual([
      ["tool-error", "ok"],
      [0, 310],
    ]);
    expect((await run(op([{ ...error, retryable: false }]))).heldBack).toBe("told not to try again");
    expect((await run(op([{ ...error, retryable: true, retryAfterMs: 3_600_000 }]))).heldBack).toContain("longer");
    // Where it says nothing, nothing is tried again.
    expect((await run(op([error]))).attempts).toHaveLength(1);
  });

  test("go before what retry would do, and may end the chain", async () => {
    const { op, run } = agentWith({ advice: {}, retry: { retryOn: ["tool-error"] } });
    expect((await run(op([{ ...error, retryable: false }]))).attempts).toHaveLength(1);
    expect((await run(op([error]))).attempts).toHaveLength(3);
    const ended = await run(op([{ ...error, suggestedAction: "escalate" }]));
    expect(ended).toMatchObject({ endsChain: true, heldBack: "told to escalate" });
  });

  test("in Retry-After are obeyed where retry says so", async () => {
    const told = [{ class: "http-refusal", status: 429, retryAfterMs: 2000 }, { class: "ok" }] as const;
    const at = async (retry: NonNullable<WrittenParts["retry"]>): Promise<readonly number[]> => {
      const { op, run, sent } = agentWith({ retry });
      await run(op(told));
      return sent.map(({ atMs }) => atMs);
    };
    expect(await at({ delay: "100ms" })).toEqual([0, 110]);
    expect(await at({ delay: "100ms", retryAfter: "obey" })).toEqual([0, 2010]);
    expect(await at({ delay: "100ms", retryAfter: "obey", delayMax: "1s" })).toEqual([0]);
  });
});

describe("a hedge", () => {
  const hedge = { after: "100ms", most: 2 };
  const slow = { class: "ok", tookMs: 5000 } as const;

  test("is sent beside what takes long; the first that is ok counts, the others are given up", async () => {
    const { op, run, sent } = agentWith({ hedge });
    const came = await run(op([slow, slow, { class: "ok", tookMs: 20 }]));
    expect(sent.map(({ attempt, hedged, atMs }) => [attempt, hedged, atMs])).toEqual([
      [1, false, 0],
      [2, true, 100],
      [3, true, 200],
    ]);
    expect(came.endedMs).toBe(220);
    expect(classesOf(came).toSorted()).toEqual(["ok", "outrun", "outrun"]);
  });

  test("is not sent for what comes in time, nor to tools that do not say it changes nothing", async () => {
    const quick = agentWith({ hedge });
    await quick.run(quick.op([{ class: "ok", tookMs: 99 }]));
    expect(quick.sent).toHaveLength(1);
    const unsafe = agentWith({ hedge }, { isSafe: false });
    await unsafe.run(unsafe.op([slow]));
    expect(unsafe.sent).toHaveLength(1);
    const any = agentWith({ hedge: { ...hedge, tools: "any" } }, { isSafe: false });
    await any.run(any.op([slow]));
    expect(any.sent).toHaveLength(3);
  });

  test("costs what a repeat costs", async () => {
    const { op, run, sent } = agentWith({ hedge, retryTokens: { capacity: 1, cost: 1, refund: 0 } });
    await run(op([slow, slow, slow]));
    expect(sent).toHaveLength(2);
  });

  test("an attempt that was given up says nothing of the server", async () => {
    const { op, run } = agentWith({ hedge, breaker: { failures: 1 } });
    await run(op([slow, { class: "ok" }]));
    expect(classesOf(await run(op([{ class: "ok" }])))).toEqual(["ok"]);
  });
});

describe("whatever comes, a policy keeps what it promises", () => {
  const comes = fc.record({
    class: fc.constantFrom<OutcomeClass>("ok", "timeout", "reset", "tool-error", "http-gateway", "refused"),
    tookMs: fc.integer({ min: 0, max: 500 }),
  });
  const written = fc.record(
    {
      retry: fc.record({
        attempts: fc.integer({ min: 2, max: 6 }),
        delay: fc.constantFrom("0ms", "50ms", "1s"),
        backoff: fc.constantFrom("none", "exponential"),
        jitter: fc.constantFrom("none", "full", "equal", "decorrelated", "around"),
        resend: fc.constantFrom("any", "safe", "unsent"),
      }),
      retryBudget: fc.constant({ ratio: "20%", least: 0.5 }),
      retryThrottling: fc.constant({}),
      throttle: fc.constant({ window: "1s" }),
      breaker: fc.record({ failures: fc.integer({ min: 1, max: 5 }), openFor: fc.constant("300ms") }),
      bulkhead: fc.record({ inFlight: fc.integer({ min: 1, max: 3 }), wait: fc.constantFrom("0ms", "200ms") }),
      hedge: fc.record({ after: fc.constant("100ms"), most: fc.integer({ min: 1, max: 2 }) }),
    },
    { requiredKeys: [] },
  ) as fc.Arbitrary<WrittenParts>;
  const ops = fc.array(fc.record({ comes: fc.array(comes, { minLength: 1, maxLength: 4 }), pauseMs: fc.nat(300) }), {
    maxLength: 12,
  });

  const play = async (
    parts: WrittenParts,
    of: readonly { readonly comes: readonly Comes[]; readonly pauseMs: number }[],
    isSafe: boolean,
  ) => {
    const agent = agentWith(parts, { isSafe });
    const all: Promise<Done>[] = [];
    for (const { comes: those, pauseMs } of of) {
      all.push(agent.op(those, { budgetMs: 1000 }));
      await agent.advance(pauseMs);
    }
    return { done: await agent.run(Promise.all(all)), sent: agent.sent };
  };

  test("attempts, budget, and the same decisions with the same seed", async () => {
    await fc.assert(
      fc.asyncProperty(written, ops, fc.boolean(), async (parts, of, isSafe) => {
        const { done, sent } = await play(parts, of, isSafe);
        const { attemptsMax } = composePolicy(parts);
        for (const { attempts, heldBack } of done) {
          expect(attempts.length).toBeLessThanOrEqual(attemptsMax);
          if (attempts.length === 0) expect(heldBack).toBeDefined();
          if (parts.hedge !== undefined && isSafe) continue;
          const isLast = (index: number): boolean => index === attempts.length - 1;
          for (const [index, { outcome }] of attempts.entries()) {
            // Nothing follows what was ok, and what may have happened only where it may be repeated.
            if (outcome === "ok") expect(isLast(index)).toBe(true);
            const mayRepeat = parts.retry?.resend === "any" || (parts.retry?.resend === "safe" && isSafe);
            if (outcome === "unknown" && !mayRepeat) expect(isLast(index)).toBe(true);
          }
        }
        for (const { leftMs } of sent) expect(leftMs).toBeGreaterThanOrEqual(1);
        expect(await play(parts, of, isSafe)).toEqual({ done, sent });
      }),
      { seed: 42, numRuns: 150 },
    );
  }, 60_000);
});
