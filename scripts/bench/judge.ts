/**
 * How long it takes to judge millions of events, and in how much memory: a made-up history, all checks, each run in a
 * process of its own under plain settings. Prints what it finds where it is started by itself:
 *
 *     node scripts/bench/judge.ts [--events 10000000] [--ops-per-second 20000] [--failures 0.3] [--duplicates 0]
 */
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { z } from "zod";
import { judge } from "../../src/checks/judge.ts";
import { checks } from "../../src/checks/registry.ts";
import { withSmallHeap } from "../../src/commands/small-heap.ts";
import { synthetic, syntheticBlocks, type SyntheticRun } from "./synthetic-history.ts";

const self = fileURLToPath(import.meta.url);

const judgedSchema = z.object({
  events: z.int(),
  /** Without those that it took to make the events up, which are no part of judging. */
  seconds: z.number(),
  makingSeconds: z.number(),
  cpuSeconds: z.number(),
  maxRssMB: z.number(),
  verdict: z.enum(["pass", "fail", "unknown"]),
  says: z.array(z.string()),
});
export type JudgedRun = z.output<typeof judgedSchema>;

type Size = Pick<SyntheticRun, "events" | "opsPerSecond" | "failures" | "duplicates">;

// As many ops a second as a machine such as ours may record with a tap on both sides of a server.
const ofMillions: Size = { events: 10_000_000, opsPerSecond: 5000, failures: 0.3, duplicates: 0 };

export interface JudgedMillions {
  readonly seconds: number;
  readonly maxRssMB: number;
  /** How many times as long ten times the events took. */
  readonly linearity: number;
  /** By how many events. */
  readonly secondsPer: Readonly<Record<number, number>>;
}

export async function judgeMillions(over: Partial<Size> = {}): Promise<JudgedMillions> {
  const size = { ...ofMillions, ...over };
  const some = await judgeApart({ ...size, events: size.events / 10 });
  const all = await judgeApart(size);
  if (all.verdict !== "pass") throw new Error(`the made-up run must pass: ${all.says.join("; ")}`);
  const { seconds, maxRssMB } = all;
  return {
    seconds,
    maxRssMB,
    linearity: seconds / some.seconds,
    secondsPer: { [some.events]: some.seconds, [all.events]: seconds },
  };
}

/** In a process of its own, so that neither its memory nor its code has seen anything before. */
async function judgeApart(size: Size): Promise<JudgedRun> {
  const child = spawn(process.execPath, [self, "--here", ...argumentsOf(size)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [out, code] = await Promise.all([text(child.stdout), new Promise((resolve) => child.once("close", resolve))]);
  if (code !== 0) throw new Error(`the judging of ${size.events} events ended with ${String(code)}`);
  return judgedSchema.parse(JSON.parse(out));
}

async function judgeHere(size: Size): Promise<JudgedRun> {
  let events = 0;
  let makingMs = 0;
  const read = async function* () {
    events = 0;
    const blocks = syntheticBlocks(size)[Symbol.iterator]();
    for (;;) {
      const fromMs = performance.now();
      const made = blocks.next();
      makingMs += performance.now() - fromMs;
      if (made.done === true) return;
      events += made.value.length;
      yield made.value;
    }
  };
  const startedMs = performance.now();
  const {
    verdict,
    checks: judged,
    thresholds,
    account,
  } = await withSmallHeap(read, (sparingly) => judge(sparingly, checks));
  const seconds = (performance.now() - startedMs - makingMs) / 1000;
  const { user, system } = process.cpuUsage();
  return {
    events,
    seconds,
    makingSeconds: makingMs / 1000,
    cpuSeconds: (user + system) / 1e6,
    maxRssMB: process.resourceUsage().maxRSS / 1024,
    verdict,
    says: [
      ...judged.map(({ check, verdict, because, strength }) => `${check} ${verdict}: ${because ?? strength ?? ""}`),
      ...thresholds.map(({ expression, verdict, shown, because }) => `${expression} ${verdict}: ${because ?? shown}`),
      ...account.gaps.map(({ says }) => says),
    ],
  };
}

function argumentsOf({ events, opsPerSecond, failures, duplicates }: Size): string[] {
  const values = { events, "ops-per-second": opsPerSecond, failures, duplicates };
  return Object.entries(values).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      here: { type: "boolean", default: false },
      events: { type: "string", default: String(ofMillions.events) },
      "ops-per-second": { type: "string", default: String(ofMillions.opsPerSecond) },
      failures: { type: "string", default: String(synthetic.failures) },
      duplicates: { type: "string", default: "0" },
    },
  });
  const size = {
    events: Number(values.events),
    opsPerSecond: Number(values["ops-per-second"]),
    failures: Number(values.failures),
    duplicates: Number(values.duplicates),
  };
  if (values.here) {
    process.stdout.write(`${JSON.stringify(await judgeHere(size))}\n`);
    return;
  }
  for (const events of [size.events / 10, size.events / 4, size.events]) {
    const { seconds, makingSeconds, cpuSeconds, maxRssMB, verdict, says } = await judgeApart({ ...size, events });
    const each = `${((seconds * 1e6) / events).toFixed(2)} us each`;
    const cost = `${seconds.toFixed(1)} s (${each}) and ${makingSeconds.toFixed(1)} s to make them up, CPU ${cpuSeconds.toFixed(1)} s, ${maxRssMB.toFixed(0)} MB`;
    process.stdout.write(`${events} events: ${cost}, ${verdict}\n`);
    if (events === size.events) process.stdout.write(says.map((line) => `  ${line}\n`).join(""));
  }
}

if (process.argv[1] === self) await main();
