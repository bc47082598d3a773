import { describe, expect, test } from "vitest";
import { duplicateEffects } from "../../src/checks/duplicate-effects.ts";
import type { TokenEvent } from "../../src/history/token-events.ts";
import {
  effect,
  frame,
  historyOf,
  honestRun,
  judged,
  op,
  runStarted,
  verdictOn,
  type Timed,
} from "../literal-history.ts";

const token = (atMs: number, over: Partial<TokenEvent>): Timed => [
  atMs,
  { type: "token", identity: "cloud", why: "expiry", edge: "granted", number: 1, tookUs: 5000, ...over },
];
const granted = (atMs: number, lastsMs: number): Timed => token(atMs, { lastsMs });
const failed = (atMs: number, over: Partial<TokenEvent> = {}): Timed =>
  token(atMs, { edge: "failed", because: "HTTP 503", ...over });

const gapsOf = async (...events: Timed[]) => (await judged(historyOf(honestRun, events))).account.gaps;

const baseline = [1, 2, 3].flatMap((walk) => [...op({ atMs: walk * 100, walk }), effect(walk, walk * 100 + 5)]);
const doubled = [...op({ atMs: 1100, walk: 10, tookMs: 80 }), effect(10, 1105), effect(10, 1106)];
const run = [runStarted(), ...frame(), ...baseline];

describe("an identity that has no valid token", () => {
  test("is a gap from the end of the old one to the next", async () => {
    expect(await gapsOf(granted(10, 990), failed(600), failed(1300), granted(1500, 60_000))).toEqual([
      { gap: "token-missing", says: "cloud had no valid token from 1.000 s to 1.500 s: HTTP 503" },
    ]);
  });

  test("has none from the moment that a server refused it, whatever was said of its end", async () => {
    expect(await gapsOf(granted(10, 60_000), failed(800, { why: "refusal" }), granted(900, 60_000))).toEqual([
      { gap: "token-missing", says: "cloud had no valid token from 0.795 s to 0.900 s: HTTP 503" },
    ]);
  });

  test.each([
    ["one that was renewed in time, at the second try", [granted(10, 1990), failed(600), granted(900, 60_000)]],
    ["one without an end", [token(10, {}), failed(600)]],
    ["one that was renewed once refused", [granted(10, 500), token(700, { why: "refusal", number: 2 })]],
  ])("is not %s", async (_, events) => {
    expect(await gapsOf(...events)).toEqual([]);
  });

  test("is no fault of the server: what is found meanwhile is held against nobody", async () => {
    const missing = [granted(10, 1040), failed(600), granted(1200, 60_000)];
    const result = await verdictOn(duplicateEffects, historyOf(run, doubled, missing));
    expect(result).toMatchObject({ verdict: "unknown", findings: [{ grade: "info", blames: "harness" }] });
    expect(result.because).toContain("what it found may come of a token that was not to be had");
    const before = [granted(10, 3000), failed(600), granted(3200, 60_000)];
    expect(await verdictOn(duplicateEffects, historyOf(run, doubled, before))).toMatchObject({ verdict: "fail" });
  });
});
