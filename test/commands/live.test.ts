import { describe, expect, test } from "vitest";
import { showProgress, type Live } from "../../src/commands/live.ts";
import type { FaultEdge, Unstamped } from "../../src/history/events.ts";
import type { OutcomeClass } from "../../src/history/outcomes.ts";
import { createStopRules } from "../../src/measure/stop-rules.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { createObserver, type Observer } from "../../src/run/progress.ts";
import { fakeWorld, type FakeWorld } from "../fake-world.ts";
import { declared } from "../literal-history.ts";

const plan: Plan = {
  schema: "squall.plan/1",
  scenario: "made-up",
  seed: 42,
  mode: "faults",
  durationMs: 8000,
  phases: [
    { phase: "baseline", role: "baseline", startMs: 0, endMs: 3000 },
    { phase: "outage", role: "fault", startMs: 3000, endMs: 6000 },
    { phase: "outage.recovery", role: "recovery", startMs: 6000, endMs: 8000 },
  ],
  faults: [
    {
      fault: "outage.0",
      kind: "flap",
      link: "cloud->cloud-api",
      phase: "outage",
      attributes: {},
      healForm: "let-through",
      windows: Array.from({ length: 5 }, (_, n) => ({ startMs: 3500 + n * 500, endMs: 3700 + n * 500 })),
    },
  ],
  arrivals: [],
  declared,
};

/** What a terminal of this size shows after all that was written to it. */
class Terminal {
  columns: number;
  rows: number;
  lines: string[] = [""];
  row = 0;
  column = 0;
  hasCursor = true;
  written = "";

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
  }

  write(text: string): void {
    this.written += text;
    // oxlint-disable-next-line no-control-regex
    for (const [token] of text.matchAll(/\u001B\[[?\d;]*[A-Za-z]|[\s\S]/g)) this.obey(token);
  }

  obey(token: string): void {
    if (token === "\r") this.column = 0;
    else if (token === "\n") this.down();
    else if (token === "\u001B[?25l") this.hasCursor = false;
    else if (token === "\u001B[?25h") this.hasCursor = true;
    else if (token === "\u001B[K") this.put(this.line().slice(0, this.column));
    else if (token === "\u001B[0J") {
      this.put(this.line().slice(0, this.column));
      this.lines.length = this.row + 1;
    } else if (token.startsWith("\u001B[") && token.endsWith("A"))
      this.row = Math.max(0, this.row - Number(token.slice(2, -1)));
    else if (!token.startsWith("\u001B")) this.type(token);
  }

  type(character: string): void {
    if (this.column === this.columns) {
      this.down();
      this.column = 0;
    }
    this.put(this.line().slice(0, this.column).padEnd(this.column) + character + this.line().slice(this.column + 1));
    this.column += 1;
  }

  down(): void {
    this.row += 1;
    this.lines[this.row] ??= "";
    // Output goes through a terminal driver, which begins a new line at its start.
    this.column = 0;
  }

  line(): string {
    return this.lines[this.row] ?? "";
  }

  put(text: string): void {
    this.lines[this.row] = text;
  }

  get shows(): string {
    return this.lines.map((line) => line.trimEnd()).join("\n");
  }
}

interface Stage {
  readonly world: FakeWorld;
  readonly terminal: Terminal;
  readonly live: Live;
  readonly observer: Observer;
  readonly happen: (event: Unstamped) => void;
  readonly ops: (count: number, classes: readonly OutcomeClass[], tookMs?: number) => void;
  readonly fault: (edge: FaultEdge["edge"], window?: number) => void;
}

const step = { group: "g", step: 0, server: "s", tool: "T", timeoutMs: 1000 };

function stage(
  options: { columns?: number; rows?: number; redraw?: boolean; colour?: boolean; plan?: Plan } = {},
): Stage {
  const { columns = 100, rows = 30, redraw = true, colour = false } = options;
  const world = fakeWorld();
  const terminal = new Terminal(columns, rows);
  const io = {
    stdout: () => {},
    stderr: (text: string) => terminal.write(text),
    colour: false,
    ...(redraw ? { screen: { size: () => ({ columns: terminal.columns, rows: terminal.rows }), colour } } : {}),
    cwd: "/",
    world,
    onSignal: () => {},
  };
  const live = showProgress(io, options.plan ?? plan);
  const observer = createObserver(live.on, { rules: createStopRules(declared), declared: { steps: [step] } });
  const happen = observer.watching(() => ({ id: "t:1", atUs: world.nowUs() }));
  const ops = (many: number, classes: readonly OutcomeClass[], tookMs = 10): void => {
    const place = { group: "g", step: 0, phase: "p" };
    const outcome = classes.length === 0 ? "not-run" : classes.includes("ok") ? "ok" : "failed";
    for (let n = 0; n < many; n += 1) {
      observer.ops.begun(place, world.nowUs());
      for (const is of classes) observer.ops.attempted(is);
      observer.ops.ended(place, { outcome, atUs: world.nowUs(), tookUs: tookMs * 1000 });
    }
  };
  const fault = (edge: FaultEdge["edge"], window = 0): void => {
    happen({ type: "fault", fault: "outage.0", kind: "flap", link: "cloud->cloud-api", window, edge });
  };
  return { world, terminal, live, observer, happen, ops, fault };
}

