/** What others have published of these policies, found again in pure time. */
import { describe, expect, test } from "vitest";
import { composePolicy, type WrittenParts } from "../../src/agents/composition.ts";
import { decide, type Seen } from "../../src/agents/policy.ts";
import { refusedShare } from "../../src/agents/throttle.ts";
import { seededRandom, type Random } from "../../src/world.ts";
import { openGuards, simulateOp } from "./simulated.ts";
import { seen } from "./seen.ts";

const retry = { attempts: 4 };
const bucket = { capacity: 10, cost: 1, timeoutCost: 1, refund: 0.1, refundFor: "request" } as const;
const breaker = { counts: "rate", rate: "10%", window: "10s", openFor: "10s", gates: "repeats" } as const;

/** So many clients with ten ops a second each, whose attempts fail by chance. */
function fleet(parts: WrittenParts, failing: number): { readonly success: number; readonly load: number } {
  const policy = composePolicy(parts);
  const random = seededRandom(42, JSON.stringify(parts), failing);
  const answer = (): Seen => seen(random.next() < failing ? "http-gateway" : "ok");
  const ops = Array.from({ length: 20 }, () => openGuards(policy)).flatMap((guards) =>
    Array.from({ length: 1000 }, (_, op) => simulateOp(policy, guards, { nowMs: op * 100, random, answer })),
  );
  const sum = (of: (op: (typeof ops)[number]) => number): number => ops.reduce((total, op) => total + of(op), 0);
  return {
    success: (100 * sum(({ ok }) => Number(ok))) / ops.length,
    load: sum(({ attempts }) => attempts) / ops.length,
  };
}

describe("Brooker 2022, fixing retries with token buckets and circuit breakers: success in %, load", () => {
  test.each<[string, WrittenParts, number, number, number]>([
    ["none", {}, 0.1, 89.9, 1],
    ["none", {}, 0.5, 50.2, 1],
    ["none", {}, 1, 0, 1],
    ["three retries", { retry }, 0.1, 100, 1.11],
    ["three retries", { retry }, 0.5, 93.7, 1.87],
    ["three retries", { retry }, 1, 0, 4],
    ["token bucket", { retry, retryTokens: bucket }, 0.1, 98.6, 1.1],
    ["token bucket", { retry, retryTokens: bucket }, 0.5, 55.5, 1.11],
    ["token bucket", { retry, retryTokens: bucket }, 1, 0, 1.12],
    ["breaker", { retry, breaker }, 0.1, 92, 1.03],
    ["breaker", { retry, breaker }, 0.5, 50.2, 1],
    ["breaker", { retry, breaker }, 1, 0, 1],
  ])("%s, %j, failing %d", (_, parts, failing, success, load) => {
    const came = fleet(parts, failing);
    expect(Math.abs(came.success - success)).toBeLessThan(2);
    expect(Math.abs(came.load - load)).toBeLessThan(0.05);
  });
});

describe("when a breaker opens, of failures that come by chance", () => {
  const opensAfter = (counts: "consecutive" | "cumulative", failing: number, random: Random): number => {
    const guards = openGuards(composePolicy({ breaker: { counts, failures: 3 } }));
    for (let calls = 0; ; calls += 1) {
      const settle = guards.ask({ nowMs: 0, isFirst: true, random });
      if (settle === undefined) return calls;
      settle(0, seen(random.next() < failing ? "timeout" : "ok"));
    }
  };
  test.each([
    ["cumulative", 0.5, 6],
    ["cumulative", 0.1, 30],
    ["consecutive", 0.5, 14],
    ["consecutive", 0.2, 155],
  ] as const)("%s, failing %d: after %d calls", (counts, failing, expected) => {
    const random = seededRandom(42, counts, failing);
    const runs = 4000;
    let sum = 0;
    for (let run = 0; run < runs; run += 1) sum += opensAfter(counts, failing, random);
    expect(sum / runs / expected).toBeGreaterThan(0.95);
    expect(sum / runs / expected).toBeLessThan(1.05);
  });
});

describe("AWS, exponential backoff and jitter: a hundred clients write one row, and one at a time may", () => {
  const calls = (over: object): number => {
    const { reactions } = composePolicy({ retry: { attempts: 100, delay: "5ms", delayMax: "2s", ...over } });
    return contend((attempts, waitedMs, random) => {
      const all = Array.from({ length: attempts }, () => seen("reset"));
      const decision = decide({ reactions }, [seen("reset"), ...all.slice(1)], { random, waitedMs, isSafe: true });
      return decision.do === "retry" ? decision.afterMs : 0;
    });
  };
  const exponential = { backoff: "exponential" };
  const measured = {
    none: contend(() => 0),
    exponential: calls(exponential),
    equal: calls({ ...exponential, jitter: "equal" }),
    full: calls({ ...exponential, jitter: "full" }),
    decorrelated: calls({ jitter: "decorrelated" }),
  };
  const published = { none: 2434, exponential: 1855, equal: 812, full: 795, decorrelated: 997 };

  test.each(["none", "equal", "full", "decorrelated"] as const)("%s, against exponential without jitter", (kind) => {
    const ratio = measured[kind] / measured.exponential;
    const told = published[kind] / published.exponential;
    expect(Math.abs(ratio - told)).toBeLessThan(0.15);
  });
});

