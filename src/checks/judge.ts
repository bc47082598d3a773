/**
 * From a history to verdicts. Comes in: a way to read the events, twice. Goes out: what each declared check says, with
 * every pass tried against a planted defect and against the gaps in the evidence.
 */
import { UserError } from "../errors.ts";
import type { Declared, FailOn } from "../history/declared.ts";
import type { EventOf, HistoryEvent } from "../history/events.ts";
import { assembleRecords } from "../history/records.ts";
import type { Figures } from "../measure/figures.ts";
import type { Histograms } from "../measure/histograms.ts";
import { measure, type Measured } from "../measure/measure.ts";
import { storiesOf } from "../measure/stories.ts";
import type { Check, Fold, Judgement, Premises, Verdict } from "./check.ts";
import { troubledAmong, withoutTrouble } from "./engine-trouble.ts";
import { weighEvidence, type Account, type Gap } from "./evidence.ts";
import { guarded } from "./guarded.ts";
import { judgeThresholds, type ThresholdResult } from "./thresholds.ts";
import { each, readAgain, type ReadEvents } from "./trials.ts";

export interface CheckResult extends Judgement {
  readonly check: string;
  readonly warnings: number;
}

export interface Judged {
  readonly started: EventOf<"run-started">;
  readonly verdict: Verdict;
  readonly failOn: FailOn;
  readonly checks: readonly CheckResult[];
  readonly thresholds: readonly ThresholdResult[];
  readonly notCovered: readonly { readonly check: string; readonly because: string }[];
  readonly account: Account;
  readonly figures: Figures;
  readonly histograms: Histograms;
}

/** What fails the run is what the run was asked for, unless the caller says otherwise. */
export async function judge(
  read: ReadEvents,
  registry: readonly Check[],
  options: { readonly failOn?: FailOn } = {},
): Promise<Judged> {
  const started = await firstEvent(read);
  const { failOn = started.failOn ?? "violation" } = options;
  const premises: Premises = { declared: started.declared, mode: started.mode };
  const chosen = registry.filter(({ name }) => started.declared.checks.includes(name));
  const notCovered = chosen.flatMap((check) => {
    const because = check.notApplicable(started.declared);
    return because === undefined ? [] : [{ check: check.name, because }];
  });
  const applicable = chosen.filter(({ name }) => notCovered.every(({ check }) => check !== name));

  const { first, measured, thresholds, account } = await readOnce(read, { started, premises, applicable });
  const judgements = first.map(({ check, fold, judgement }) => ({ check, fold, judgement: held(judgement, failOn) }));
  const passed = judgements.filter(({ judgement }) => judgement.verdict === "pass").map(({ check }) => check);
  const witnesses = first.flatMap(({ judgement }) => witnessesOf(judgement));
  const asked = first.flatMap(({ fold }) => fold?.asks?.() ?? []);
  const { blind, told } = await readAgain(read, { passed, witnesses, asked, premises });
  const inFull = judgements.map(({ check, fold, judgement }) => {
    return { check, judgement: fold === undefined ? judgement : held(fold.end(told), failOn) };
  });
  const ids = new Set(inFull.flatMap(({ judgement }) => judgement.findings.flatMap(({ witness }) => witness.events)));
  const troubled = await troubledAmong(read, { ids, troubles: account.troubles });
  const results = inFull.map(({ check, judgement: found }) => {
    const judgement = withoutTrouble(found, { troubled, troubles: account.troubles, failOn });
    return resultOf(check, believed({ check, judgement, account, blind }));
  });
  const all = [...results, ...unheardOf(started.declared.checks, registry)];
  return {
    started,
    verdict: overall([...all, ...thresholds]),
    failOn,
    checks: all,
    thresholds,
    notCovered: [
      ...notCovered,
      ...directLinks(started.declared),
      ...unreadLinks(started.declared),
      ...(account.egress?.notCovered ?? []),
      ...account.unheard,
    ],
    account,
    figures: { ...measured.figures, stories: storiesOf(witnesses, told) },
    histograms: measured.histograms,
  };
}

interface FirstReading {
  /** What each check says. Its fold is still there where words for single ops are wanting. */
  readonly first: readonly { readonly check: Check; readonly judgement: Judgement; readonly fold: Fold | undefined }[];
  readonly measured: Pick<Measured, "figures" | "histograms">;
  readonly thresholds: readonly ThresholdResult[];
  readonly account: Account;
}

/** What is left of it is small: all else that it took is gone before the second reading. */
async function readOnce(
  read: ReadEvents,
  about: {
    readonly started: EventOf<"run-started">;
    readonly premises: Premises;
    readonly applicable: readonly Check[];
  },
): Promise<FirstReading> {
  const { started, premises, applicable } = about;
  const evidence = weighEvidence(premises);
  const folds = applicable.map((check) => ({ check, fold: guarded(check, premises) }));
  const measuring = measure(started);
  const assembler = assembleRecords(started.declared);
  const take = (event: HistoryEvent): void => {
    evidence.on(event);
    const records = assembler.push(event);
    measuring.on(event, records);
    for (const record of records) for (const { fold } of folds) fold.on(record);
  };
  await each(read, take);
  const rest = assembler.flush();
  for (const record of rest) for (const { fold } of folds) fold.on(record);

  const measured = measuring.end(rest);
  const { gaps, ...weighed } = evidence.end();
  const account = {
    ...weighed,
    gaps: [...gaps, ...notFollowed(assembler.cutOff()), ...nothingJudged(started.declared, applicable)],
  };
  const first = folds.map(({ check, fold }) => {
    const judgement = fold.end();
    return { check, judgement, fold: witnessesOf(judgement).length > 0 ? fold : undefined };
  });
  const { figures, histograms } = measured;
  return { first, measured: { figures, histograms }, thresholds: judgeThresholds(measured, account), account };
}

