/** How long sessions last: a run, a walk or a call. */
import { expect, test } from "vitest";
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
  let opened = 0;
  let listed = 0;
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
            { name: "Find", readOnly: true },
            { name: "Put", readOnly: false, idempotent: true },
            { name: "Add", readOnly: false },
          ]);
        },
        close: () => Promise.resolve(),
      };
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
  return { sessions, walkTwice, edges, lost, listed: () => listed };
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
  const reopened = async (reconnect: "when-lost" | "never"): Promise<string[]> => {
    const { sessions, edges, lost } = agentWith({ sessions: { reconnect } });
    await sessions.open("cloud");
    lost.add(1);
    await sessions.open("cloud");
    return edges();
  };
  expect(await reopened("when-lost")).toEqual(["opened", "lost", "opened"]);
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
