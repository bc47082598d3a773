/** Servers that a fault kills, as `survives` judges whether they come back; and what the other checks make of it. */
import { describe, expect, test } from "vitest";
import { duplicateEffects } from "../../src/checks/duplicate-effects.ts";
import { silentEmpty } from "../../src/checks/silent-empty.ts";
import { survives } from "../../src/checks/survives.ts";
import type { Declared } from "../../src/history/declared.ts";
import type { FaultEdge, TargetEvent } from "../../src/history/events.ts";
import type { OutcomeClass } from "../../src/history/outcomes.ts";
import {
  declared,
  frame,
  historyOf,
  judged,
  op,
  runStarted,
  toolsListed,
  verdictOn,
  type Timed,
} from "../literal-history.ts";

const untilMs = 5000;
const killed = {
  fault: "outage.0",
  kind: "kill",
  server: "cloud",
  links: ["planner@cloud"],
  phase: "outage",
  healForm: "start-again",
} as const;

const target = (atMs: number, edge: TargetEvent["edge"], over: Partial<TargetEvent> = {}): Timed => [
  atMs,
  { type: "target", target: "cloud", role: "server", edge, ...over },
];

function calls({
  fromMs = 2050,
  bad = (): OutcomeClass | undefined => undefined,
}: {
  fromMs?: number;
  bad?: (atMs: number) => OutcomeClass | undefined;
}): Timed[] {
  return Array.from({ length: Math.ceil((untilMs - fromMs) / 100) }, (_, n) => {
    const atMs = fromMs + n * 100;
    const is = bad(atMs);
    const attempts = is === undefined ? {} : { attempts: [is] };
    return op({ atMs, walk: 100 + n, step: 0, phase: "outage.recovery", ...attempts });
  }).flat();
}

interface Setup {
  readonly bad?: (atMs: number) => OutcomeClass | undefined;
  readonly fault?: Partial<FaultEdge>;
  readonly over?: Partial<Declared>;
}

function run({ bad = () => undefined, fault = {}, over = {} }: Setup, ...targets: Timed[]) {
  const framed = frame({ recoveryUntilMs: untilMs }).map(([atMs, event]): Timed => {
    if (event.type === "run-ended") return [8000, event];
    if (event.type !== "fault") return [atMs, event];
    const { link: _, ...rest } = event;
    const form = event.edge === "healed" ? { form: "start-again" as const } : {};
    return [atMs, { ...rest, kind: "kill", server: "cloud", ...form, ...fault }];
  });
  const baseline = Array.from({ length: 20 }, (_, walk) => op({ atMs: 50 + walk * 40, walk, step: 0 })).flat();
  const finalEnd: Timed = [7000, { type: "phase", phase: "final", role: "final", edge: "end" }];
  const listed = [toolsListed(0), toolsListed(untilMs - 200)];
  const started = runStarted("faults", { faults: [killed], ...over });
  return historyOf(started, listed, framed, baseline, calls({ bad }), targets, finalEnd);
}

const judge = (...args: Parameters<typeof run>) => verdictOn(survives, run(...args));

describe("a server that a fault kills", () => {
  test("has not ended by itself: it passes once it is back and answers", async () => {
    const result = await judge({}, target(1100, "killed", { signal: "SIGKILL" }), target(2300, "ready"));
    expect(result).toMatchObject({ verdict: "pass", findings: [] });
    expect(result.strength).toBe(
      "0 exits, back after 1 kill, 0 vanished tools; recovered after 1 of 1 episodes (start-again)",
    );
  });

  test("is no gap in the evidence either", async () => {
    const { account } = await judged(run({}, target(1100, "killed"), target(2300, "ready")), [survives]);
    expect(account.gaps).toEqual([]);
  });

  test("is not blamed for what fails while it starts again, however long that takes", async () => {
    const bad = (atMs: number): OutcomeClass | undefined => (atMs < 4000 ? "refused" : undefined);
    const late = await judge({ bad }, target(1100, "killed"), target(4000, "ready"));
    expect(late).toMatchObject({ verdict: "pass", findings: [] });
  });

  test("fails where its calls go on failing once it is back", async () => {
    const result = await judge({ bad: () => "tool-error" }, target(1100, "killed"), target(2100, "ready"));
    expect(result.verdict).toBe("fail");
    expect(result.findings[0]).toMatchObject({ grade: "violation", blames: "server" });
    expect(result.findings[0]?.says).toContain("kill on server cloud, healed by starting it again");
  });

  test("fails where it was started again and does not answer", async () => {
    const result = await judge(
      { bad: () => "refused" },
      target(1100, "killed", { signal: "SIGKILL" }),
      target(4500, "unready"),
    );
    expect(result.verdict).toBe("fail");
    expect(result.findings.map(({ says }) => says)).toEqual([
      "cloud was killed at 1.1 s (SIGKILL), while kill on server cloud was on; it was started again, and by 4.5 s it had not answered",
    ]);
  });

  test("fails where it ends by itself before it is back", async () => {
    const result = await judge({ bad: () => "refused" }, target(1100, "killed"), target(2100, "exited", { code: 3 }));
    expect(result.verdict).toBe("fail");
    expect(result.findings[0]?.says).toMatch(/^cloud ended by itself once: at 2\.1 s with exit code 3/);
  });

  test("is unknown where the run is over before it could be back", async () => {
    const result = await judge({ bad: () => "refused" }, target(1100, "killed"));
    expect(result).toMatchObject({ verdict: "unknown", findings: [] });
    expect(result.because).toBe("cloud was killed, and the run was over before it answered again");
  });

  test("over stdio comes back when its agent calls, so nothing is asked of it before", async () => {
    const result = await judge({}, target(1100, "killed", { instance: "planner.0" }));
    expect(result.verdict).toBe("pass");
    const gone = await judge({ bad: () => "refused" }, target(1100, "killed", { instance: "planner.0" }));
    expect(gone.verdict).toBe("fail");
  });

  test("over stdio is excused only until its agent's process is back", async () => {
    const stdio = { servers: [{ server: "cloud", transport: "stdio", isStarted: true } as const] };
    const back = [target(1100, "killed", { instance: "planner.0" }), target(2040, "ready", { instance: "planner.0" })];
    expect(await judge({ over: stdio, bad: () => "tool-error" }, ...back)).toMatchObject({ verdict: "fail" });
  });
});

