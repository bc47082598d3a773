import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { survives } from "../../src/checks/survives.ts";
import type { Declared, Mode } from "../../src/history/declared.ts";
import type { TargetEvent, Unstamped } from "../../src/history/events.ts";
import type { OutcomeClass } from "../../src/history/outcomes.ts";
import {
  declared,
  exchange,
  frame,
  historyOf,
  op,
  opIdOf,
  runStarted,
  toolsListed,
  verdictOn,
  type Timed,
} from "../literal-history.ts";

const untilMs = 5000;
const server = { server: "cloud", transport: "http", isStarted: true } as const;
const policy = { most: 2, withinMs: 1000 };
const withPolicy = { servers: [{ ...server, restart: policy }] };

const baseline: readonly Timed[] = Array.from({ length: 20 }, (_, walk) =>
  op({ atMs: 50 + walk * 40, walk, step: 0 }),
).flat();

type Calls = Partial<Omit<Parameters<typeof op>[0], "atMs" | "walk">>;

/** One call every 100 ms of the recovery, numbered from 100; the fault is healed at 1999. */
function calls(each: (n: number, atMs: number) => Calls | undefined, { fromMs = 2050, everyMs = 100 } = {}): Timed[] {
  const count = Math.ceil((untilMs - fromMs) / everyMs);
  return Array.from({ length: count }, (_, n) => {
    const atMs = fromMs + n * everyMs;
    const call = each(n, atMs);
    return call === undefined ? [] : op({ atMs, walk: 100 + n, step: 0, phase: "outage.recovery", ...call });
  }).flat();
}

const well = calls(() => ({}));
const stuck = (is: OutcomeClass = "tool-error") => calls(() => ({ attempts: [is] }));

interface Setup {
  readonly mode?: Mode;
  readonly over?: Partial<Declared>;
  readonly recovery?: readonly Timed[];
  readonly listings?: readonly Timed[];
  readonly observed?: boolean;
}

const listings = [toolsListed(0), toolsListed(untilMs - 200)];

function run(
  { mode = "faults", over = {}, recovery = well, listings: listed = listings, observed = true }: Setup,
  ...more: (Timed | readonly Timed[])[]
) {
  const framed = frame({ mode, observed, recoveryUntilMs: untilMs }).map(([atMs, event]): Timed =>
    event.type === "run-ended" ? [8000, event] : [atMs, event],
  );
  const finalEnd: Timed = [7000, { type: "phase", phase: "final", role: "final", edge: "end" }];
  // Asked before the phases begin, so before the first of them stands in the history.
  return historyOf(runStarted(mode, over), listed, framed, baseline, recovery, ...more, finalEnd);
}

const target = (atMs: number, edge: TargetEvent["edge"], over: Partial<TargetEvent> = {}): Timed => [
  atMs,
  { type: "target", target: "cloud", role: "server", edge, ...over },
];
const exited = (atMs: number, over: Partial<TargetEvent> = {}): Timed =>
  target(atMs, "exited", { code: 1, stderr: "throw error;\n\nError: read ECONNRESET\n    at TCP.onread", ...over });

const judge = (...args: Parameters<typeof run>) => verdictOn(survives, run(...args));

test("passes where calls succeed again, and says after what", async () => {
  const result = await judge({});
  expect(result).toMatchObject({ verdict: "pass", looked: 3, findings: [] });
  expect(result.strength).toBe("0 exits, 0 vanished tools; recovered after 1 of 1 episodes (drop-connections)");
});