function witnessesOf({ findings }: Judgement): readonly string[] {
  return findings.flatMap(({ witness }) => witness.ops);
}

function notFollowed(ops: number): Gap[] {
  if (ops === 0) return [];
  const says = `${ops} ops were still under way when there was no room to follow more, so their end was not seen`;
  return [{ gap: "ops-not-followed", says }];
}

/** Links that the scenario keeps taps away from. */
function directLinks({ servers, steps }: Declared): Judged["notCovered"] {
  const direct = new Set(servers.filter(({ direct: is }) => is === true).map(({ server }) => server));
  const links = steps.filter(({ server }) => direct.has(server)).map(({ group, server }) => `${group}@${server}`);
  return [...new Set(links)].map((link) => ({
    check: `the link ${link}`,
    because: "agents call the server straight, so no tap saw what passed",
  }));
}

/** Links to upstreams that speak what no tap can read. */
function unreadLinks({ links }: Declared): Judged["notCovered"] {
  const unread = links.filter(({ plane, protocol }) => plane === "server-upstream" && protocol === "tcp");
  return unread.map(({ link }) => ({
    check: `the requests on ${link}`,
    because: "it speaks tcp: connections and bytes were seen there, and no request",
  }));
}

/** A pass of what only stands by is not what was asked for, unless it was asked for by name. */
function nothingJudged({ thresholds, checks }: Declared, applicable: readonly Check[]): Gap[] {
  const bystanders = applicable.filter(({ isBystander }) => isBystander === true).map(({ name }) => name);
  const isAskedFor = checks.length > 0 && checks.every((name) => bystanders.includes(name));
  if (thresholds.length > 0 || applicable.length > bystanders.length || isAskedFor) return [];
  const but = bystanders.length === 0 ? "" : ` but ${bystanders.join(", ")}`;
  const says = `no check${but} applies to this scenario and it sets no threshold, so nothing was judged`;
  return [{ gap: "nothing-judged", says }];
}

/** What an older or newer Squall was asked to check and this one cannot. */
function unheardOf(names: readonly string[], registry: readonly Check[]): CheckResult[] {
  const unknown = names.filter((name) => registry.every((check) => check.name !== name));
  const because = "this version of Squall has no such check";
  return unknown.map((check) => ({ check, verdict: "unknown", because, looked: 0, warnings: 0, findings: [] }));
}

/** False beats unknown beats true; and nothing judged is unknown, never a pass. */
function overall(results: readonly { readonly verdict: Verdict }[]): Verdict {
  if (results.some(({ verdict }) => verdict === "fail")) return "fail";
  return results.length === 0 || results.some(({ verdict }) => verdict === "unknown") ? "unknown" : "pass";
}

async function firstEvent(read: ReadEvents): Promise<EventOf<"run-started">> {
  for await (const some of read()) {
    const first = "type" in some ? some : some[0];
    if (first?.type === "run-started") return first;
    if (first !== undefined) break;
  }
  throw new UserError("this history has no beginning: its first event is not run-started");
}

/** Where weaknesses fail, a pass with one is none. What a check does not dare to say stays unknown. */
function held(judgement: Judgement, failOn: FailOn): Judgement {
  const weak = judgement.findings.some(({ grade }) => grade === "weakness");
  if (failOn === "violation" || judgement.verdict !== "pass" || !weak) return judgement;
  const { strength: _, ...rest } = judgement;
  return { ...rest, verdict: "fail", because: "a weakness fails this run (--fail-on weakness)" };
}

function believed(about: {
  readonly check: Check;
  readonly judgement: Judgement;
  readonly account: Account;
  readonly blind: ReadonlySet<string>;
}): Judgement {
  const { check, judgement, account, blind } = about;
  if (judgement.verdict === "fail") return judgement;
  const { strength: _, ...rest } = judgement;
  if (account.gaps.length > 0) {
    // A gap is mostly also why the check has seen too little, so it comes first.
    const own = judgement.because === undefined ? [] : [judgement.because];
    const because = [...account.gaps.map(({ says }) => says), ...own].join("; ");
    return { ...rest, verdict: "unknown", because };
  }
  if (judgement.verdict === "unknown") return judgement;
  if (blind.has(check.name)) {
    return {
      ...rest,
      verdict: "unknown",
      because: "a defect planted in this history was not found, so the pass is blind",
    };
  }
  return judgement;
}

function resultOf(check: Check, judgement: Judgement): CheckResult {
  const warnings = judgement.findings.filter(({ grade }) => grade === "weakness").length;
  return { check: check.name, ...judgement, warnings };
}
