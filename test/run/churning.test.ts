/** How long sessions last: a run, a walk or a call. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { composePolicy, type WrittenParts } from "../../src/agents/composition.ts";
import type { Unstamped } from "../../src/history/events.ts";
import { openAgentSessions, within } from "../../src/run/churning.ts";
import type { SessionTarget } from "../../src/run/session-target.ts";
import { usualDialect } from "../../src/wire/dialect.ts";
import type { Session } from "../../src/wire/session.ts";
import { fakeWorld } from "../fake-world.ts";

function agentWith(parts: WrittenParts) {
  const events: Unstamped[] = [];
  const lost = new Set<number>();
  const live = new Set<number>();
  const ended: string[] = [];
  let opened = 0;
  let listed = 0;
  let most = 0;
  const end = (number: number, how: string): Promise<void> => {
    live.delete(number);
    ended.push(how);
    return Promise.resolve();
  };
  const target: SessionTarget = {
    server: "cloud",
    startsProcesses: false,
    dialect: usualDialect,
    speaking: () => target,
    open: () => {
      opened += 1;
      const number = opened;
      const session: Session = {
        protocolVersion: "2025-11-25",
        get lost() {
          return lost.has(number);
        },
        call: () => Promise.resolve({ class: "ok", outcome: "ok" }),
        listTools: () => {
          listed += 1;
          return Promise.resolve([
            { name: "Find", readOnly: true, entry: {} },
            { name: "Put", readOnly: false, idempotent: true, entry: {} },
            { name: "Add", readOnly: false, entry: {} },
          ]);
        },
        close: () => end(number, "closed"),
        abandon: () => end(number, "abandoned"),
      };
      live.add(number);
      most = Math.max(most, live.size);
      return Promise.resolve(session);
    },
  };
  const world = fakeWorld();
  const sessions = openAgentSessions(
    {
      group: "planner",
      agent: 0,
      targets: [target],
      openSession: () => Promise.reject(new Error("the target opens")),
      recorder: {
        nowUs: world.nowUs,
        record: (event) => {
          events.push(event);
          return { id: "t:1", atUs: 0 };
        },
      },
      world,
      timeoutMs: 1000,
    },
    composePolicy(parts),
  );
  /** Two walks of two calls each. */
  const walkTwice = async (): Promise<void> => {
    for (let walk = 0; walk < 2; walk += 1) {
      await within("walk", sessions, async (ofWalk) => {
        for (let call = 0; call < 2; call += 1) {
          await within("call", ofWalk, async (ofCall) => {
            await ofCall.open("cloud");
          });
        }
      });
    }
    await sessions.close();
  };
  const edges = (): string[] => events.flatMap((event) => (event.type === "session" ? [event.edge] : []));
  const tally = () => ({ opened, live: live.size, most, ended });
  return { sessions, walkTwice, edges, lost, tally, listed: () => listed };
}

test.each([
  ["run", 1],
  ["walk", 2],
  ["call", 4],
] as const)("a session for each %s: two walks of two calls have %d, and each is closed", async (each, count) => {
  const { walkTwice, edges } = agentWith({ sessions: { each } });
  await walkTwice();
  expect(edges().filter((edge) => edge === "opened")).toHaveLength(count);
  expect(edges().filter((edge) => edge === "closed")).toHaveLength(count);
});

test("a lost session is opened anew, or used on by who never does so", async () => {
  const reopened = async (session: "anew" | "never"): Promise<string[]> => {
    const { sessions, edges, lost } = agentWith({ reconnect: { session } });
    await sessions.open("cloud");
    lost.add(1);
    await sessions.open("cloud");
    return edges();
  };
  expect(await reopened("anew")).toEqual(["opened", "lost", "opened"]);
  expect(await reopened("never")).toEqual(["opened"]);
});