describe("a process that ends by itself", () => {
  test("is a violation of the server, told with its last words, the fault and who was under way", async () => {
    const hurt = op({ atMs: 1490, walk: 50, step: 0, attempts: ["closed"], tookMs: 20 });
    const result = await judge({ recovery: [] }, exited(1600), hurt);
    expect(result.verdict).toBe("fail");
    expect(result.findings).toMatchObject([
      { grade: "violation", blames: "server", witness: { ops: [opIdOf(50, 0)] } },
    ]);
    expect(result.findings[0]?.says).toBe(
      "cloud ended by itself once: at 1.6 s with exit code 1, while egress-block on cloud->cloud-api was on; " +
        `it wrote "Error: read ECONNRESET"; 1 of its ops were under way: ${opIdOf(50, 0)}`,
    );
  });

  test.each([
    [500, "while nothing was broken"],
    [2500, "501ms after egress-block on cloud->cloud-api was healed"],
    [4500, "while nothing was broken"],
  ])("at %i ms: %s", async (atMs, says) => {
    const { verdict, findings } = await judge({}, exited(atMs, { code: 0 }));
    expect(verdict).toBe("fail");
    expect(findings[0]?.says).toContain(says);
  });

  test.each([
    [
      "AssertionError: Request already responded to",
      "│ AssertionError: Request already responded to     │\n╰──────────────────────────╯",
    ],
    [
      "anyio.BrokenResourceError",
      "  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)\n" +
        "  +-+---------------- 1 ----------------\n    | Traceback (most recent call last):\n" +
        '    |   File "memory.py", line 239, in send_nowait\n    |     raise BrokenResourceError\n' +
        "    | anyio.BrokenResourceError\n    +------------------------------------",
    ],
    ["the disk is full", "Error\n│ the disk is full │"],
  ])("is told with what it wrote, not with the frame that was drawn around it: %s", async (says, stderr) => {
    const { findings } = await judge({}, exited(1500, { stderr }));
    expect(findings[0]?.says).toContain(`it wrote "${says}"`);
  });

  test("is one in a control run too", async () => {
    expect(await judge({ mode: "control" }, exited(1500))).toMatchObject({ verdict: "fail" });
  });

  test("hides no second finding about the calls that nobody could answer any more", async () => {
    const { findings } = await judge({ recovery: stuck("refused") }, exited(1500));
    expect(findings).toHaveLength(1);
  });

  test("is none where we ended it ourselves", async () => {
    expect(await judge({}, target(7500, "stopped", { signal: "SIGTERM" }))).toMatchObject({ verdict: "pass" });
  });

  test("is none where it leaves in order once we have closed its last session, but a crash then is one", async () => {
    for (const over of [{}, withPolicy]) {
      expect(await judge({ over }, exited(7500, { code: 0 }))).toMatchObject({ verdict: "pass", findings: [] });
      expect((await judge({ over }, exited(7500))).verdict).not.toBe("pass");
      expect((await judge({ over }, exited(6500, { code: 0 }))).verdict).not.toBe("pass");
    }
    expect(await judge({}, exited(7500))).toMatchObject({ verdict: "fail" });
    const upstream = { target: "cloud-api", role: "upstream", code: 0 } as const;
    expect(await judge({}, exited(7500, upstream))).toMatchObject({ verdict: "pass" });
  });

  describe("and has a restart policy", () => {
    const back = [exited(1500), target(2400, "ready")];

    test("passes when it is back in time, also if its callers lost their sessions for it", async () => {
      const recovery = calls((n) => (n < 14 ? { attempts: ["session-lost"] } : {}));
      const result = await judge({ over: withPolicy, recovery }, back);
      expect(result).toMatchObject({ verdict: "pass", findings: [{ grade: "info" }] });
      expect(result.findings[0]?.says).toContain("was back as its restart policy says (2 times, for 1s at most)");
      expect(result.strength).toContain("0 exits beyond the restart policy");
    });

    test("fails when it ends more often than that", async () => {
      const more = [3100, 3200].flatMap((atMs) => [exited(atMs), target(atMs + 50, "ready")]);
      const result = await judge({ over: withPolicy }, back, more);
      expect(result.verdict).toBe("fail");
      expect(result.findings[0]?.says).toMatch(
        /^cloud ended by itself 3 times, and its restart policy allows that 2 times/,
      );
    });

    test("fails when it comes back too late, or not at all", async () => {
      expect(await judge({ over: withPolicy }, exited(1500), target(2600, "ready"))).toMatchObject({ verdict: "fail" });
      expect(await judge({ over: withPolicy, recovery: [] }, exited(1500))).toMatchObject({ verdict: "fail" });
    });

    test("that dies once more before it is ready was away all the time", async () => {
      const twice = [exited(1500), exited(1900), target(2700, "ready")];
      expect(await judge({ over: withPolicy }, twice)).toMatchObject({ verdict: "fail" });
    });

    test("is unknown when the run is over before it had to be back", async () => {
      const result = await judge({ over: withPolicy }, exited(6500));
      expect(result).toMatchObject({ verdict: "unknown" });
      expect(result.because).toContain("the run was over before it had to be back");
    });

    test("over stdio each process has the policy for itself", async () => {
      const planner = (agent: number): Timed[] =>
        [1100, 1500].flatMap((atMs) => [
          exited(atMs, { instance: `planner.${agent}` }),
          target(atMs + 300, "ready", { instance: `planner.${agent}` }),
        ]);
      // That it answers agent 0 no more is not the end of agent 1's process.
      const hurt = op({ atMs: 1090, walk: 50, step: 0, attempts: ["closed"], tookMs: 20 });
      const other = op({ atMs: 1091, walk: 51, step: 0, attempts: ["timeout"], tookMs: 20 }).map(
        ([at, event]): Timed => [at, event.type === "op-started" ? { ...event, agent: 2 } : event],
      );
      const result = await judge({ over: withPolicy }, planner(0), planner(1), hurt, other);
      expect(result).toMatchObject({ verdict: "pass", findings: [{ witness: { ops: [opIdOf(50, 0)] } }] });
      expect(result.findings[0]?.says).toContain(
        "cloud ended by itself 4 times, as its restart policy allows (2 times in each session): at 1.1 s",
      );
      const third = exited(1600, { instance: "planner.0" });
      expect(await judge({ over: withPolicy }, planner(0), third)).toMatchObject({ verdict: "fail" });
    });
  });
});