describe("of several replicas", () => {
  const [server] = declared.servers;
  const over = {
    servers: server === undefined ? [] : [{ ...server, replicas: { count: 3, balance: "round-robin" as const } }],
  };
  const replica = (atMs: number, edge: TargetEvent["edge"], n: number): Timed =>
    target(atMs, edge, { instance: `cloud.${n}` });

  test("each must come back for itself", async () => {
    const rolled = [1, 2, 3].flatMap((n) => [
      replica(1000 + n * 100, "killed", n),
      replica(1050 + n * 100, "ready", n),
    ]);
    expect(await judge({ over }, ...rolled)).toMatchObject({ verdict: "pass", findings: [] });
    const two = [replica(1100, "killed", 1), replica(1200, "killed", 2), replica(1300, "ready", 2)];
    expect(await judge({ over }, ...two)).toMatchObject({ verdict: "unknown" });
    const away = await judge({ over }, ...two, replica(4500, "unready", 1));
    expect(away).toMatchObject({ verdict: "fail" });
    expect(away.findings[0]?.says).toMatch(/^cloud was killed at 1\.1 s .* by 4\.5 s it had not answered/);
  });
});

describe("a server that dies by itself under a limit", () => {
  test("is found, with the limit named", async () => {
    const fault = { kind: "heap-limit", form: "let-through" } as const;
    const faults = [{ ...killed, kind: "heap-limit", healForm: "let-through" as const }];
    const result = await judge({ fault, over: { faults } }, target(1500, "exited", { signal: "SIGABRT" }));
    expect(result.verdict).toBe("fail");
    expect(result.findings[0]?.says).toContain("with SIGABRT, while heap-limit on server cloud was on");
  });
});

describe("which ops meet a fault on processes", () => {
  test("those of a server that is broken, and of one whose upstream is", async () => {
    const writes = (fault: Declared["faults"][number]): Promise<unknown> => {
      const { fault: name, kind } = killed;
      const place = fault.upstream === undefined ? { server: "cloud" } : { upstream: fault.upstream };
      const edges: Timed[] = (["requested", "observed", "healed"] as const).map((edge, n) => [
        [1001, 1002, 1999][n] ?? 0,
        { type: "fault", fault: name, kind, ...place, window: 0, edge },
      ]);
      const framed = frame({}).filter(([, event]) => event.type !== "fault");
      const write = op({ atMs: 1500, walk: 50, step: 1 });
      const history = historyOf(runStarted("faults", { faults: [fault] }), framed, edges, write);
      return verdictOn(duplicateEffects, history);
    };
    const exposed = (links: readonly string[], upstream?: string) =>
      writes({ ...killed, ...(upstream === undefined ? {} : { upstream }), links });
    // A write that met a fault is looked at; one that did not is not.
    expect(await exposed(["planner@cloud"])).toMatchObject({ looked: 1 });
    expect(await exposed(["cloud->cloud-api"], "cloud-api")).toMatchObject({ looked: 1 });
    expect(await exposed(["planner@other"])).toMatchObject({ looked: 0 });
  });

  test("what breaks an upstream's processes breaks an upstream", () => {
    const applies = (fault: Partial<Declared["faults"][number]>): boolean =>
      silentEmpty.notApplicable({ ...declared, faults: [{ ...killed, ...fault }] }) === undefined;
    expect(applies({})).toBe(false);
    expect(applies({ kind: "descriptor-limit", links: ["planner@cloud", "cloud->cloud-api"] })).toBe(true);
    expect(applies({ upstream: "cloud-api", links: ["cloud->cloud-api"] })).toBe(true);
  });
});
