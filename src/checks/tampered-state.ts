/**
 * What a server hands out to get it back (requestState, since 2026-07-28) passes through hands that may change it. One that
 * was changed must be refused: else whoever calls decides what the server believes it has said itself.
 */
import type { HistoryEvent } from "../history/events.ts";
import type { OpRecord } from "../history/records.ts";
import { counted } from "../units.ts";
import { defineCheck, verdictOf, witnessesMax, type Finding, type Judgement } from "./check.ts";
import { linksBeforeServers, wasAnsweredByFault } from "./made-by-faults.ts";

interface OfTool {
  readonly server: string;
  readonly tool: string;
  count: number;
  readonly events: string[];
  readonly ops: string[];
}

interface State {
  readonly linksBefore: ReadonlySet<string>;
  readonly accepted: Map<string, OfTool>;
  sent: number;
  looked: number;
}

export const tamperedState = defineCheck({
  name: "tampered-state",
  about: "A requestState that comes back changed is refused.",
  nature: "invariant",
  notApplicable: ({ steps, groups }) => {
    const tampering = steps.filter(({ tampers }) => tampers === true);
    if (tampering.length === 0) return "no step changes a requestState: tamper: true at a call";
    const lean = new Set(groups.flatMap(({ group, wire }) => (wire === "lean" ? [group] : [])));
    return tampering.some(({ group }) => lean.has(group))
      ? undefined
      : "SDKs send a requestState back by themselves, so with wire: sdk none is changed";
  },

  start: ({ declared }): State => ({
    linksBefore: linksBeforeServers(declared),
    accepted: new Map(),
    sent: 0,
    looked: 0,
  }),

  on: (record, state) => {
    if (record.type === "op") look(record, state);
  },

  end: ({ accepted, sent, looked }): Judgement => {
    const findings = [...accepted.values()].map((of) => findingAbout(of, looked));
    const judged = { looked, findings };
    if (verdictOf(findings) === "fail") return { verdict: "fail", ...judged };
    if (looked > 0) {
      return { verdict: "pass", ...judged, strength: `0 of ${counted(looked, "changed state")} accepted` };
    }
    const because =
      sent === 0
        ? "no server handed out a requestState that could be changed"
        : `of ${counted(sent, "changed state")} none was answered by its server`;
    return { verdict: "unknown", because, ...judged };
  },

  isCertain: ({ accepted }) => accepted.size > 0,

  // In all of them: what a fault has answered is not looked at.
  plant: () => (event: HistoryEvent) =>
    event.type === "attempt" && event.tampered === true && refusals.has(event.class)
      ? [{ ...event, class: "ok", outcome: "ok" }]
      : undefined,
});

/** It went on with it; or refused it, or asked its question anew. */
const acceptances: ReadonlySet<string> = new Set(["ok", "task-begun"]);
const refusals: ReadonlySet<string> = new Set(["rpc-error", "tool-error", "http-refusal", "input-required"]);

function look(record: OpRecord, state: State): void {
  const { op, started, attempts, rounds = [] } = record;
  const tampered = [...rounds, ...attempts].filter((attempt) => attempt.tampered === true);
  state.sent += tampered.length;
  if (tampered.length === 0 || wasAnsweredByFault(record, state.linksBefore)) return;
  for (const { id, class: is } of tampered) {
    if (acceptances.has(is) || refusals.has(is)) state.looked += 1;
    if (!acceptances.has(is)) continue;
    const { server, tool } = started;
    const of = state.accepted.get(`${server}.${tool}`) ?? { server, tool, count: 0, events: [], ops: [] };
    state.accepted.set(`${server}.${tool}`, of);
    of.count += 1;
    if (of.ops.length === witnessesMax) continue;
    of.events.push(id);
    of.ops.push(op);
  }
}

function findingAbout({ server, tool, count, events, ops }: OfTool, looked: number): Finding {
  return {
    grade: "violation",
    blames: "server",
    says: `${server}.${tool} went on with ${counted(count, "requestState")} that had been changed, of ${looked}`,
    why: "A state that comes back changed must be refused: whoever can change it decides what the server takes for its own word, such as who has agreed to what.",
    fix: "Sign what is handed out, together with who it was for, what was called and until when, and refuse what does not fit; or keep it, and hand out its name.",
    witness: { events, ops },
  };
}