describe("a tool that vanishes", () => {
  test("is a violation of the server", async () => {
    const result = await judge({ listings: [toolsListed(0), toolsListed(4800, ["FetchResources"])] });
    expect(result).toMatchObject({ verdict: "fail", findings: [{ grade: "violation", blames: "server" }] });
    expect(result.findings[0]?.says).toBe(
      "1 of 2 tools of cloud are listed no more in outage.recovery: CreateLimitRequest",
    );
    expect(result.findings[0]?.witness.events).toHaveLength(2);
  });

  test("is none that was missing in one list and is there in the next, nor one that was added or moved", async () => {
    const short = toolsListed(4800, ["FetchResources"]);
    const moved = toolsListed(4900, ["New", "FetchResources", "CreateLimitRequest"]);
    expect(await judge({ listings: [toolsListed(0), short, moved] })).toMatchObject({ verdict: "pass", findings: [] });
    const goneTwice = [toolsListed(0), short, toolsListed(4900, ["FetchResources"])];
    expect(await judge({ listings: goneTwice })).toMatchObject({ verdict: "fail" });
  });

  test("is none that had gone before anything was broken: a login, say, that is done", async () => {
    const [first, second] = [toolsListed(0, ["FetchResources", "LogIn"]), toolsListed(900, ["FetchResources"])];
    const later = [toolsListed(4800, ["FetchResources"])];
    expect(await judge({ listings: [first, second, ...later] })).toMatchObject({ verdict: "pass", findings: [] });
    expect(
      await judge({ listings: [first, second, toolsListed(950, ["FetchResources", "LogIn"]), ...later] }),
    ).toMatchObject({ verdict: "fail" });
    expect((await judge({ listings: [first, second] })).because).toContain("were never listed again");
  });

  test("is not looked for while a fault is on: what is broken may lack something", async () => {
    const during = toolsListed(1500, []);
    expect(await judge({ listings: [...listings, during] })).toMatchObject({ verdict: "pass", findings: [] });
  });

  test("cannot be told where the server could not be asked", async () => {
    const failed: Timed = [4800, { type: "tools-listed", server: "cloud", tools: [], failed: "no answer" }];
    for (const [listed, says] of [
      [[toolsListed(0), failed], "could not be listed in outage.recovery: no answer"],
      [[toolsListed(4800)], "could not be listed before the phases"],
      [[toolsListed(0)], "were never listed again"],
    ] as const) {
      const result = await judge({ listings: listed });
      expect(result).toMatchObject({ verdict: "unknown", findings: [] });
      expect(result.because).toContain(says);
    }
  });
});

