/** duplicate-effects where the effects are read back from foreign servers: rows that go, batches, totals, requests. */
import { describe, expect, test } from "vitest";
import { duplicateEffects } from "../../src/checks/duplicate-effects.ts";
import type { DeclaredEffect } from "../../src/history/declared.ts";
import type { Exchange } from "../../src/history/events.ts";
import {
  effect,
  effectGone,
  exchange,
  frame,
  historyOf,
  op,
  opIdOf,
  runStarted,
  verdictOn,
  type Timed,
} from "../literal-history.ts";

const rows = (over: Partial<NonNullable<DeclaredEffect["read"]>> = {}, expectMany?: number): Timed =>
  started({ read: { by: "http", ...over }, ...(expectMany === undefined ? {} : { expect: expectMany }) });

function started(over: Partial<DeclaredEffect>, mode: "faults" | "control" = "faults"): Timed {
  return runStarted(mode, { effects: [{ effect: "limit-request", ledger: "cloud-api", ...over }] });
}

const baseline: Timed[] = [1, 2, 3].flatMap((walk) => [
  ...op({ atMs: walk * 100, walk }),
  effect(walk, walk * 100 + 5),
]);
/** Writes that met the fault, each with its row. */
const exposed: Timed[] = [10, 11, 12].flatMap((walk) => [
  ...op({ atMs: 1100 + walk, walk }),
  effect(walk, 1150 + walk),
]);
const judge = (first: Timed, ...more: readonly (readonly Timed[])[]) =>
  verdictOn(duplicateEffects, historyOf(first, frame(), ...more));

describe("rows that were there and have gone", () => {
  test("were lost: another write has put back what it had read before", async () => {
    const result = await judge(rows(), baseline, exposed, [effectGone(11, 1500)]);
    expect(result.verdict).toBe("fail");
    expect(result.findings[0]?.says).toContain("as read back by http");
    expect(result.findings[0]?.says).toMatch(/had no effect.* \(ledger row \d+ has gone\)/);
    expect(result.findings[0]?.fix).toContain("keeps: false");
    expect(result.findings[0]?.witness.ops).toEqual([opIdOf(11)]);
  });

  test("and come again are there", async () => {
    expect((await judge(rows(), baseline, exposed, [effectGone(11, 1500), effect(11, 1600)])).verdict).toBe("pass");
  });

  test("leave one of two: what the world came to counts", async () => {
    expect((await judge(rows(), baseline, exposed, [effect(11, 1400), effectGone(11, 1500)])).verdict).toBe("pass");
  });

  test("mean nothing where the scenario says that they go, and then nothing is called lost", async () => {
    const never = op({ atMs: 1300, walk: 13 });
    const result = await judge(rows({ forgets: true }), baseline, exposed, never);
    expect(result).toMatchObject({ verdict: "pass", findings: [] });
    expect(result.strength).toContain("what is lost of limit-request cannot be told");
    const twice = await judge(rows({ forgets: true }), baseline, exposed, [effect(11, 1400)]);
    expect(twice.verdict).toBe("fail");
  });

  test("are a window where the oldest go as new ones come: what is missing may have been there", async () => {
    const gone = [effectGone(1, 1500), effectGone(2, 1500)];
    const result = await judge(rows(), baseline, exposed, gone);
    expect(result).toMatchObject({ verdict: "unknown", findings: [] });
    expect(result.because).toContain("its oldest rows go as new ones come");
  });

  test("say nothing where none of the baseline's is left", async () => {
    const result = await judge(
      rows(),
      baseline,
      exposed,
      [1, 2, 3, 11].map((walk) => effectGone(walk, 1500)),
    );
    expect(result).toMatchObject({ verdict: "unknown", findings: [] });
    expect(result.because).toContain("none of the 3 cloud.CreateLimitRequest ops");
  });
});

test("rows that are not right for a single op of the baseline are read wrongly: nothing is held against the server", async () => {
  const twice = [1, 2, 3, 10, 11, 12].map((walk) => effect(walk, 1500));
  const result = await judge(rows(), baseline, exposed, twice);
  expect(result).toMatchObject({ verdict: "unknown", findings: [] });
  expect(result.because).toContain("none of 3 ops of cloud.CreateLimitRequest in the baseline just once");
  expect((await judge(rows(), baseline, exposed, twice.slice(1))).verdict).toBe("fail");
});