describe("on a terminal a block is redrawn in place", () => {
  test("from the start to the end, and nothing of it stays", async () => {
    const { world, terminal, live, observer, ops, fault, happen } = stage();
    observer.step("starting cloud");
    await world.advance(100);
    expect(terminal.shows).toMatchInlineSnapshot(`
      "made-up  seed 42  8s
      starting cloud …
      faults    flap cloud->cloud-api  5 times  to come"
    `);
    expect(terminal.hasCursor).toBe(false);

    observer.phase(plan.phases[0]!);
    ops(50, ["ok"], 12);
    happen({ type: "effect", effect: "e", ledger: "l", row: "1", key: "k", committedUs: [0, 0] });
    await world.advance(1500);
    expect(terminal.shows).toMatchInlineSnapshot(`
      "made-up  seed 42  8s
      phase     ████████████░░░░░░░░░░░░  baseline (1 of 3)  1.5s left, 6.5s in all
      faults    flap cloud->cloud-api  5 times  in 2.0s
      last 5s   33.3 ops/s  p50 12ms
      attempts  ok 50
      total     50 ops, 50 ok, 1 effect"
    `);

    await world.advance(1500);
    observer.phase(plan.phases[1]!);
    await world.advance(500);
    fault("requested");
    await world.advance(100);
    expect(terminal.shows).toContain("flap cloud->cloud-api  1 of 5  on, not seen to bite for 0.1s");
    fault("observed");
    ops(60, ["timeout", "ok"], 1000);
    ops(3, ["tool-error"], 30);
    ops(2, []);
    await world.advance(400);
    expect(terminal.shows).toMatchInlineSnapshot(`
      "made-up  seed 42  8s
      phase     ████████░░░░░░░░░░░░░░░░  outage (2 of 3)  2.0s left, 4.0s in all
      faults    flap cloud->cloud-api  1 of 5  on, seen to bite 0.4s ago
      last 5s   28.8 ops/s  p95 1s
      attempts  ok 110  timeout 60  tool-error 3
      total     115 ops, 110 ok, 3 failed, 2 not run, 1 effect"
    `);

    fault("healed");
    await world.advance(100);
    expect(terminal.shows).toContain("flap cloud->cloud-api  1 of 5  healed");
    observer.step("waiting for late effects");
    await world.advance(100);
    live.end();
    expect(terminal.shows).toMatchInlineSnapshot(`
      "made-up  seed 42  8s
      done in 4.3s  115 ops, 110 ok, 3 failed, 2 not run, 1 effect
      "
    `);
    expect(terminal.hasCursor).toBe(true);
    await world.advance(60_000);
    expect(terminal.shows).toContain("done in");
    expect(terminal.lines).toHaveLength(3);
  });

  test("time goes on in it although nothing happens", async () => {
    const { world, terminal, observer } = stage();
    observer.phase(plan.phases[0]!);
    await world.advance(1000);
    expect(terminal.shows).toContain("2.0s left, 7.0s in all");
    await world.advance(1000);
    expect(terminal.shows).toContain("1.0s left, 6.0s in all");
  });

  test("it is drawn at most ten times a second, however much happens", async () => {
    const { world, terminal, observer, ops } = stage();
    observer.phase(plan.phases[0]!);
    await world.advance(100);
    const before = terminal.written.length;
    const draws = (): number => terminal.written.slice(before).split("\u001B[0J").length - 1;
    for (let n = 0; n < 1000; n += 1) {
      ops(3, ["ok"]);
      await world.advance(1);
    }
    expect(draws()).toBeGreaterThan(5);
    expect(draws()).toBeLessThanOrEqual(10);
  });

  test("what is said meanwhile stays readable above it; Ctrl-C's own ^C spoils nothing", async () => {
    const { world, terminal, live, observer } = stage();
    observer.phase(plan.phases[0]!);
    await world.advance(200);
    terminal.write("^C");
    live.say("\nInterrupted: healing\n");
    await world.advance(200);
    live.end();
    expect(terminal.shows).toBe("made-up  seed 42  8s\n\nInterrupted: healing\ndone in 400ms\n");
    expect(terminal.hasCursor).toBe(true);
  });

  test("a fault that was never seen to bite is not called healed without more", async () => {
    const { world, terminal, fault } = stage();
    fault("requested");
    fault("healed");
    await world.advance(100);
    expect(terminal.shows).toContain("healed, not seen to bite");
    fault("unhealed");
    await world.advance(100);
    expect(terminal.shows).toContain("COULD NOT BE HEALED");
  });

  test("of many faults those that are on come first, and the rest is counted", async () => {
    const [fault] = plan.faults;
    const many = Array.from({ length: 9 }, (_, n) => ({ ...fault!, fault: `outage.${n}`, link: `cloud->up-${n}` }));
    const { world, terminal, happen } = stage({ plan: { ...plan, faults: many } });
    const edge = { type: "fault", kind: "flap", window: 0, edge: "requested" } as const;
    happen({ ...edge, fault: "outage.7", link: "cloud->up-7" });
    await world.advance(100);
    expect(terminal.shows).toMatch(/faults {4}flap cloud->up-7 .* on, [\s\S]* and 5 more/);
  });
});