describe("calls that go on failing after healing", () => {
  test.each(["tool-error", "timeout", "no-session", "closed", "http-refusal"] as const)(
    "with %s are a violation",
    async (is) => {
      const result = await judge({ recovery: stuck(is) });
      expect(result).toMatchObject({ verdict: "fail", findings: [{ grade: "violation", blames: "server" }] });
      expect(result.findings[0]?.says).toMatch(
        new RegExp(
          `^20 of 20 ops of cloud.FetchResources were not ok \\(20 ${is}; baseline 0 of 20\\), though outage was over for 1s ` +
            "and more \\(egress-block on cloud->cloud-api, healed by dropping connections\\) and the way of cloud was open: ",
        ),
      );
      expect(result.findings[0]?.witness.ops).toContain(opIdOf(110, 0));
    },
  );

  test("name the form in which it was healed", async () => {
    const dropped = run({ recovery: stuck() }).map((event) =>
      event.type === "fault" && event.edge === "healed" ? { ...event, form: "drop-connections" as const } : event,
    );
    const { findings } = await verdictOn(survives, dropped);
    expect(findings[0]?.says).toContain("healed by dropping connections");
    expect(findings[0]?.fix).toContain("Throw away every pooled connection");
    expect(findings[0]?.fix).toContain("only later than 3s after healing (a breaker, a backoff)");
  });

  test("are seen though the last of them outlive their phase, and though the run stopped for them", async () => {
    const hanging = calls(() => ({ attempts: ["timeout"], tookMs: 3000 }));
    expect(await judge({ recovery: hanging })).toMatchObject({ verdict: "fail" });
    const stopped = run({ recovery: stuck() }).map((event) =>
      event.type === "run-ended" ? { ...event, reason: "not-recovered" as const } : event,
    );
    expect(await verdictOn(survives, stopped)).toMatchObject({ verdict: "fail" });
  });

  test("by half of them are one too; some of many are a weakness; a few are nothing", async () => {
    const every = (k: number) => calls((n) => (n % k === 0 ? { attempts: ["tool-error"] } : {}));
    expect(await judge({ recovery: every(2) })).toMatchObject({ verdict: "fail" });
    const half = calls((n) => (n % 5 < 2 ? { attempts: ["tool-error"] } : {}), { fromMs: 3050 });
    expect(await judge({ recovery: half })).toMatchObject({ verdict: "pass", warnings: 1 });
    expect(await judge({ recovery: every(9) })).toMatchObject({ verdict: "pass", findings: [] });
  });

  test("by a part that comes round again and again are a weakness, also where the last few were ok", async () => {
    // Three dead connections in a pool of ten: however the round ends, three of ten fail.
    for (const shift of [0, 3, 7]) {
      const round = calls((n) => ((n + shift) % 10 < 3 ? { attempts: ["timeout"] } : {}), {
        fromMs: 3030,
        everyMs: 20,
      });
      expect(await judge({ recovery: round })).toMatchObject({ verdict: "pass", warnings: 1 });
    }
    const back = calls((_, at) => (at < 3700 && at % 60 < 20 ? { attempts: ["timeout"] } : {}), { everyMs: 20 });
    expect(await judge({ recovery: back })).toMatchObject({ verdict: "pass", findings: [] });
  });

  test("in one session of many are a violation, told by the agent whose it is", async () => {
    const ofAgents = (recovery: readonly Timed[]): Timed[] =>
      recovery.map(([at, event]) => [at, event.type === "op-started" ? { ...event, agent: event.walk % 10 } : event]);
    const dead = (agents: number) =>
      ofAgents(calls((n) => (n % 10 < agents ? { attempts: ["timeout"] } : {}), { everyMs: 20 }));
    for (const agents of [1, 3]) {
      const { verdict, findings } = await judge({ recovery: dead(agents) });
      expect([verdict, findings.length]).toEqual(["fail", 1]);
      expect(findings[0]?.says).toMatch(/^\d+ of \d+ ops of cloud in the session of planner\.0 were not ok/);
    }
    expect(await judge({ recovery: dead(0) })).toMatchObject({ verdict: "pass", findings: [] });
    // As many that fail, spread over all the sessions, are no session's end.
    const spread = ofAgents(calls((n) => (n % 11 === 0 ? { attempts: ["timeout"] } : {}), { everyMs: 20 }));
    expect(await judge({ recovery: spread })).toMatchObject({ verdict: "pass", findings: [] });
  });

  test("are told of each server and form apart", async () => {
    const second = {
      fault: "cut.1",
      kind: "egress-block",
      link: "cloud->cloud-api",
      phase: "cut",
      healForm: "let-through",
    } as const;
    const phases = [
      ...declared.phases.slice(0, 3),
      { phase: "cut", role: "fault" },
      { phase: "cut.recovery", role: "recovery" },
      { phase: "final", role: "final" },
    ] as const;
    const edge = (phase: string, role: "fault" | "recovery"): Unstamped => ({
      type: "phase",
      phase,
      role,
      edge: "start",
    });
    const fault = { type: "fault", fault: "cut.1", kind: "egress-block", link: "cloud->cloud-api", window: 0 } as const;
    const cut: Timed[] = [
      [5000, edge("cut", "fault")],
      [5001, { ...fault, edge: "requested" }],
      [5002, { ...fault, edge: "observed" }],
      [5100, { ...fault, edge: "healed", form: "let-through" }],
      [5100, edge("cut.recovery", "recovery")],
      ...Array.from({ length: 18 }, (_, n) =>
        op({
          atMs: 5110 + n * 100,
          walk: 300 + n,
          step: 0,
          phase: "cut.recovery",
          attempts: n === 99 ? ["ok"] : ["timeout"],
        }),
      ).flat(),
    ];
    const over = { phases, faults: [...declared.faults, second] };
    const result = await judge({ over }, cut);
    expect(result.findings).toHaveLength(1);
    expect(result.findings[0]?.says).toContain("though cut was over");
    expect(result.findings[0]?.says).toContain("healed by letting through");
    const calm = cut.map(([at, event]): Timed => [
      at,
      event.type === "attempt"
        ? { ...event, class: "ok", outcome: "ok" }
        : event.type === "op-ended"
          ? { ...event, outcome: "ok" }
          : event,
    ]);
    expect((await judge({ over }, calm)).strength).toBe(
      "0 exits, 0 vanished tools; recovered after 2 of 2 episodes (drop-connections, let-through)",
    );
  });

  test("though its tools cannot be listed either: then fewer calls suffice", async () => {
    const failed: Timed = [4800, { type: "tools-listed", server: "cloud", tools: [], failed: "no answer" }];
    const few = calls((n) => (n === 20 || n === 25 ? { attempts: ["timeout"] } : undefined));
    expect(await judge({ recovery: few })).toMatchObject({ verdict: "unknown" });
    expect(await judge({ recovery: few, listings: [toolsListed(0), failed] })).toMatchObject({ verdict: "fail" });
  });
});