describe("a page that is taken for the whole", () => {
  const late: Timed[] = [20, 21].flatMap((walk) => op({ atMs: 1400 + walk, walk }));
  const read = (count: number): Timed => [4100, { type: "ledger-read", ledger: "cloud-api", rows: count, quiet: true }];

  test("shows as many rows as a page has, and none of what came after: nothing is called lost", async () => {
    const result = await judge(rows(), baseline, exposed, late, [read(100)]);
    expect(result).toMatchObject({ verdict: "unknown", findings: [] });
    expect(result.because).toContain("shows 100 rows and none of what came after them");
  });

  test.each([
    ["another number of rows", rows(), 103],
    ["rows of a query, which has no pages", rows({ by: "sql" }), 100],
  ])("is not %s", async (_, first, count) => {
    expect((await judge(first, baseline, exposed, late, [read(count)])).verdict).toBe("fail");
  });

  test("is not one that shows later ones", async () => {
    const later = [...op({ atMs: 1900, walk: 30 }), effect(30, 1950)];
    expect((await judge(rows(), baseline, exposed, late, later, [read(100)])).verdict).toBe("fail");
  });
});

describe("a batch, which is to have three effects", () => {
  const three = (walk: number, atMs: number, many = 3): Timed[] =>
    Array.from({ length: many }, (_, n) => effect(walk, atMs + n));
  const before = [1, 2].flatMap((walk) => [...op({ atMs: walk * 100, walk }), ...three(walk, walk * 100 + 5)]);

  test.each([
    ["ok", 3, "pass", undefined],
    ["ok", 2, "fail", "had fewer than 3 effects"],
    ["ok", 0, "fail", "had fewer than 3 effects"],
    ["ok", 4, "fail", "had more than the 3 effects"],
    ["timeout", 2, "pass", undefined],
    ["timeout", 4, "fail", "had more than the 3 effects"],
    ["tool-error", 1, "fail", "had effects although"],
  ] as const)("%s with %d is a %s", async (is, many, verdict, says) => {
    const met = op({ atMs: 1200, walk: 11, attempts: ["closed", "ok"] });
    const writes = [...op({ atMs: 1100, walk: 10, attempts: [is] }), ...met];
    const result = await judge(rows({}, 3), before, writes, three(10, 1105, many), three(11, 1205));
    expect(result.verdict).toBe(verdict);
    if (says !== undefined) expect(result.findings[0]?.says).toContain(says);
  });
});

describe("a total, which names no op", () => {
  const total = started({ read: { by: "redis", isTotal: true }, expect: 2 });
  const grownTo = (grown: number | undefined, over: object = {}): Timed => [
    4100,
    {
      type: "ledger-read",
      ledger: "cloud-api",
      rows: 1,
      quiet: true,
      ...(grown === undefined ? {} : { grown }),
      ...over,
    },
  ];
  const before: Timed[] = [1, 2].flatMap((walk) => op({ atMs: walk * 100, walk }));
  const grows = (many: number, atMs: number): Timed[] =>
    Array.from({ length: many }, () => {
      const [at, event] = effect(1, atMs);
      const { op: _, ...nameless } = event as Extract<Timed[1], { type: "effect" }>;
      return [at, { ...nameless, key: "" }];
    });
  const met = [10, 11, 12].flatMap((walk) => op({ atMs: 1100 + walk, walk, attempts: ["closed", "ok"] }));
  const dark = op({ atMs: 1200, walk: 13, attempts: ["timeout"] });

  test.each([
    [10, "pass", undefined],
    [12, "pass", undefined],
    [9, "fail", "1 of 10 effects are lost"],
    [13, "fail", "1 more effects than ops can have"],
  ])(
    "of 5 ops that succeeded and one in the dark, two effects each, grown by %d is a %s",
    async (grown, verdict, says) => {
      const result = await judge(total, before, grows(4, 900), met, dark, [grownTo(grown)]);
      expect(result.verdict).toBe(verdict);
      if (says === undefined) expect(result.looked).toBe(4);
      else expect(result.findings[0]?.says).toContain(says);
    },
  );

  test.each([
    ["never grew", [], [grownTo(0)], "never grew"],
    ["grew by more than ops could make it in the baseline", grows(5, 900), [grownTo(13)], "others write it, too"],
    ["was not quiet", [], [grownTo(9, { quiet: false })], "still changing"],
    ["could not be read", [], [grownTo(undefined, { failed: "it is gone" })], "it is gone"],
  ])("is unknown where it %s", async (_, early, read, because) => {
    const result = await judge(total, before, early, met, dark, read);
    expect(result).toMatchObject({ verdict: "unknown", findings: [] });
    expect(result.because).toContain(because);
  });
});

