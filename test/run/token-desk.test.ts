import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { TokenEvent } from "../../src/history/token-events.ts";
import { createWallet, identityFrom } from "../../src/run/identity.ts";
import { openTokenDesk } from "../../src/run/token-desk.ts";
import type { Grant } from "../../src/wire/oauth.ts";
import { fakeWorld } from "../fake-world.ts";

/** A desk whose authorization server answers only when it is told to. */
async function deskWith({
  refreshBeforeMs = 1000,
  lastsMs = 10_000,
}: { refreshBeforeMs?: number; lastsMs?: number } = {}) {
  const fake = fakeWorld();
  const events: TokenEvent[] = [];
  const over = new AbortController();
  const asked: PromiseWithResolvers<Grant>[] = [];
  const seen: string[] = [];
  const grant = (): Promise<Grant> => {
    const answer = Promise.withResolvers<Grant>();
    asked.push(answer);
    return answer.promise;
  };
  const opening = openTokenDesk({
    clients: [{ identity: "cloud", refreshBeforeMs, grant }],
    recorder: {
      nowUs: fake.nowUs,
      record: (event) => {
        if (event.type === "token") events.push(event);
        return { id: "m:1", atUs: 0 };
      },
    },
    masks: { add: (secrets) => seen.push(...secrets) },
    world: fake,
    over: over.signal,
  });
  asked[0]?.resolve({ token: "first-token", lastsMs });
  const desk = await opening;
  return { desk, fake, asked, events, over, seen };
}

describe("the tokens of an identity", () => {
  test("are asked for once, however many have been refused", async () => {
    const { desk, asked, events, seen } = await deskWith();
    const renewals = Promise.all(Array.from({ length: 500 }, () => desk.renew("cloud", 1)));
    await setImmediate();
    expect(asked).toHaveLength(2);
    asked[1]?.resolve({ token: "second-token" });
    expect(new Set(await renewals)).toEqual(new Set([true]));
    expect(desk.get("cloud")).toEqual({ identity: "cloud", token: "second-token", number: 2 });
    // Whoever still shows the old one need not ask.
    expect(await desk.renew("cloud", 1)).toBe(true);
    expect(asked).toHaveLength(2);
    expect(events.map(({ why, edge, number }) => `${why} ${edge} ${number}`)).toEqual([
      "start granted 1",
      "refusal granted 2",
    ]);
    expect(seen).toEqual(["first-token", "second-token"]);
    expect(JSON.stringify(events)).not.toContain("-token");
  });

  test("are not asked for again at once where there was none to be had", async () => {
    const { desk, asked, events, fake } = await deskWith();
    const refused = desk.renew("cloud", 1);
    asked[1]?.reject(new Error("HTTP 503"));
    expect(await refused).toBe(false);
    expect(await desk.renew("cloud", 1)).toBe(false);
    expect(asked).toHaveLength(2);
    expect(events.at(-1)).toMatchObject({ why: "refusal", edge: "failed", because: "HTTP 503" });
    await fake.advance(1100);
    const later = desk.renew("cloud", 1);
    asked[2]?.resolve({ token: "second-token" });
    expect(await later).toBe(true);
  });

  test("are renewed before they end, and again where that fails", async () => {
    const { desk, asked, fake, over } = await deskWith();
    await fake.advance(8900);
    expect(asked).toHaveLength(1);
    await fake.advance(200);
    expect(asked).toHaveLength(2);
    asked[1]?.reject(new Error("HTTP 503"));
    await setImmediate();
    expect(desk.get("cloud").token).toBe("first-token");
    await fake.advance(1100);
    expect(asked).toHaveLength(3);
    const told: number[] = [];
    desk.onGranted(({ number }) => told.push(number));
    asked[2]?.resolve({ token: "second-token", lastsMs: 10_000 });
    await setImmediate();
    expect(told).toEqual([2]);
    over.abort();
  });

  test("are left until they are refused where the scenario wants that", async () => {
    const { asked, fake } = await deskWith({ refreshBeforeMs: 0 });
    await fake.advance(60_000);
    expect(asked).toHaveLength(1);
  });
});

test("a thread's wallet asks the supervisor once, and shows what it was given from then on", async () => {
  const asked: number[] = [];
  const wallet = createWallet([{ identity: "cloud", token: "first", number: 1 }], (_, number) => asked.push(number));
  const { authorization, renewal, headersOf } = identityFrom(
    { headers: { a: "b" }, bearers: [], granted: "cloud" },
    wallet,
  );
  expect([headersOf(3), authorization?.()]).toEqual([{ a: "b" }, "Bearer first"]);
  const both = Promise.all([renewal?.renew(1), renewal?.renew(1)]);
  expect(asked).toEqual([1]);
  wallet.put({ identity: "cloud", token: "second", number: 2 });
  expect(await both).toEqual([true, true]);
  expect(authorization?.()).toBe("Bearer second");
  const refused = renewal?.renew(2);
  wallet.refuse("cloud");
  expect(await refused).toBe(false);
});