describe("is no violation of the server", () => {
  test("when it recovers slowly", async () => {
    const slow = calls((_, atMs) => (atMs < 4300 ? { attempts: ["timeout"] } : {}));
    expect(await judge({ recovery: slow })).toMatchObject({ verdict: "pass", findings: [] });
  });

  test("when it recovers just before we stop looking: that is too short a look", async () => {
    const slow = calls((_, atMs) => (atMs < 4700 ? { attempts: ["timeout"] } : {}));
    const result = await judge({ recovery: slow });
    expect(result).toMatchObject({ verdict: "unknown", findings: [] });
    expect(result.because).toContain("cloud.FetchResources was well again only at the very end of a recovery of 3s");
  });

  test("when it has lost the sessions, answers 404 and takes new ones", async () => {
    const lost = calls((n) => (n < 12 ? { attempts: ["session-lost"] } : {}));
    expect(await judge({ recovery: lost })).toMatchObject({ verdict: "pass", findings: [] });
  });

  test("but it is when the new sessions do not hold either", async () => {
    const opened = calls(() => ({}))
      .filter(([, event]) => event.type === "op-started")
      .map(([atMs]): Timed => [atMs, { type: "session", group: "planner", agent: 0, server: "cloud", edge: "opened" }]);
    expect(await judge({ recovery: stuck("session-lost") }, opened)).toMatchObject({ verdict: "fail" });
  });

  test.each([
    ["answers 503", { status: 503 }],
    ["answers 429", { status: 429 }],
    ["closes", { ended: "closed" as const }],
    ["never answers", { ended: "caller-left" as const }],
  ])("when its upstream %s", async (_, over) => {
    const failing = stuck().concat(Array.from({ length: 30 }, (_, n) => exchange(100 + n, 2055 + n * 100, over)));
    const result = await judge({ recovery: failing });
    expect(result).toMatchObject({ verdict: "unknown", findings: [{ grade: "info", blames: "upstream" }] });
    expect(result.because).toContain("the upstream of cloud still failed");
  });

  test("but it is when the upstream answers well", async () => {
    const answered = stuck().concat(Array.from({ length: 30 }, (_, n) => exchange(100 + n, 2055 + n * 100)));
    expect(await judge({ recovery: answered })).toMatchObject({ verdict: "fail" });
  });

  test("when the process of its upstream is gone, though nobody can see what it asked", async () => {
    const gone = target(1500, "exited", { target: "cloud-api", role: "upstream", code: 1 });
    const result = await judge({ recovery: stuck() }, gone);
    expect(result).toMatchObject({ verdict: "unknown", findings: [{ blames: "upstream" }] });
  });

  test("when a link itself still refuses", async () => {
    const refused = stuck("refused").concat(
      Array.from({ length: 30 }, (_, n) =>
        exchange(100 + n, 2055 + n * 100, { link: "planner@cloud", ended: "refused" }),
      ),
    );
    expect((await judge({ recovery: refused })).because).toContain("a link of cloud still refused connections");
  });

  test("when it asks its callers to wait for longer than was looked", async () => {
    const waits = (retryAfterMs: number) =>
      stuck("http-refusal").map(([atMs, event]): Timed => [
        atMs,
        event.type === "attempt" ? { ...event, retryAfterMs } : event,
      ]);
    expect((await judge({ recovery: waits(10_000) })).because).toContain("asked its callers to wait");
    expect(await judge({ recovery: waits(100) })).toMatchObject({ verdict: "fail" });
  });

  test("when the baseline fails just so", async () => {
    const half = calls((n) => (n % 2 === 0 ? { attempts: ["tool-error"] } : {}));
    const bad = Array.from({ length: 20 }, (_, n) =>
      op({ atMs: 60 + n * 40, walk: 200 + n, step: 0, attempts: ["tool-error"] }),
    ).flat();
    const result = await judge({ recovery: half }, bad);
    expect(result).toMatchObject({ verdict: "unknown", findings: [] });
    expect(result.because).toContain("fails in the baseline too");
  });

  test("when the calls hung into the next fault", async () => {
    const next = { type: "fault", fault: "cut.1", kind: "latency", link: "planner@cloud", window: 0 } as const;
    const hanging = calls(() => ({ attempts: ["timeout"], tookMs: 6000 }));
    const result = await judge({ recovery: hanging }, [5000, { ...next, edge: "requested" }]);
    expect(result).toMatchObject({ verdict: "unknown", findings: [] });
  });
});