describe("requests, where no ledger can be read", () => {
  const requests = { upstream: "cloud-api", methods: ["POST"], path: "/orders/*" };
  const first = started({ requests });
  const post = (walk: number, atMs: number, over: Partial<Exchange> = {}): Timed =>
    exchange(walk, atMs, { method: "POST", path: "/orders/7", status: 201, sentUs: atMs * 1000, ...over }, 1);
  const before = [1, 2, 3].flatMap((walk) => [...op({ atMs: walk * 100, walk }), post(walk, walk * 100 + 5)]);
  const met = [10, 11].flatMap((walk) => [
    ...op({ atMs: 1100 + walk, walk, attempts: ["closed", "ok"] }),
    post(walk, 1101 + walk),
  ]);

  test("that were accepted once for each op pass, and say by what", async () => {
    const result = await judge(first, before, met);
    expect(result).toMatchObject({ verdict: "pass", looked: 2, findings: [] });
    expect(result.strength).toContain("by the requests that were accepted");
  });

  test("that were accepted twice are a weakness: the upstream may know a repeat", async () => {
    const result = await judge(first, before, met, [post(10, 1115)]);
    expect(result).toMatchObject({ verdict: "pass", warnings: 1, findings: [{ grade: "weakness" }] });
    expect(result.findings[0]?.says).toContain(`${opIdOf(10)} (2 requests)`);
  });

  test.each([
    ["201 and then 200, as of a repeat that is known", { status: 200 }],
    ["refused", { status: 409 }],
    ["another path", { path: "/orders/7/notes" }],
    ["another method", { method: "GET" }],
    ["never got there, for a fault lost it", { ended: "lost", meddled: { did: "lose-request", delivered: 0 } }],
  ] as const)("%s counts once", async (_, over) => {
    expect(await judge(first, before, met, [post(10, 1115, over)])).toMatchObject({ verdict: "pass", findings: [] });
  });

  test("a PUT may be repeated", async () => {
    const put = started({ requests: { ...requests, methods: ["PUT"] } });
    const asPut = (events: readonly Timed[]): Timed[] =>
      events.map(([at, event]) => [at, event.type === "exchange" ? { ...event, method: "PUT", status: 200 } : event]);
    const result = await judge(put, asPut(before), asPut(met), asPut([post(10, 1115)]));
    expect(result).toMatchObject({ verdict: "pass", findings: [] });
  });

  test("that none was accepted behind a success is a violation, unless some name no op", async () => {
    const silent = op({ atMs: 1300, walk: 12 });
    const lost = await judge(first, before, met, silent);
    expect(lost.verdict).toBe("fail");
    expect(lost.findings[0]).toMatchObject({ grade: "violation", witness: { ops: [opIdOf(12)] } });
    const doubtful = await judge(first, before, met, silent, [post(0, 1305, { ops: [] })]);
    expect(doubtful.findings.map(({ grade }) => grade)).toEqual(["weakness"]);
  });

  test("one that was accepted behind a failure is a weakness: it may have been taken back", async () => {
    const failed = [...op({ atMs: 1300, walk: 12, attempts: ["tool-error"] }), post(12, 1305)];
    const result = await judge(first, before, met, failed);
    expect(result.findings).toMatchObject([{ grade: "weakness", witness: { ops: [opIdOf(12)] } }]);
  });

  test("one that was never answered leaves open what came of it", async () => {
    const open = [...op({ atMs: 1300, walk: 12, attempts: ["timeout"] }), post(12, 1305, { ended: "caller-left" })];
    const result = await judge(first, before, met, open);
    expect(result).toMatchObject({ verdict: "unknown", findings: [] });
    expect(result.because).toContain("only a ledger can tell");
  });

  test("one for a write of unknown fate and one for what stood in for it are a weakness of the agents", async () => {
    const primary = op({ atMs: 1300, walk: 12, step: 0, attempts: ["closed"] }).map(([at, event]): Timed => [
      at,
      event.type === "op-started" ? { ...event, effect: "limit-request" } : event,
    ]);
    const standIn = op({ atMs: 1320, walk: 12 }).map(([at, event]): Timed => [
      at,
      event.type === "op-started" ? { ...event, insteadOf: 0 } : event,
    ]);
    const ofPrimary = post(12, 1305, { ops: [opIdOf(12, 0)] });
    const both = await judge(first, before, met, primary, standIn, [ofPrimary, post(12, 1325)]);
    expect(both.findings).toMatchObject([
      { grade: "weakness", blames: "agents", witness: { ops: [opIdOf(12, 0), opIdOf(12)] } },
    ]);
    expect((await judge(first, before, met, primary, standIn, [post(12, 1325)])).findings).toEqual([]);
  });

  test("that never name an op prove nothing", async () => {
    const nameless = (events: readonly Timed[]): Timed[] =>
      events.map(([at, event]) => [at, event.type === "exchange" ? { ...event, ops: [] } : event]);
    const result = await judge(first, nameless(before), nameless(met));
    expect(result).toMatchObject({ verdict: "unknown", findings: [] });
    expect(result.because).toContain("traceparent");
  });
});
