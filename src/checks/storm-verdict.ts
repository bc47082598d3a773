/** What a run's repeats are worth as a verdict: why they prove nothing, or how much they do. */
import { counted, formatDuration } from "../units.ts";
import type { Finding } from "./check.ts";
import {
  baselineMin,
  hasteOf,
  hitsMin,
  mean,
  medianOf,
  requestsPerAttempt,
  type Storm,
  type Tally,
} from "./storm-tally.ts";

export interface Tool {
  readonly tool: string;
  readonly server: string;
  readonly tally: Tally;
  /** Its requests name their op; else their time alone tells whose they are. */
  readonly named: boolean;
  readonly storm: Storm | undefined;
  /** What it asked for by path alone, where that may be a storm that hides behind other queries or bodies. */
  readonly unclear: Tally | undefined;
  /** It repeated hastily, but no oftener than it makes the same request when nothing fails. */
  readonly covered: boolean;
  /** It waited between its repeats only as far as the harness was late, in milliseconds; 0 where it surely did. */
  readonly hastyBy: number;
  /** Calls whose named requests nobody can tell apart. */
  readonly ownLeftOut: number;
  /** Failed requests at the places that it asks which name no call, beyond what the baseline lets expect. */
  readonly nameless: number;
  /** Requests at these places that came when their calls' records had been closed: in the baseline, and failed later. */
  readonly late: { readonly before: number; readonly failed: number };
}

interface Seen {
  readonly control: boolean;
  /** Some upstream request was for a call of this run. */
  readonly joined: boolean;
  /** The servers behind which a fault is planned. */
  readonly faulty: ReadonlySet<string>;
}

const hint = "let the server pass on the traceparent that it gets";

export function doubtOf(seen: Seen, tools: readonly Tool[], findings: readonly Finding[]): string | undefined {
  if (seen.control && findings.some(({ grade }) => grade !== "info")) {
    return "requests were multiplied although nothing was broken";
  }
  const unseen = unseenOf(seen, tools);
  if (unseen !== undefined) return unseen;
  return tools
    .filter(({ tally }) => tally.exposed.attempts > 0)
    .map(doubtAbout)
    .find((doubt) => doubt !== undefined);
}

/** What was not looked at, but had to be. */
function unseenOf({ control, joined, faulty }: Seen, tools: readonly Tool[]): string | undefined {
  const leftOut = tools.reduce((sum, { tally }) => sum + tally.leftOut, 0);
  const isExposed = ({ tally }: Tool): boolean => tally.exposed.attempts > 0;
  if (!joined && leftOut === 0) return `no upstream request could be joined to a call; ${hint}`;
  if (!tools.some(isExposed)) {
    if (leftOut > 0) return `nobody can tell which upstream requests ${counted(leftOut, "call")} made; ${hint}`;
    return control ? "nothing was called after the baseline" : "no call met the fault behind its server";
  }
  const hidden = tools.find((tool) => tool.ownLeftOut > 0 && !isExposed(tool));
  if (hidden !== undefined) {
    const { tool, ownLeftOut } = hidden;
    return `nobody can tell which upstream requests ${counted(ownLeftOut, "call")} of ${tool} made; ${hint}`;
  }
  const spared = [...faulty].find((server) => !tools.some((tool) => tool.server === server && isExposed(tool)));
  if (control || spared === undefined) return undefined;
  return `no call of ${spared} met the fault behind it`;
}

function doubtAbout({
  tool,
  tally,
  named,
  storm,
  unclear,
  covered,
  hastyBy,
  nameless,
  late,
}: Tool): string | undefined {
  const asked = tally.before.attempts;
  if (asked < baselineMin) {
    return `only ${counted(asked, "call")} of ${tool} asked their upstream in the baseline; ${baselineMin} are needed`;
  }
  const { attempts } = tally.hit;
  if (storm === "eager-perhaps") {
    return `${tool} repeated ${hasteOf(tally)}, but only ${counted(attempts, "call")} met the fault; ${hitsMin} are needed`;
  }
  if (!named && (storm === "eager" || storm === "endless")) {
    return `only their time tells which call the upstream requests of ${tool} were for; ${hint}`;
  }
  if (unclear !== undefined) {
    return (
      `${tool} asked one path ${mean(unclear.hit).toFixed(2)} times per call that failed upstream, ` +
      `${mean(unclear.before).toFixed(2)} before, with other queries or bodies: ` +
      "nobody can tell whether it repeated itself"
    );
  }
  if (covered) {
    return (
      `${tool} repeated failed upstream requests ${hasteOf(tally)}, but makes the same request ` +
      `${mean(tally.before).toFixed(2)} times when nothing fails: nobody can tell a storm from polling`
    );
  }
  if (hastyBy > 0) {
    const waited = formatDuration(medianOf(...tally.hit.waits));
    const late = formatDuration(Math.ceil(hastyBy));
    return `${tool} repeated failed upstream requests after ${waited}, but Squall itself was late by up to ${late}: nobody can tell whether it waited`;
  }
  // As many as make a storm, had they been its repeats.
  if (nameless >= hitsMin && nameless > attempts / 2) {
    return (
      `${nameless} more failed requests than usual where ${tool} asks name no call, ` +
      `so nobody can tell whether they repeat its own; ${hint}`
    );
  }
  // What is missing from the baseline would pass for a storm later.
  if (late.before >= hitsMin && late.before > asked / 10) {
    return (
      `${counted(late.before, "request")} in the baseline came so late where ${tool} asks ` +
      "that nobody can tell any more how many each call makes"
    );
  }
  if (late.failed >= hitsMin && late.failed > attempts / 2) {
    return (
      `${counted(late.failed, "failed request")} came so late where ${tool} asks ` +
      "that nobody can tell any more which requests they repeat"
    );
  }
  return undefined;
}

export function strengthOf({ control }: Seen, tools: readonly Tool[]): string {
  const sum = (of: (tally: Tally) => number): number => tools.reduce((total, { tally }) => total + of(tally), 0);
  const looked = sum(({ exposed }) => exposed.attempts);
  const now = sum(({ exposed }) => exposed.requests) / looked;
  // What the same calls would have cost in the baseline.
  const before = sum(
    ({ exposed, before }) => exposed.attempts * (exposed.attempts > 0 ? requestsPerAttempt(before) : 0),
  );
  const leftOut = sum((tally) => tally.leftOut);
  const late = tools.reduce((most, tool) => Math.max(most, tool.late.failed), 0);
  const aside =
    (leftOut > 0 ? `; ${leftOut} left out, whose requests nobody can tell apart` : "") +
    (late > 0 ? `; ${counted(late, "failed request")} came too late to be looked at` : "");
  const calls = counted(looked, control ? "call" : "exposed call");
  const when = control ? "after the baseline" : "under the fault";
  return (
    `0 storms in ${calls}: ${now.toFixed(2)} upstream requests per call ${when}, ` +
    `${(before / looked).toFixed(2)} before${aside}`
  );
}