describe("is unknown", () => {
  test.each([
    [
      "where nothing was called after healing",
      { recovery: [] },
      "a recovery of 3s after outage leaves 0 ops of cloud to judge; 5 are needed",
    ],
    [
      "where only the first second was tried",
      { recovery: calls((_, at) => (at < 3000 ? {} : undefined)) },
      "leaves 0 ops",
    ],
    [
      "where too few were called",
      { recovery: calls((n) => (n > 25 ? {} : undefined)) },
      "leaves 4 ops of cloud to judge",
    ],
    ["where the fault never showed", { observed: false }, "no fault took hold"],
  ])("%s", async (_, setup, says) => {
    const result = await judge(setup);
    expect(result).toMatchObject({ verdict: "unknown", findings: [] });
    expect(result.because).toContain(says);
  });

  test("where a tool could mostly not be called: its input or its time was taken away before it", async () => {
    const notRun = { step: 1, attempts: [], because: "no input: resource" } as const;
    const later = (from: number) => calls((n) => (n < from ? notRun : { step: 1 }));
    const result = await judge({ recovery: [...well, ...later(99)] });
    expect(result).toMatchObject({ verdict: "unknown", findings: [] });
    expect(result.because).toContain(
      "20 of 20 ops of cloud.CreateLimitRequest could not be run, for lack of input or budget or held back by their policy",
    );
    expect(await judge({ recovery: [...well, ...later(28)] })).toMatchObject({ verdict: "unknown" });
    expect(await judge({ recovery: [...well, ...later(24)] })).toMatchObject({ verdict: "pass" });
  });

  test("where a tool that is called seldom fails", async () => {
    const seldom = [3500, 4500].flatMap((atMs, n) =>
      op({ atMs, walk: 400 + n, step: 1, phase: "outage.recovery", attempts: ["tool-error"] }),
    );
    expect((await judge({}, seldom)).because).toContain(
      "2 of 2 ops of cloud.CreateLimitRequest were not ok; 5 are needed",
    );
  });

  test("of a history without anything in it", async () => {
    expect(await verdictOn(survives, historyOf(runStarted()))).toMatchObject({ verdict: "unknown" });
  });

  test("in a control run whose calls fail: nothing was broken, so nothing was to recover from", async () => {
    expect(await judge({ mode: "control", recovery: stuck() })).toMatchObject({ verdict: "unknown" });
    expect(await judge({ mode: "control", recovery: [] })).toMatchObject({ verdict: "unknown" });
    const some = calls((n) => (n % 5 < 2 ? { attempts: ["tool-error"] } : {}), { fromMs: 3050 });
    expect(await judge({ mode: "control", recovery: some })).toMatchObject({ verdict: "unknown" });
    expect((await judge({ mode: "control" })).strength).toBe(
      "0 exits, 0 vanished tools; recovered after 1 of 1 episodes (in control)",
    );
  });
});

