/**
 * What a probe has learned, in the order of what hurts most; and what it could not test, with what would make that
 * testable. Comes in: a run's verdicts. Goes out: data, for text and for machines.
 */
import { checks } from "../../checks/registry.ts";
import { failing, type Verdicts } from "../../reporters/verdicts.ts";
import { formatDuration } from "../../units.ts";
import type { Asked } from "./asked.ts";
import type { LeftAlone, Looked } from "./look.ts";
import type { Trouble } from "./troubles.ts";

export interface ProbeFinding {
  readonly grade: "violation" | "weakness" | "info";
  /** The check, or the bound that was broken. */
  readonly of: string;
  readonly blames: "server" | "agents" | "upstream" | "harness";
  readonly says: string;
  readonly fix: string;
  /** One command line that shows it again. */
  readonly again: string;
  /** How many more say the same with other numbers. */
  readonly alike?: number;
}

export interface Untested {
  readonly what: string;
  readonly because: string;
  readonly hint?: string;
}

const grades = ["violation", "weakness", "info"] as const;

/** What costs the world most stands first among findings of one grade: wrong effects, then wrong answers, then none. */
const byHarm: readonly string[] = [
  "duplicate-effects",
  "wrong-effects",
  "bleed",
  "silent-empty",
  "survives",
  "lost-tasks",
  "session-loss",
  "progress",
  "retry-storm",
  "timeout-cascade",
  "disconnect",
];

export function findingsIn({ checks: judged, thresholds, replay }: Verdicts): readonly ProbeFinding[] {
  const found = judged.flatMap(({ check, findings }) =>
    findings.map(({ grade, blames, says, fix, witness }) => ({
      finding: { grade, of: check, blames, says, fix, again: `${replay} --set 'checks=[${check}]'` },
      ops: witness.ops.length,
    })),
  );
  const slow = thresholds
    .filter(({ verdict }) => verdict === "fail")
    .map(({ expression, shown = "more", samples }) => ({
      finding: {
        grade: "violation" as const,
        of: "threshold",
        blames: "server" as const,
        says: `once the troubles are over it is far slower than before: ${expression} was ${shown} (n ${samples})`,
        fix: "Look for what a trouble leaves behind: a queue, a pool of dead connections, a breaker that stays open.",
        again: replay,
      },
      ops: samples,
    }));
  const inOrder = [...found, ...slow].toSorted(byHurt).map(({ finding }) => finding);
  return [...Map.groupBy(inOrder, likeness).values()].flatMap(([first, ...alike]) =>
    first === undefined ? [] : [alike.length === 0 ? first : { ...first, alike: alike.length }],
  );
}

/** What the first calls have shown, before anything was broken. */
export function findingsOfLook(ends: Looked["ends"], again: string): readonly ProbeFinding[] {
  return ends.map(({ tool, args }) => ({
    grade: "violation",
    of: "first calls",
    blames: "server",
    says: `its process ended when ${tool} was called with ${JSON.stringify(args)}, and nothing was broken`,
    fix: "Answer with isError and a reason; let no call end the process that others need too.",
    again,
  }));
}

/** What differs only in its numbers and ids is told once. */
function likeness({ grade, of, says }: ProbeFinding): string {
  return `${grade} ${of} ${says.replaceAll(/\b[\da-f]{8}\.[\w.-]+|\d+(?:\.\d+)?/g, "#").replaceAll(/#(?:, #)*/g, "#")}`;
}

interface Weighed {
  readonly finding: ProbeFinding;
  readonly ops: number;
}

function byHurt(a: Weighed, b: Weighed): number {
  const byGrade = grades.indexOf(a.finding.grade) - grades.indexOf(b.finding.grade);
  return byGrade || harmOf(a.finding.of) - harmOf(b.finding.of) || b.ops - a.ops;
}

function harmOf(check: string): number {
  const at = byHarm.indexOf(check);
  return at === -1 ? byHarm.length : at;
}

/** What holds, and how strong that is. */
export function heldIn({ checks: judged }: Verdicts): readonly { readonly check: string; readonly strength: string }[] {
  return judged.flatMap(({ check, verdict, strength, findings, warnings }) =>
    verdict === "pass" && failing(findings).length === 0
      ? [{ check, strength: strength ?? `${warnings} warnings` }]
      : [],
  );
}

/** What was meant to be judged, and could not be for want of evidence. */
export function unprovenIn({ checks: judged, thresholds, gaps }: Verdicts): readonly Untested[] {
  // A run that ended early says so once, and not of each fault that was to come.
  const stopped = gaps.some(({ gap }) => gap === "run-stopped" || gap === "target-ended");
  const missing = gaps.filter(({ gap }) => !(stopped && gap === "fault-not-observed"));
  if (missing.length > 0) return missing.map(({ gap, says }) => ({ what: gap, because: says }));
  return [
    ...judged
      .filter(({ verdict }) => verdict === "unknown")
      .map(({ check, because = "evidence is missing" }) => ({ what: check, because })),
    ...thresholds
      .filter(({ verdict }) => verdict === "unknown")
      .map(({ expression, because = "too few samples" }) => ({ what: expression, because })),
  ];
}

/** Each of its faults has shown; their ids begin with the episode. */
export function hasShown(
  trouble: string,
  faults: readonly { readonly fault: string; readonly observedUs?: number }[],
): boolean {
  const its = faults.filter(({ fault }) => fault.startsWith(`${trouble}.`));
  return (
    its.length > 0 &&
    its.every(({ fault }) => faults.some((one) => one.fault === fault && one.observedUs !== undefined))
  );
}