describe("faults that wait or grow", () => {
  const [flap] = plan.faults;
  const waiting: Plan["faults"][number] = {
    ...flap!,
    fault: "outage.1",
    kind: "reset",
    windows: [{ startMs: 0, endMs: 500 }],
    when: {
      condition: { is: "calls", server: "cloud", tool: "FetchResources", count: 50 },
      fromMs: 3500,
      untilMs: 5500,
    },
  };
  const growing: Plan["faults"][number] = {
    ...flap!,
    kind: "latency",
    attributes: { delay: "5ms" },
    windows: [{ startMs: 3500, endMs: 5500 }],
    steps: [1, 2, 3, 4, 5].map((n) => ({ afterMs: n * 100, attributes: { delay: `${5 + n * 10}ms` } })),
  };
  const place = { fault: "outage.1", link: "cloud->cloud-api", says: "cloud.FetchResources has had 50 calls" } as const;
  const met = { ...place, type: "fault-condition", is: "met" } as const;
  const expired = { ...place, type: "fault-condition", is: "expired" } as const;
  const stepped = (step: number, edge: "made" | "observed" = "made"): Unstamped => ({
    type: "fault-step",
    fault: "outage.0",
    kind: "latency",
    link: "cloud->cloud-api",
    window: 0,
    step,
    edge,
    attributes: { delay: `${5 + step * 10}ms` },
  });

  test("the block tells what one waits for, and no moment that nobody knows", async () => {
    const { world, terminal, observer, happen } = stage({ plan: { ...plan, faults: [waiting] } });
    observer.phase(plan.phases[1]!);
    await world.advance(100);
    expect(terminal.shows).toContain(
      "reset cloud->cloud-api  waits until cloud.FetchResources has had 50 calls, from 0.4s on",
    );
    await world.advance(500);
    expect(terminal.shows).toMatch(/waits until cloud.FetchResources has had 50 calls$/m);
    happen(expired);
    await world.advance(100);
    expect(terminal.shows).toContain("never injected: what it waited for did not come");
  });

  test("the block tells how far one has grown, anew in each spell", async () => {
    const { world, terminal, fault, happen } = stage({ plan: { ...plan, faults: [growing] } });
    fault("requested");
    happen(stepped(1));
    happen(stepped(2));
    fault("observed");
    await world.advance(100);
    expect(terminal.shows).toContain("on, seen to bite 0.1s ago, step 2 of 5");
    fault("healed");
    fault("requested", 1);
    await world.advance(100);
    expect(terminal.shows).toContain("step 0 of 5");
  });

  test("in lines: what came, what did not, and the first steps", () => {
    const { terminal, happen } = stage({ redraw: false, plan: { ...plan, faults: [growing, waiting] } });
    happen(met);
    happen(expired);
    for (let step = 1; step <= 5; step += 1) {
      happen(stepped(step));
      happen(stepped(step, "observed"));
    }
    expect(terminal.written).toMatchInlineSnapshot(`
      "made-up  seed 42  8s
        reset on cloud->cloud-api (outage.1) begins: cloud.FetchResources has had 50 calls
        reset on cloud->cloud-api (outage.1) is never injected, as its condition never came: cloud.FetchResources has had 50 calls
        latency on cloud->cloud-api (outage.0) step 1: delay: 15ms
        latency on cloud->cloud-api (outage.0) step 2: delay: 25ms
        latency on cloud->cloud-api (outage.0) step 3: delay: 35ms
        latency on cloud->cloud-api (outage.0) changes on; its further steps are in the history
      "
    `);
  });
});

