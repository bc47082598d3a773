import { describe, expect, test } from "vitest";
import type { GeneratorHealth, MachineSummary, ThreadSummary } from "../../src/history/generator.ts";
import { historyOf, honestRun, judged } from "../literal-history.ts";

const thread = (over: Partial<ThreadSummary> = {}): ThreadSummary => ({
  thread: "m",
  starts: 100,
  seconds: 30,
  busySeconds: 0,
  busyShare: 0.3,
  delayP99Us: 5000,
  delayMaxUs: 40_000,
  ...over,
});

const machine = (over: Partial<MachineSummary> = {}): MachineSummary => ({
  cores: 2,
  seconds: 31,
  cpu: 0.4,
  cpuMax: 0.6,
  rssMaxBytes: 2e8,
  descriptorsMax: 80,
  descriptorsLimit: 1024,
  targets: [{ target: "cloud", cpu: 0.3, cpuMax: 0.5, rssMaxBytes: 1e8 }],
  ...over,
});

const generator = (over: Partial<GeneratorHealth> = {}): GeneratorHealth => ({
  type: "generator",
  starts: 100,
  lagMaxUs: 60_000,
  lagP99Us: 20_000,
  healthy: true,
  budgetUs: 100_000,
  late: 0,
  dropped: 0,
  threads: [thread()],
  machine: machine(),
  ...over,
});

const late: Partial<GeneratorHealth> = { lagP99Us: 240_000, lagMaxUs: 900_000, late: 14 };
const hungry = { target: "cloud", cpu: 0.97, cpuMax: 1, rssMaxBytes: 1e8 };

async function gapsOf(health: GeneratorHealth) {
  const { verdict, account } = await judged(historyOf(honestRun, [4500, health]));
  expect(verdict).toBe(account.gaps.length === 0 ? "pass" : "unknown");
  return account.gaps;
}

const fell = "the load generator fell behind: ";

describe("a run whose generator fell behind is inconclusive, and says what to change", () => {
  test.each([
    [
      "starts that came late",
      late,
      "14% of starts were more than 100ms late (p99 240ms, worst 900ms); lower the rate, give it more workers or a machine of its own",
    ],
    [
      "an event loop that was held up",
      { threads: [thread(), thread({ thread: "w1", delayP99Us: 310_000, delayMaxUs: 1_200_000 })] },
      "the event loop of worker w1 was held up for more than 100ms (p99 310ms, worst 1.2s); lower the rate, or give it more workers or a machine of its own",
    ],
    [
      "threads that were busy most of the time",
      { threads: ["m", "w1", "w2"].map((name) => thread({ thread: name, busySeconds: name === "m" ? 0 : 21 })) },
      "worker w1 (and 1 more) was busy for more than 90% of 21 of 30 seconds; lower the rate, or give it more workers or a machine of its own",
    ],
    [
      "a supervisor that was busy, whom more workers do not help",
      { threads: [thread({ busySeconds: 12 })] },
      "the supervisor was busy for more than 90% of 12 of 30 seconds; lower the rate, or give it a machine of its own",
    ],
    [
      "arrivals that were dropped",
      { dropped: 3 },
      "3 arrivals were dropped, so less was asked than planned; lower the rate, or give it more agents or workers",
    ],
    [
      "descriptors that ran out",
      { machine: machine({ descriptorsMax: 950 }) },
      "950 of 1024 file descriptors were open; raise the limit (ulimit -n) or run fewer agents",
    ],
  ] as const)("%s", async (_, over, says) => {
    expect(await gapsOf(generator(over))).toEqual([{ gap: "generator-behind", says: fell + says }]);
  });

  test("several reasons are one gap", async () => {
    const [gap, ...others] = await gapsOf(generator({ ...late, dropped: 1 }));
    expect(others).toEqual([]);
    expect(gap?.says).toMatch(/^the load generator fell behind: 14% of .* of its own\. 1 arrival was dropped/);
  });

  test("a server that took the processor is named, for then the rate is not to blame", async () => {
    const [gap] = await gapsOf(generator({ ...late, machine: machine({ cpu: 0.6, targets: [hungry] }) }));
    expect(gap?.says).toContain(
      "of 2 cores cloud used 97% of a core and Squall 60%; start the target on another machine",
    );
  });

  test("but not where there are cores enough for all", async () => {
    const [gap] = await gapsOf(generator({ ...late, machine: machine({ cores: 16, targets: [hungry] }) }));
    expect(gap?.says).not.toContain("cloud used");
  });
});

describe("a generator that was near its budget is within it", () => {
  test.each([
    ["starts as late as they may be", { lagP99Us: 100_000, lagMaxUs: 900_000, late: 1 }],
    ["a loop as slow as it may be", { threads: [thread({ delayP99Us: 100_000, delayMaxUs: 2_000_000 })] }],
    ["a loop that was slow in a run too short to tell", { threads: [thread({ seconds: 4, delayP99Us: 300_000 })] }],
    ["a thread that was busy now and then", { threads: [thread({ busySeconds: 9 })] }],
    ["a short run that was busy for a moment", { threads: [thread({ seconds: 6, busySeconds: 4 })] }],
    ["a server that took a core, and nothing came late of it", { machine: machine({ cpu: 0.9, targets: [hungry] }) }],
    ["descriptors just enough", { machine: machine({ descriptorsMax: 921 }) }],
    ["a patience that allows for more", { lagP99Us: 400_000, lagMaxUs: 600_000, budgetUs: 500_000 }],
  ] as const)("%s", async (_, over) => {
    expect(await gapsOf(generator(over))).toEqual([]);
  });

  test("where the system tells neither of descriptors nor of targets", async () => {
    const { descriptorsMax: _, descriptorsLimit: __, ...untold } = machine({ targets: [] });
    expect(await gapsOf(generator({ machine: untold }))).toEqual([]);
    const { machine: ___, threads: ____, ...nothing } = generator();
    expect(await gapsOf(nothing)).toEqual([]);
  });
});

test("an older history, which holds no budget, has its own word believed", async () => {
  const old = { type: "generator", starts: 9, lagMaxUs: 9e5, lagP99Us: 8e5 } as const;
  expect(await gapsOf({ ...old, healthy: true })).toEqual([]);
  const [gap] = await gapsOf({ ...old, healthy: false });
  expect(gap?.says).toBe("the load generator fell behind: its worst start was 900 ms late");
});