export interface Probed {
  readonly asked: Asked;
  readonly leftAlone: readonly LeftAlone[];
  readonly leftOut: readonly Trouble[];
  /** Tools that are called and do not say that they only read. */
  readonly others: readonly string[];
  /** As it was played; absent where nothing was. */
  readonly verdicts?: Verdicts;
  readonly planned: readonly string[];
}

const needsUpstream = new Set(["silent-empty", "retry-storm", "timeout-cascade", "disconnect"]);
/** Of a check that has come since. */
const elsewhere = { because: "a probe does not look at it", hint: "a scenario can: squall init" };
/** Over stdio a session is a process, which nobody else could know, and there are no streams to resume. */
const onlyOverHttp = new Set(["session-loss", "lost-tasks", "lost-streams"]);

/** What a probe never looks at, why, and where that can be had. */
const needsScenario: Readonly<Record<string, { readonly because: string; readonly hint: string }>> = {
  "duplicate-effects": {
    because: "what calls change in the world was not counted",
    hint: "a scenario with effects, and where to read them back: squall init",
  },
  "wrong-effects": {
    because: "what calls change in the world was not counted",
    hint: "a scenario with effects, and where to read them back: squall init",
  },
  drift: { because: "no tool was called", hint: "name those that may be: --allow-tool NAME" },
  "lost-streams": {
    because: "no event stream was cut under callers who resume it",
    hint: "a scenario with sse-cut, and reconnect: { stream: resume } in the policy",
  },
  bleed: { because: "nobody has said what an answer must hold of its call", hint: "a scenario with echo" },
  "lost-tasks": { because: "no tool was called as a task", hint: "a scenario with a step task: server.Tool" },
  progress: { because: "no call asked to be told how far it is", hint: "a scenario with progress: true" },
  "tampered-state": {
    because: "no call changed a requestState on its way",
    hint: "a scenario with tamper: true at a call",
  },
  "session-loss": { because: "the server runs once", hint: "a scenario with replicas: 2" },
};

export function untestedIn({ asked, leftAlone, leftOut, others, planned, verdicts }: Probed): readonly Untested[] {
  const { upstreams, isStarted, transport } = asked;
  const open = checks.filter(
    ({ name }) => !planned.includes(name) && (transport === "http" || !onlyOverHttp.has(name)),
  );
  const needs = ({ name }: { readonly name: string }): Omit<Untested, "what"> => {
    if (!needsUpstream.has(name)) return needsScenario[name] ?? elsewhere;
    return upstreams.length === 0
      ? { because: "nothing behind the server was broken: no upstream is named", hint: upstreamHint(asked) }
      : { because: "a probe of a minute has no room for it", hint: "a scenario has: squall init" };
  };
  const together = Map.groupBy(open, (check) => needs(check).because);
  const abouts = [...together.values()].flatMap((of) => {
    const [first] = of;
    return first === undefined ? [] : [{ what: of.map(({ name }) => name).join(", "), ...needs(first) }];
  });
  return [
    ...toldTogether(leftAlone),
    ...(verdicts?.notCovered ?? []).map(({ check, because }) => ({ what: check, because })),
    ...(leftOut.length === 0
      ? []
      : [
          {
            what: leftOut.map(({ name }) => name).join(", "),
            because: "left out, so that all ends within a minute",
            hint: "a scenario has the time: squall init",
          },
        ]),
    ...(others.length === 0 || transport === "stdio"
      ? []
      : [
          {
            what: "lost answers",
            because: `${others.join(", ")} ${others.length === 1 ? "does" : "do"} not say that it is safe to lose one`,
            hint: "a scenario with effects tells what is done twice: squall init",
          },
        ]),
    ...(isStarted ? [] : [processOf(asked)]),
    ...abouts,
  ];
}

function upstreamHint({ isStarted, transport }: Asked): string {
  const flags = "--upstream VARIABLE=url, or --egress host:port";
  if (isStarted) return `name what it talks to: ${flags}`;
  return transport === "stdio" ? flags : `let Squall start it: squall probe URL ${flags} -- command…`;
}

function processOf({ named }: Asked): Untested {
  return {
    what: "killed, paused",
    because: "the server runs already, so its process is not Squall's to break",
    hint: `let Squall start it: squall probe ${named} -- command…`,
  };
}

const toolsTold = 5;

/** Tools that are left alone for the same reason are told together. */
function toldTogether(leftAlone: readonly LeftAlone[]): Untested[] {
  const because = Map.groupBy(leftAlone, (one) => one.because);
  return [...because].map(([says, of]) => {
    const names = of.map(({ tool }) => tool);
    const [first] = of;
    const more = names.length > toolsTold ? ` and ${names.length - toolsTold} more` : "";
    return {
      what: `${names.slice(0, toolsTold).join(", ")}${more}`,
      because: says,
      ...(first?.hint === undefined ? {} : { hint: first.hint }),
    };
  });
}

export function baselineIn(
  figures: readonly BaselineFigure[],
): readonly { readonly tool: string; readonly p50: string; readonly calls: number }[] {
  const inBaseline = figures.filter(({ phase }) => phase === "baseline");
  return inBaseline.map(({ tool, response }) => ({
    tool,
    calls: response.samples,
    p50: response.p50Us === undefined ? "n too small" : formatDuration(response.p50Us / 1000, 3),
  }));
}

interface BaselineFigure {
  readonly tool: string;
  readonly phase: string;
  readonly response: { readonly samples: number; readonly p50Us?: number };
}