describe("where the terminal is small it is one line", () => {
  test.each([
    ["narrow", 50, 30],
    ["low", 100, 10],
  ])("%s", async (_, columns, rows) => {
    const { world, terminal, observer, ops, fault, live } = stage({ columns, rows });
    observer.phase(plan.phases[1]!);
    ops(10, ["ok"]);
    fault("requested");
    await world.advance(200);
    expect(terminal.lines).toHaveLength(2);
    expect(terminal.lines[1]).toBe("outage  10 ops, 10 ok  ! flap cloud->cloud-api".slice(0, columns - 1));
    live.end();
    expect(terminal.lines[1]).toBe("done in 200ms  10 ops, 10 ok");
  });

  test("a terminal that does not know its size is taken for a usual one", async () => {
    const { world, terminal, observer, ops } = stage({ columns: 0, rows: 0 });
    observer.phase(plan.phases[0]!);
    ops(10, ["ok"]);
    await world.advance(200);
    expect(terminal.written).toContain("phase     ");
    expect(terminal.written).toContain("attempts  ok 10");
  });

  test("also when it becomes so, with nothing of the block left behind", async () => {
    const { world, terminal, observer, ops } = stage();
    observer.phase(plan.phases[0]!);
    ops(10, ["ok"]);
    await world.advance(200);
    terminal.rows = 8;
    await world.advance(200);
    expect(terminal.shows).toBe("made-up  seed 42  8s\nbaseline  10 ops, 10 ok");
  });
});

test("colour only where the terminal takes it", async () => {
  for (const colour of [true, false]) {
    const { world, terminal, observer } = stage({ colour });
    observer.phase(plan.phases[0]!);
    await world.advance(100);
    // oxlint-disable-next-line no-control-regex
    expect(/\u001B\[\d+m/.test(terminal.written)).toBe(colour);
  }
});

describe("elsewhere it is a line a phase", () => {
  test("with counts and the faults' edges; of a fault that comes and goes only the first", async () => {
    const { world, terminal, live, observer, ops, fault } = stage({ redraw: false });
    observer.step("starting cloud");
    observer.phase(plan.phases[0]!);
    ops(30, ["ok"]);
    await world.advance(3000);
    observer.phase(plan.phases[1]!);
    for (let window = 0; window < 5; window += 1) {
      for (const edge of ["requested", "observed", "healed"] as const) fault(edge, window);
    }
    ops(5, ["tool-error"]);
    observer.phase(plan.phases[2]!);
    live.end();
    expect(terminal.written).toMatchInlineSnapshot(`
      "made-up  seed 42  8s
      baseline (3s)
      outage (3s)  before it: 30 ops, 30 ok
        flap on cloud->cloud-api (outage.0) requested
        flap on cloud->cloud-api (outage.0) observed
        flap on cloud->cloud-api (outage.0) healed
        flap on cloud->cloud-api (outage.0) requested
        flap on cloud->cloud-api (outage.0) observed
        flap on cloud->cloud-api (outage.0) healed
        flap on cloud->cloud-api (outage.0) requested
        flap on cloud->cloud-api (outage.0) observed
        flap on cloud->cloud-api (outage.0) healed
        flap on cloud->cloud-api (outage.0) goes on; its further windows are in the history
      outage.recovery (2s)  before it: 35 ops, 30 ok, 5 failed
      done in 3s  35 ops, 30 ok, 5 failed
      "
    `);
  });

  test("and a heartbeat every 30 s while nothing else is said", async () => {
    const { world, terminal, live, observer, ops } = stage({ redraw: false });
    await world.advance(20_000);
    observer.phase(plan.phases[0]!);
    ops(7, ["ok"]);
    await world.advance(29_000);
    expect(terminal.written.split("\n")).toHaveLength(3);
    await world.advance(61_000);
    expect(terminal.written.split("\n").slice(2, -1)).toEqual(Array(3).fill("baseline  7 ops, 7 ok"));
    live.end();
    const { written } = terminal;
    await world.advance(100_000);
    expect(terminal.written).toBe(written);
  });
});
