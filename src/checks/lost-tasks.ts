/**
 * A task that its server has said to have begun, and then does not know: whoever waits for it has nothing to wait for, and
 * nobody can tell what it did. Since 2026-07-28 a task must be durable before its caller hears of it.
 */
import type { HistoryEvent } from "../history/events.ts";
import { isProtocolVersion, isSessionless } from "../history/protocol.ts";
import type { OpRecord } from "../history/records.ts";
import { counted } from "../units.ts";
import { defineCheck, verdictOf, witnessesMax, type Finding, type Judgement } from "./check.ts";
import { linksBeforeServers, wasAnsweredByFault } from "./made-by-faults.ts";

interface Lost {
  readonly op: string;
  readonly events: readonly string[];
}

interface OfTool {
  readonly server: string;
  readonly tool: string;
  count: number;
  readonly first: Lost[];
}

interface State {
  readonly linksBefore: ReadonlySet<string>;
  /** Over stdio a task has no other place than the process that began it. */
  readonly overPipes: ReadonlySet<string>;
  /** Servers that speak a revision in which tasks must be durable. */
  readonly durable: Set<string>;
  readonly lost: Map<string, OfTool>;
  looked: number;
  begun: number;
}

export const lostTasks = defineCheck({
  name: "lost-tasks",
  about: "A task that a server has begun it knows until the task's time is over, also after a restart.",
  nature: "invariant",
  notApplicable: ({ steps, servers }) => {
    const asked = steps.filter(({ kind }) => kind === "task");
    if (asked.length === 0) return "no step calls a tool as a task";
    const isPiped = (name: string): boolean =>
      servers.some(({ server, transport }) => server === name && transport === "stdio");
    return asked.every(({ server }) => isPiped(server)) ? "over stdio a task ends with its process" : undefined;
  },

  start: ({ declared }): State => ({
    linksBefore: linksBeforeServers(declared),
    overPipes: new Set(declared.servers.filter(({ transport }) => transport === "stdio").map(({ server }) => server)),
    durable: new Set(),
    lost: new Map(),
    looked: 0,
    begun: 0,
  }),

  on: (record, state) => {
    if (record.type === "session" && record.edge === "opened") {
      const { protocolVersion } = record;
      if (isProtocolVersion(protocolVersion) && isSessionless(protocolVersion)) state.durable.add(record.server);
    }
    if (record.type === "op" && record.started.kind === "task") look(record, state);
  },

  end: (state): Judgement => {
    const findings = [...state.lost.values()].map((lost) => findingAbout(lost, state));
    const { looked, begun } = state;
    const judged = { looked, findings };
    if (verdictOf(findings) === "fail") return { verdict: "fail", ...judged };
    if (looked === 0) {
      const because =
        begun === 0 ? "no task was begun" : `of ${counted(begun, "task")} none was told of again by its server`;
      return { verdict: "unknown", because, ...judged };
    }
    const strength = `${lostIn(state)} of ${counted(looked, "task")} were lost`;
    return { verdict: "pass", ...judged, strength };
  },

  isCertain: ({ lost, durable }) => [...lost.values()].some(({ server }) => durable.has(server)),

  // In all of them: what a fault has answered is not looked at.
  plant: () => {
    const tasks = new Set<string>();
    return (event: HistoryEvent) => {
      if (event.type === "session" && event.edge === "opened") {
        // As the strictest revision has it: what is tried is whether a lost task is seen at all.
        return [{ ...event, protocolVersion: "2026-07-28" }];
      }
      if (event.type === "attempt" && event.goesOn === true && event.class === "task-begun") tasks.add(event.op);
      if (event.type !== "attempt" || event.goesOn === true || !tasks.has(event.op) || !isTold(event.class)) {
        return undefined;
      }
      return [{ ...event, class: "task-lost", outcome: "unknown" }];
    };
  },
});

const tells: ReadonlySet<string> = new Set(["ok", "tool-error", "rpc-error", "task-cancelled", "task-lost"]);

function isTold(is: string): boolean {
  return tells.has(is);
}

function look(record: OpRecord, state: State): void {
  const { started, attempts, rounds = [] } = record;
  const first = rounds.find(({ class: is }) => is === "task-begun");
  if (first === undefined || state.overPipes.has(started.server)) return;
  state.begun += 1;
  if (wasAnsweredByFault(record, state.linksBefore)) return;
  const told = attempts.filter(({ class: is }) => isTold(is));
  if (told.length === 0) return;
  state.looked += 1;
  const lost = told.find(({ class: is }) => is === "task-lost");
  if (lost === undefined) return;
  const { server, tool } = started;
  const key = `${server}.${tool}`;
  const all = state.lost.get(key) ?? { server, tool, count: 0, first: [] };
  state.lost.set(key, all);
  all.count += 1;
  if (all.first.length < witnessesMax / 2) all.first.push({ op: record.op, events: [first.id, lost.id] });
}

function lostIn({ lost }: State): number {
  return [...lost.values()].reduce((sum, { count }) => sum + count, 0);
}

function findingAbout({ server, tool, count, first }: OfTool, { durable, looked }: State): Finding {
  const isDue = durable.has(server);
  return {
    grade: isDue ? "violation" : "weakness",
    blames: "server",
    says: `${counted(count, "task")} of ${server}.${tool}, begun by its own word, it did not know any more, of ${looked} looked at in all`,
    why: isDue
      ? "A task must be kept where a restart does not reach it before its caller hears of it: now nobody can tell what it did."
      : "Whoever waits for it has nothing to wait for, and nobody can tell what it did.",
    fix: "Write the task to a store that outlives the process, and that all replicas read, before answering with its id.",
    witness: { events: first.flatMap(({ events }) => events), ops: first.map(({ op }) => op) },
  };
}