test("a plan without any recovery is judged by exits and tools, and the pass says so", async () => {
  const phases = declared.phases.filter(({ role }) => role !== "recovery");
  const over = { phases };
  const events = run({ over, recovery: [] }).filter((event) => event.type !== "phase" || event.role !== "recovery");
  const result = await verdictOn(survives, events);
  expect(result).toMatchObject({ verdict: "pass" });
  expect(result.strength).toContain("healing was not judged, for no episode has a recovery phase");
  const foreign = { ...over, servers: [{ ...server, isStarted: false }] };
  const events2 = run({ over: foreign, recovery: [] }).filter(
    (event) => event.type !== "phase" || event.role !== "recovery",
  );
  expect(await verdictOn(survives, events2)).toMatchObject({
    verdict: "pass",
    strength: expect.stringMatching(/^0 vanished/),
  });
});

test("does not apply to a plan without faults", () => {
  expect(survives.notApplicable({ ...declared, faults: [] })).toBeDefined();
  expect(survives.notApplicable(declared)).toBeUndefined();
});

describe("laws", () => {
  const verdicts = fc.array(fc.boolean(), { minLength: 30, maxLength: 30 });
  const mixed = (came: readonly boolean[]) => calls((n) => (came[n] === true ? {} : { attempts: ["tool-error"] }));

  test("a call that is ok instead of failed never makes a verdict worse", async () => {
    const rank = { pass: 0, unknown: 1, fail: 2 };
    await fc.assert(
      fc.asyncProperty(verdicts, fc.nat(29), async (came, n) => {
        const better = came.map((ok, index) => ok || index === n);
        const [before, after] = await Promise.all([came, better].map((each) => judge({ recovery: mixed(each) })));
        expect(rank[after?.verdict ?? "fail"]).toBeLessThanOrEqual(rank[before?.verdict ?? "pass"]);
      }),
      { numRuns: 60 },
    );
  });

  test("what came before the grace was over changes nothing", async () => {
    await fc.assert(
      fc.asyncProperty(verdicts, async (came) => {
        const late = came.map((ok, n) => (n < 10 ? true : ok));
        const [all, tail] = await Promise.all([came, late].map((each) => judge({ recovery: mixed(each) })));
        expect(all?.verdict).toBe(tail?.verdict);
      }),
      { numRuns: 60 },
    );
  });

  test("all failing at the end after none in the baseline is always found, none failing never is", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 5, max: 20 }), fc.boolean(), async (count, ok) => {
        const recovery = calls((n) => (n >= 30 - count ? (ok ? {} : { attempts: ["timeout"] }) : undefined));
        expect((await judge({ recovery })).verdict).toBe(ok ? "pass" : "fail");
      }),
      { numRuns: 40 },
    );
  });
});
