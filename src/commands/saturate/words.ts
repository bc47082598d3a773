/** What was found, as a person reads it. */
import { printable } from "../../reporters/paint.ts";
import { counted, formatDuration } from "../../units.ts";
import type { Raw, Saturation, Step } from "./saturation.ts";

const marks = { held: "✓", "not-held": "✗", unknown: "?" } as const;

export function stepLine({ came, walksPerSecond, callsPerSecond, p95Ms, errorShare, because }: Step): string {
  const figures = [
    `${figure(walksPerSecond)} walks/s`.padStart(14),
    `${figure(callsPerSecond)} calls/s`.padStart(15),
    p95Ms === undefined ? "" : `p95 ${formatDuration(p95Ms, 3)}`.padEnd(11),
    errorShare === undefined ? "" : `${figure(errorShare * 100)}% not ok`.padEnd(12),
  ];
  return `  ${marks[came]} ${figures.join("  ")}${because === undefined ? "" : `  ${printable(because)}`}`.trimEnd();
}

/** To refuse is cheaper than to answer: what was mostly refused tells nothing of what calls cost. */
export function isCeiling({ calls, refused, unanswered }: Raw): boolean {
  return calls > 0 && refused + unanswered <= calls / 100;
}

export function rawLine({
  tool,
  server,
  connections,
  seconds,
  perSecond,
  p50Ms,
  p99Ms,
  refused,
  unanswered,
}: Raw): string {
  const bad = refused + unanswered === 0 ? "no error" : `${refused} refused, ${unanswered} unanswered`;
  const over = `${counted(connections, "connection")}, ${figure(seconds)} s`;
  return `  ${figure(perSecond)} calls/s of ${printable(server)}.${printable(tool)}  (${over}; p50 ${figure(p50Ms)} ms, p99 ${figure(p99Ms)} ms; ${bad})`;
}

export function asText(found: Saturation): string {
  return `${[
    ...(found.raw === undefined
      ? []
      : ["Raw ceiling of the transport (autocannon, one body over and over):", rawLine(found.raw), ""]),
    "A rate holds if:",
    ...found.bounds.map((bound) => `  ${bound}`),
    "",
    ...conclusion(found),
    "",
    `Replay: ${found.replay}`,
  ].join("\n")}\n`;
}

function conclusion({ verdict, because, holds, fails, raw, shareOfRaw, steps }: Saturation): string[] {
  const lines: string[] = [];
  if (verdict === "found") lines.push(`The highest rate that holds is from ${load(holds)} to ${load(fails)}.`);
  else if (verdict === "not-reached") lines.push(`Every rate held, up to ${load(holds)}: ${because ?? ""}.`);
  else if (verdict === "never-held") lines.push(`No rate held, down to ${load(fails)}.`);
  else lines.push(`The highest rate that holds cannot be told: ${because ?? "nothing was tried"}.`);
  for (const [end, how] of [
    [holds, "held"],
    [fails, "held"],
  ] as const) {
    if (end === undefined) continue;
    const { k, n, low, high } = end.held;
    lines.push(
      `  ${load(end)}: ${how} ${k} of ${counted(n, "time")} (95 % sure: ${percent(low)}–${percent(high)} of such tries hold)`,
    );
  }
  if (raw !== undefined && shareOfRaw !== undefined) {
    const of = `${figure(holds?.callsPerSecond ?? 0)} of ${figure(raw.perSecond)} calls/s`;
    lines.push(
      shareOfRaw <= 1
        ? `Real agents cost ${percent(1 - shareOfRaw)} of the raw ceiling: they get ${of}.`
        : `The raw ceiling of that one call is no bound for this chain, whose other calls are cheaper: agents got ${of}.`,
    );
  }
  if (raw !== undefined && holds !== undefined && !isCeiling(raw)) {
    lines.push("What agents cost cannot be told: too many of the raw calls got no result.");
  }
  if (steps.length > 0) lines.push(`${counted(steps.length, "step")}, each a run of its own with its history.`);
  return lines;
}

function load(at: { readonly walksPerSecond: number; readonly callsPerSecond: number } | undefined): string {
  return at === undefined ? "nothing" : `${figure(at.walksPerSecond)} walks/s (${figure(at.callsPerSecond)} calls/s)`;
}

function figure(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString("en-US");
}

function percent(share: number): string {
  return `${figure(share * 100)}%`;
}
