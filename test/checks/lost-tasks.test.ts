/** Tasks that a server has begun and then does not know. */
import { describe, expect, test } from "vitest";
import { lostTasks } from "../../src/checks/lost-tasks.ts";
import type { OutcomeClass } from "../../src/history/outcomes.ts";
import type { ProtocolVersion } from "../../src/history/protocol.ts";
import {
  declared,
  exchange,
  frame,
  historyOf,
  op,
  opIdOf,
  runStarted,
  verdictOn,
  type Timed,
} from "../literal-history.ts";

const steps = declared.steps.map((step) => ({ ...step, kind: "task" }));
const start = (protocolVersion: ProtocolVersion): Timed[] => [
  runStarted("faults", { steps }),
  [1, { type: "session", group: "planner", agent: 0, server: "cloud", edge: "opened", protocolVersion }],
  ...frame(),
];

/** A task that ends so; all requests before the last went on from one to the next. */
function ended(walk: number, ...classes: readonly OutcomeClass[]): Timed[] {
  return op({ atMs: 100 + walk * 50, walk, attempts: classes }).map(([at, event]) => {
    if (event.type === "op-started") return [at, { ...event, kind: "task" }];
    const goesOn = event.type === "attempt" && event.attempt < classes.length;
    return [at, goesOn ? { ...event, goesOn: true as const } : event];
  });
}

test("tasks that are known to their end pass, whatever they came to", async () => {
  const result = await verdictOn(
    lostTasks,
    historyOf(start("2026-07-28"), ended(1, "task-begun", "ok"), ended(2, "task-begun", "task-begun", "tool-error")),
  );
  expect(result).toMatchObject({ verdict: "pass", looked: 2, strength: "0 of 2 tasks were lost" });
});

test("a task that its server does not know any more is a violation since 2026-07-28", async () => {
  const history = historyOf(
    start("2026-07-28"),
    ended(1, "task-begun", "ok"),
    ended(2, "task-begun", "closed", "task-lost"),
  );
  const { verdict, findings } = await verdictOn(lostTasks, history);
  expect(verdict).toBe("fail");
  expect(findings).toMatchObject([{ grade: "violation", blames: "server", witness: { ops: [opIdOf(2)] } }]);
  expect(findings[0]?.says).toBe(
    "1 task of cloud.CreateLimitRequest, begun by its own word, it did not know any more, of 2 looked at in all",
  );
});

test("in 2025-11-25, which leaves open where tasks live, it is a weakness", async () => {
  const history = historyOf(start("2025-11-25"), ended(1, "task-begun", "ok"), ended(2, "task-begun", "task-lost"));
  const { verdict, findings } = await verdictOn(lostTasks, history);
  expect(verdict).toBe("pass");
  expect(findings).toMatchObject([{ grade: "weakness" }]);
});

describe("near misses", () => {
  test("tasks whose server was never heard again are no evidence", async () => {
    const history = historyOf(start("2026-07-28"), ended(1, "task-begun", "timeout"));
    expect(await verdictOn(lostTasks, history)).toMatchObject({
      verdict: "unknown",
      because: "of 1 task none was told of again by its server",
    });
  });

  test("calls that were answered at once are no tasks", async () => {
    const history = historyOf(start("2026-07-28"), ended(1, "ok"));
    expect(await verdictOn(lostTasks, history)).toMatchObject({ verdict: "unknown", because: "no task was begun" });
  });

  test("an answer that a fault made up is not held against the server", async () => {
    const meddled = { did: "answer-request", delivered: 0, made: "error" } as const;
    const made = exchange(1, 160, { link: "planner@cloud", attempt: 2, meddled }, 1);
    const history = historyOf(
      start("2026-07-28"),
      ended(1, "task-begun", "task-lost"),
      made,
      ended(2, "task-begun", "ok"),
    );
    expect(await verdictOn(lostTasks, history)).toMatchObject({ verdict: "pass", looked: 1, findings: [] });
  });

  test("without such steps, or with servers over stdio only, it does not apply", () => {
    expect(lostTasks.notApplicable?.(declared)).toBe("no step calls a tool as a task");
    const servers = declared.servers.map((server) => ({ ...server, transport: "stdio" as const }));
    expect(lostTasks.notApplicable?.({ ...declared, steps, servers })).toBe("over stdio a task ends with its process");
  });
});
