/** The verdict as a person reads it in a terminal: what holds and how strong, what does not, what was not covered. */
import { degradedSaid } from "./degraded-words.ts";
import { unexpectedSaid } from "./egress-words.ts";
import { heldSaid } from "./held-words.ts";
import { generatorSaid } from "./generator-words.ts";
import { listedSaid } from "./listed-words.ts";
import { colours, marks, painter, printable, type Paint } from "./paint.ts";
import type { Reporter } from "./reporter.ts";
import { closingOf } from "./summary.ts";
import { titles } from "./titles.ts";
import { engineSaid, verdictsDocument, wasInterrupted, type Verdicts } from "./verdicts.ts";

type Check = Verdicts["checks"][number];
type Threshold = Verdicts["thresholds"][number];
type Finding = Check["findings"][number];

export const terminal: Reporter = {
  name: "terminal",
  about: "The verdict as text.",
  render: ({ verdicts: raw, figures, directory }, style) => {
    const { generator } = figures;
    const verdicts = allPrintable(raw);
    const { checks, thresholds, notCovered, gaps, engine, replay } = verdicts;
    const paint = painter(style);
    const unexpected = unexpectedSaid(verdicts);
    const kept = generator === undefined ? "" : generatorSaid(generator);
    const degraded = degradedSaid(figures);
    const lines = [
      headline(verdicts, paint),
      ...(thresholds.length === 0 ? [] : [""]),
      ...thresholds.map((threshold) => thresholdLine(threshold, gaps.length > 0, paint)),
      ...(checks.length === 0 ? [] : [""]),
      ...checks.flatMap((check) => checkLines(check, gaps.length > 0, paint)),
      ...(notCovered.length === 0
        ? []
        : ["", "Not covered:", ...notCovered.map(({ check, because }) => `  - ${check}: ${because}`)]),
      ...(unexpected.length === 0 ? [] : ["", "Unexpected destinations:", ...unexpected.map((says) => `  - ${says}`)]),
      ...(gaps.length === 0
        ? []
        : ["", "Missing evidence:", ...gaps.map(({ says }) => paint("yellow", `  ? ${says}`))]),
      "",
      ...listedSaid(figures).map((says) => `Listed: ${printable(says)}`),
      ...heldSaid(figures).map((said) => `Held:   ${said}`),
      ...(degraded === "" ? [] : [`Degraded: ${degraded}`]),
      ...(kept === "" ? [] : [paint("dim", `Generator: ${kept}`)]),
      ...(engine === undefined ? [] : [paint("dim", `Engine: ${engineSaid(engine)}`)]),
      `Files:  ${printable(directory)} (open report.html)`,
      `Replay: ${replay}`,
    ];
    return `${lines.join("\n")}\n`;
  },
  several: { as: "in-turn", close: closingOf },
};

function headline({ verdict, mode, scenario, seed, exitCode }: Verdicts, paint: Paint): string {
  const interrupted = wasInterrupted({ exitCode }) ? " (interrupted)" : "";
  return `${paint(["bold", colours[verdict]], titles[mode][verdict])}${interrupted}  ${scenario}  seed ${seed}`;
}

/** The bound and what was measured, on one line. */
function thresholdLine(
  { expression, verdict, shown, samples, because }: Threshold,
  evidenceIsMissing: boolean,
  paint: Paint,
): string {
  const note = verdict === "unknown" && evidenceIsMissing ? "evidence is missing" : because;
  const measured = shown === undefined ? [] : [`${shown} (n ${samples})`];
  const told = [...measured, ...(note === undefined ? [] : [note])].join("  ");
  return `${paint(colours[verdict], `${marks[verdict]} ${expression}`)}  ${told}`;
}

function checkLines(
  { check, verdict, because, strength, warnings, findings }: Check,
  evidenceIsMissing: boolean,
  paint: Paint,
): string[] {
  // What is missing is missing for every check alike; it is said once, below.
  const note = verdict === "unknown" && evidenceIsMissing ? "evidence is missing" : (because ?? strength);
  const warned =
    warnings > 0 && verdict === "pass" ? `, with ${warnings} ${warnings === 1 ? "warning" : "warnings"}` : "";
  const tail = note === undefined ? "" : `  ${note}`;
  return [
    paint(colours[verdict], `${marks[verdict]} ${check}`) + warned + tail,
    ...findings.flatMap((finding) => findingLines(finding, paint)),
  ];
}

function findingLines({ grade, blames, says, why, fix, witness }: Finding, paint: Paint): string[] {
  if (grade === "info") return [paint("dim", `    info: ${says}`)];
  return [
    `    ${paint(grade === "violation" ? "red" : "yellow", grade)} of the ${blames}: ${says}`,
    `      why it matters: ${why}`,
    `      how to fix it:  ${fix}`,
    paint("dim", `      witness: ${witness.events.join(" ")}`),
  ];
}

function allPrintable(verdicts: Verdicts): Verdicts {
  const cleaned: unknown = JSON.parse(JSON.stringify(verdicts), (_, value: unknown) =>
    typeof value === "string" ? printable(value) : value,
  );
  return verdictsDocument.parse(cleaned);
}
