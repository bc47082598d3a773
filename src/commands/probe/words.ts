/** A probe as a person reads it: what will be done before it is done, and what was learned behind it. */
import { marks, painter, printable, type Paint } from "../../reporters/paint.ts";
import type { ReportStyle } from "../../reporters/reporter.ts";
import { counted, formatDuration } from "../../units.ts";
import type { ProbeDocument } from "./document.ts";

const argsMost = 100;
/** One line of evidence; all of it is in the report. */
const saysMost = 400;

/** Before anything is broken. */
export function planInWords(plan: ProbeDocument): string {
  const { server, transport, protocol, tools, called, troubles, durationMs } = plan;
  const lines = [
    `${printable(server)}: MCP ${protocol} over ${transport === "http" ? "HTTP" : "stdio"}, ${counted(tools, "tool")}`,
    "",
    ...(called.length === 0 ? ["Calls no tool."] : callLines(called)),
    "",
    ...(troubles.length === 0
      ? ["Breaks nothing."]
      : [
          `Breaks ${counted(troubles.length, "thing")} for a while, one after another:`,
          ...troubles.map(({ name, about }) => `  ${name}: ${printable(about)}`),
          "",
          `The phases take ${formatDuration(durationMs)}.`,
        ]),
  ];
  return `${lines.join("\n")}\n`;
}

/** Together as long as they may be called for the same reason. */
function callLines(called: ProbeDocument["called"]): string[] {
  const width = Math.min(40, Math.max(...called.map(({ tool }) => tool.length)));
  const byReason = Map.groupBy(called, ({ because }) => because);
  return [...byReason].flatMap(([because, of]) => [
    `Calls ${counted(of.length, "tool")}: ${printable(because)}`,
    ...of.map(
      ({ tool, args, from }) =>
        `  ${printable(tool).padEnd(width)}  ${printable(cut(JSON.stringify(args)))}  ${printable(from)}`,
    ),
  ]);
}

function cut(text: string, most = argsMost): string {
  return text.length > most ? `${text.slice(0, most - 1)}…`.toWellFormed() : text;
}

/** Behind it: what hurts most first, then what holds, what is not proven, what could not be tested. */
export function learnedInWords(probe: ProbeDocument, style: ReportStyle): string {
  const paint = painter(style);
  const { findings, held, baseline, unproven, untested, scenario, run, replay, verdict } = probe;
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [title, ...lines, ""];
  const lines = [
    ...section(
      "What hurts most first:",
      findings.flatMap((finding) => findingLines(finding, paint)),
    ),
    ...section(
      "What held:",
      held.map(({ check, strength }) => `  ${paint("green", `${marks.pass} ${check}`)}  ${printable(strength)}`),
    ),
    ...section(
      "Usual times, from the baseline:",
      baseline.map(({ tool, p50, calls }) => `  ${printable(tool)}  p50 ${p50} (n ${calls})`),
    ),
    ...section(
      "Not proven, for want of evidence:",
      unproven.map(({ what, because }) =>
        paint("yellow", `  ${marks.unknown} ${printable(what)}: ${printable(because)}`),
      ),
    ),
    ...section(
      verdict === undefined ? "Not tested, and what would make it testable:" : "Not tested:",
      untested.flatMap(({ what, because, hint }) => [
        `  - ${printable(what)}: ${printable(cut(because, saysMost))}`,
        ...(hint === undefined ? [] : [paint("dim", `      ${printable(hint)}`)]),
      ]),
    ),
    ...(run === undefined ? [] : [`Report:   ${printable(run)}/report.html`]),
    ...(verdict === undefined ? [] : [`Scenario: ${printable(scenario)}`, `Again:    ${printable(replay)}`]),
    ...(verdict === undefined ? [] : [""]),
    paint(
      ["bold", verdict === "pass" && probe.exitCode === 0 ? "green" : verdict === "fail" ? "red" : "yellow"],
      printable(probe.says),
    ),
  ];
  return `${lines.join("\n")}\n`;
}

function findingLines(finding: ProbeDocument["findings"][number], paint: Paint): string[] {
  const { grade, of, blames, says, fix, again, alike } = finding;
  if (grade === "info") return [paint("dim", `  info, ${of}: ${printable(cut(says, saysMost))}`)];
  return [
    `  ${paint(grade === "violation" ? "red" : "yellow", `${grade} of the ${blames}`)}, ${of}: ${printable(cut(says, saysMost))}`,
    ...(alike === undefined ? [] : [`      and ${alike} more that differ only in their numbers, see the report`]),
    `      how to fix it: ${printable(fix)}`,
    paint("dim", `      again: ${printable(again)}`),
  ];
}

/** The last line: never better than what was tested. */
export function verdictInWords(probe: Omit<ProbeDocument, "says">): string {
  const { verdict, called, tools, troubles, findings, unproven } = probe;
  const count = (grade: string): number => findings.filter((finding) => finding.grade === grade).length;
  const shown = troubles.filter((trouble) => trouble.shown !== false).length;
  const tried = `${called.length} of ${counted(tools, "tool")} through ${counted(shown, "trouble")}`;
  if (verdict === undefined) return "Nothing was tested, so nothing good is known of this server.";
  if (verdict === "fail") {
    const weak =
      count("weakness") === 0 ? "" : ` and ${counted(count("weakness"), "weakness").replace(/ss(s?)$/, "ss$1")}`;
    return `It does not hold: ${counted(count("violation"), "violation")}${weak}, in ${tried}.`;
  }
  if (verdict === "unknown") {
    const [first] = unproven;
    return `Inconclusive: ${first === undefined ? "evidence is missing" : first.because}.`;
  }
  if (called.length === 0)
    return "No tool was called, so nothing is known of what they do, and this is no pass. What would let them be called stands above.";
  const warned = count("weakness") > 0 ? `, with ${counted(count("weakness"), "warning")}` : "";
  return `It held${warned}: ${tried}. What was not tested is listed above.`;
}