test("the same with forty clients and shorter waits, as scenarios/known-answers/jitter has them", () => {
  const calls = (over: object): number => {
    const { reactions } = composePolicy({ retry: { attempts: 100, delay: "5ms", delayMax: "200ms", ...over } });
    const waitMs: Wait = (attempts, waitedMs, random) => {
      const all = Array.from({ length: attempts - 1 }, () => seen("reset"));
      const decision = decide({ reactions }, [seen("reset"), ...all], { random, waitedMs, isSafe: true });
      return decision.do === "retry" ? decision.afterMs : 0;
    };
    const seeds = Array.from({ length: 40 }, (_, seed) => contend(waitMs, { clients: 40, seed }));
    return seeds.reduce((sum, one) => sum + one, 0) / seeds.length;
  };
  const plain = calls({ backoff: "exponential" });
  const percent = (over: object): number => (100 * calls(over)) / plain;
  expect(Math.abs(percent({ delay: "0ms" }) - 107)).toBeLessThan(3);
  expect(Math.abs(percent({ backoff: "exponential", jitter: "equal" }) - 68)).toBeLessThan(3);
  expect(Math.abs(percent({ backoff: "exponential", jitter: "full" }) - 66)).toBeLessThan(3);
  expect(Math.abs(percent({ jitter: "decorrelated" }) - 63)).toBeLessThan(3);
});

type Wait = (attempts: number, waitedMs: number, random: Random) => number;

/** Optimistic locking over a network: who writes what has changed since it was read must begin anew. */
function contend(
  waitMs: Wait,
  { clients: count, seed }: { clients: number; seed: number } = { clients: 100, seed: 42 },
): number {
  const random = seededRandom(seed, "contend");
  const net = (): number => Math.abs(10 + 2 * normal(random));
  const clients = Array.from({ length: count }, () => ({
    atMs: net(),
    doing: "read",
    attempts: 0,
    read: 0,
    waitedMs: 0,
  }));
  let version = 0;
  let writes = 0;
  for (;;) {
    const next = clients.reduce((first, client) => (client.atMs < first.atMs ? client : first));
    if (next.atMs === Number.POSITIVE_INFINITY) return writes;
    if (next.doing === "read") {
      Object.assign(next, { doing: "write", read: version, atMs: next.atMs + net() + net() });
      continue;
    }
    writes += 1;
    if (next.read === version) {
      version += 1;
      next.atMs = Number.POSITIVE_INFINITY;
      continue;
    }
    next.attempts += 1;
    next.waitedMs = waitMs(next.attempts, next.waitedMs, random);
    Object.assign(next, { doing: "read", atMs: next.atMs + net() + next.waitedMs + net() });
  }
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}

test.each([
  [0.9, 9.99, 9.4],
  [0.5, 2, 1.41],
  [1, 64, 0],
])(
  "SRE ch. 22: three layers of four tries ask a leaf that fails with %d %d times in the mean",
  (q, mean, deviation) => {
    const random = seededRandom(42, "layers", q);
    const layers = composePolicy({ retry: { attempts: 4, retryOn: ["tool-error"] } });
    const ask = (layer: number): { readonly ok: boolean; readonly asked: number } => {
      if (layer === 0) return { ok: random.next() >= q, asked: 1 };
      let asked = 0;
      const answer = (): Seen => {
        const below = ask(layer - 1);
        asked += below.asked;
        return seen(below.ok ? "ok" : "tool-error");
      };
      const { ok } = simulateOp(layers, openGuards(layers), { nowMs: 0, random, answer });
      return { ok, asked };
    };
    const ops = Array.from({ length: 20_000 }, () => ask(3).asked);
    const measured = ops.reduce((sum, one) => sum + one, 0) / ops.length;
    const spread = Math.sqrt(ops.reduce((sum, one) => sum + (one - measured) ** 2, 0) / ops.length);
    expect(Math.abs(measured - mean)).toBeLessThanOrEqual(mean * 0.03 * Math.sign(deviation));
    expect(Math.abs(spread - deviation)).toBeLessThanOrEqual(deviation * 0.05);
  },
);

describe("timeout budgets of a turn: chains that time out, in %", () => {
  const budgetMs = 1550;
  const p50p99 = [
    [80, 200],
    [120, 300],
    [150, 400],
    [180, 500],
  ] as const;
  const timedOut = (split: NonNullable<WrittenParts["deadline"]>["split"], chains: number): number => {
    const { deadline } = composePolicy({ deadline: { split } });
    const random = seededRandom(42, "chains");
    const usualMs = p50p99.map(([, p99]) => p99);
    let failed = 0;
    for (let chain = 0; chain < chains; chain += 1) {
      let elapsedMs = 0;
      const isLate = p50p99.some(([p50, p99], step) => {
        const tookMs = p50 * Math.exp((Math.log(p99 / p50) / 2.3263) * normal(random));
        const shareMs = deadline?.shareMs({ budgetMs, elapsedMs, usualMs, step }) ?? 0;
        elapsedMs += tookMs;
        return tookMs > shareMs;
      });
      failed += Number(isLate);
    }
    return (100 * failed) / chains;
  };
  test.each([
    ["uniform", 8.96],
    ["uniform-remainder", 0.14],
    ["usual", 4.02],
    ["usual-remainder", 1.74],
    ["shared", 0.01],
  ] as const)("%s: %d", (split, told) => {
    const came = timedOut(split, 20_000);
    expect(Math.abs(came - told)).toBeLessThan(Math.max(0.1, told * 0.1));
  });
});

test("SRE ch. 21: throttled at its own door, a client that is refused everything sends little", () => {
  expect(refusedShare({ requests: 100, accepts: 50, k: 2 })).toBe(0);
  expect(refusedShare({ requests: 100, accepts: 0, k: 2 })).toBeCloseTo(100 / 101);
  const { load } = fleet({ throttle: { window: "1s" } }, 1);
  expect(load).toBeLessThan(0.4);
});