test("what tools say of themselves is asked for once, and only where the policy needs it", async () => {
  const gated = agentWith({ retry: { resend: "safe" }, sessions: { each: "call" } });
  await gated.walkTwice();
  expect(gated.listed()).toBe(1);
  expect(["Find", "Put", "Add", "Other"].map((tool) => gated.sessions.isSafe?.("cloud", tool))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  const careless = agentWith({ retry: {} });
  await careless.walkTwice();
  expect(careless.listed()).toBe(0);
});

test("sessions that are abandoned are left without a word, and the history says so", async () => {
  const { walkTwice, tally } = agentWith({ sessions: { each: "walk", end: "abandon" } });
  await walkTwice();
  expect(tally()).toEqual({ opened: 2, live: 0, most: 1, ended: ["abandoned", "abandoned"] });
});

describe("whatever becomes of its calls", () => {
  const calls = fc.array(fc.constantFrom("answered", "lost"), { maxLength: 40 });
  const count = fc.integer({ min: 1, max: 7 });

  /** Calls one after another; each opens what it needs, and its session may be lost by it. */
  async function callAll(parts: WrittenParts, outcomes: readonly string[]) {
    const { sessions, tally, lost } = agentWith(parts);
    for (const outcome of outcomes) {
      await within("call", sessions, async (own) => {
        await own.open("cloud");
        if (outcome === "lost") lost.add(tally().opened);
      });
    }
    await sessions.close();
    return tally();
  }

  test("a session is opened for so many calls each, and one more for each that was lost before its end", () =>
    fc.assert(
      fc.asyncProperty(calls, count, async (outcomes, each) => {
        const { opened, most, live, ended } = await callAll({ sessions: { each: "call", count: each } }, outcomes);
        const blocks = Array.from({ length: Math.ceil(outcomes.length / each) }, (_, block) =>
          outcomes.slice(block * each, (block + 1) * each),
        );
        const lostEarly = blocks.map((block) => block.slice(0, -1).filter((outcome) => outcome === "lost").length);
        expect(opened).toBe(blocks.length + lostEarly.reduce((sum, some) => sum + some, 0));
        // A lost one is closed only with the rest: until then calls may be under way in it.
        expect(most).toBeLessThanOrEqual(1 + Math.max(0, ...lostEarly));
        expect([live, ended.length]).toEqual([0, opened]);
      }),
      { seed: 42 },
    ));

  test("who never reconnects has one session, however often it is lost", () =>
    fc.assert(
      fc.asyncProperty(calls, async (outcomes) => {
        const { opened } = await callAll({ reconnect: { session: "never" } }, outcomes);
        expect(opened).toBe(Math.min(1, outcomes.length));
      }),
      { seed: 42 },
    ));

  test("who does has one more for each loss that a call comes after", () =>
    fc.assert(
      fc.asyncProperty(calls, async (outcomes) => {
        const { opened } = await callAll({}, outcomes);
        const losses = outcomes.slice(0, -1).filter((outcome) => outcome === "lost").length;
        expect(opened).toBe(Math.min(1, outcomes.length) + losses);
      }),
      { seed: 42 },
    ));

  test("calls that overlap share a session until its count is full, and none is ended under a call", () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 30 }), count, async (ends, each) => {
        const { sessions, tally } = agentWith({ sessions: { each: "call", count: each } });
        const open: { end: () => void; done: Promise<void> }[] = [];
        let begun = 0;
        for (const place of ends) {
          const { promise, resolve } = Promise.withResolvers<void>();
          const done = within("call", sessions, async (own) => {
            await own.open("cloud");
            await promise;
          });
          open.push({ end: resolve, done });
          begun += 1;
          await Promise.resolve();
          const [ending] = place < open.length ? open.splice(place, 1) : [];
          ending?.end();
          await ending?.done;
          const busy = open.length;
          expect(tally().live).toBeGreaterThanOrEqual(Math.min(1, busy));
        }
        for (const { end } of open) end();
        await Promise.all(open.map(({ done }) => done));
        await sessions.close();
        const { opened, live } = tally();
        expect([opened, live]).toEqual([Math.ceil(begun / each), 0]);
      }),
      { seed: 42 },
    ));
});
