/** How often an agent asks for tools, whatever happens; and the calls that it makes of what it was told. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { composePolicy } from "../../src/agents/composition.ts";
import { discover, nothingDiscovered, type Discovered } from "../../src/agents/discovery.ts";
import { fittedCall, type KnownTools } from "../../src/agents/fitted-call.ts";
import type { Discovery } from "../../src/agents/policy.ts";

const policies = fc.record({
  when: fc.constantFrom("up-front" as const, "first-use" as const),
  keeps: fc.constantFrom("session" as const, "run" as const),
  relist: fc.uniqueArray(fc.constantFrom("list-changed" as const, "refused" as const)),
});

/** What may happen to an agent, in any order. */
const happenings = fc.array(
  fc.record({
    is: fc.constantFrom("session", "call", "refused", "notified"),
    tool: fc.constantFrom("a", "b"),
    /** What a listing would tell, if there is one. */
    version: fc.integer({ min: 0, max: 2 }),
    answers: fc.integer({ min: 0, max: 4 }).map((n) => n > 0),
  }),
  { maxLength: 100 },
);

type Happenings = typeof happenings extends fc.Arbitrary<infer Of> ? Of : never;

interface Lived {
  readonly listed: readonly string[];
  readonly failed: number;
  readonly count: (is: string) => number;
}

function live(policy: Discovery, of: Happenings): Lived {
  let state: Discovered = nothingDiscovered;
  let version: number | undefined;
  let [heard, failed] = [0, 0];
  const listed: string[] = [];
  const meet = (moment: Parameters<typeof discover>[2], now: { version: number; answers: boolean }): void => {
    const said = discover(policy, state, moment);
    state = said.state;
    if (said.list === undefined) return;
    listed.push(said.list);
    if (!now.answers) {
      failed += 1;
      return;
    }
    const isNews = version !== undefined && version !== now.version;
    version = now.version;
    const tool = moment.is === "refused" ? { tool: moment.tool } : {};
    state = discover(policy, state, { is: "listed", why: said.list, heard, isNews, ...tool }).state;
  };
  for (const { is, tool, ...now } of of) {
    if (is === "session") {
      heard = 0;
      meet({ is: "opened" }, now);
    } else if (is === "notified") heard += 1;
    else if (is === "refused") meet({ is: "refused", tool }, now);
    else meet({ is: "calling", heard }, now);
  }
  return { listed, failed, count: (what) => of.filter(({ is }) => is === what).length };
}

const law = (name: string, holds: (policy: Discovery, of: Happenings) => void): void =>
  test(name, () => {
    fc.assert(fc.property(policies, happenings, holds), { seed: 42, numRuns: 500 });
  });

describe("however servers answer, refuse and tell of changes", () => {
  law("no more is listed than the policy says", (policy, of) => {
    const { listed, failed, count } = live(policy, of);
    const begun = policy.keeps === "run" ? 1 : count("session") + 1;
    const heard = policy.relist.includes("list-changed") ? count("notified") : 0;
    const refused = policy.relist.includes("refused") ? count("refused") : 0;
    expect(listed.length - failed).toBeLessThanOrEqual(begun + heard + refused);
  });

  law("what is listed in vain when a call is refused is listed more and more rarely", (policy, of) => {
    // One version only: nothing new is ever told.
    const { listed, failed } = live(
      { ...policy, keeps: "run" },
      of.map((one) => ({ ...one, version: 0 })),
    );
    const inVain = listed.filter((why) => why === "refused").length - failed;
    // After 1, 2, 4 … refusals more, of each of two tools.
    const refused = of.filter(({ is }) => is === "refused").length;
    expect(inVain).toBeLessThanOrEqual(2 * Math.log2(refused + 2) + refused / 32);
  });

  law("a cached list is asked for once, and never again", (policy, of) => {
    const { listed, failed } = live({ ...policy, keeps: "run", relist: [] }, of);
    expect(listed.length - failed).toBeLessThanOrEqual(1);
  });

  law("nobody asks for a reason that the policy does not name", (policy, of) => {
    const { listed } = live(policy, of);
    const allowed = new Set<string>([
      "first-use",
      ...policy.relist,
      ...(policy.when === "up-front" ? ["up-front"] : []),
    ]);
    expect(listed.every((why) => allowed.has(why))).toBe(true);
  });

  law("several notifications before one call are one listing", (policy, of) => {
    const { listed, count } = live(policy, of);
    expect(listed.filter((why) => why === "list-changed").length).toBeLessThanOrEqual(count("call"));
  });

  law("the same happenings make the same decisions", (policy, of) => {
    expect(live(policy, of).listed).toEqual(live(policy, of).listed);
  });
});

test("a policy lists nothing unless it says so, and up front without more words", () => {
  expect(composePolicy({}).discovery).toBeUndefined();
  expect(composePolicy({ discovery: {} }).discovery).toEqual({ when: "up-front", keeps: "session", relist: [] });
});

describe("a call by what is listed", () => {
  const tools = (of: Record<string, Record<string, readonly string[] | undefined>>): KnownTools =>
    new Map(Object.entries(of).map(([name, takes]) => [name, new Map(Object.entries(takes))]));
  const wanted = { tool: "Find", args: { id: 7 }, knows: { tenant: "acme" }, alsoNamed: ["Find_v2"] };

  test("gives what the tool takes, and of what it knows only that", () => {
    expect(fittedCall(wanted, tools({ Find: { id: ["integer"] } }))).toEqual({ tool: "Find", args: { id: 7 } });
    const more = tools({ Find: { id: ["integer"], tenant: ["string"] } });
    expect(fittedCall(wanted, more)).toEqual({ tool: "Find", args: { id: 7, tenant: "acme" } });
    expect(fittedCall(wanted, tools({ Find: { tenant: undefined } }))).toEqual({
      tool: "Find",
      args: { tenant: "acme" },
    });
  });

  test("goes by the name that is listed, the first one first", () => {
    expect(fittedCall(wanted, tools({ Find_v2: { id: undefined } }))).toEqual({ tool: "Find_v2", args: { id: 7 } });
    expect(fittedCall(wanted, tools({ Find_v2: {}, Find: { id: undefined } }))?.tool).toBe("Find");
    expect(fittedCall(wanted, tools({ Look: {} }))).toBeUndefined();
  });

  test("is as it was where the tool names nothing that it takes", () => {
    expect(fittedCall(wanted, tools({ Find: {} }))).toEqual({ tool: "Find", args: { id: 7 } });
  });

  test("writes numbers as texts, and texts as numbers, only where nothing else is taken", () => {
    const given = (value: unknown, types: readonly string[]) =>
      fittedCall({ tool: "Find", args: { id: value } }, tools({ Find: { id: types } }))?.args["id"];
    expect(given(7, ["string"])).toBe("7");
    expect(given(7, ["string", "number"])).toBe(7);
    expect(given("7", ["integer"])).toBe(7);
    expect(given("seven", ["integer"])).toBe("seven");
    expect(given("7", ["string"])).toBe("7");
  });
});
