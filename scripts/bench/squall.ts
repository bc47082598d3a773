/** Squall as its users run it: the built command line, a scenario in a file, a history on disk. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { figuresDocument, type Figures } from "../../src/measure/figures.ts";
import { verdictsDocument, type Verdicts } from "../../src/reporters/verdicts.ts";
import { entries, type ScenarioInput } from "../../src/scenario/schema.ts";
import { args, tool } from "./call-body.ts";
import { cli, type Lab } from "./lab.ts";

export interface Playing {
  readonly pid: number;
  /** Resolves when the phase begins. */
  phase(name: string): Promise<void>;
  /** Resolves when the run is over and only its judgement is to come. */
  readonly done: Promise<void>;
  readonly judged: Promise<Judged>;
  kill(signal: NodeJS.Signals): void;
}

export interface Judged {
  readonly exitCode: number | null;
  readonly verdicts: Verdicts;
  readonly figures: Figures;
}

/** Straight from agent to server, without tap and proxy between them. */
export const hasDirect = "direct" in entries.server.shape;
const direct: object = hasDirect ? { direct: true } : {};

export interface Calling {
  readonly url: URL;
  readonly wire?: "lean" | "sdk";
  readonly arrivals: ScenarioInput["agents"][string]["arrivals"];
  /** Calls of one walk; many of them hide the millisecond that a closed group waits between two walks. */
  readonly steps: number;
  readonly phases: ScenarioInput["phases"];
  readonly straight: boolean;
}

/** Agents that do nothing but call; that all of their calls were answered is judged like any threshold. */
export function callingScenario({ url, wire = "lean", arrivals, steps, phases, straight }: Calling): ScenarioInput {
  return {
    name: "bench",
    servers: { bare: { url: url.href, ...(straight ? direct : {}) } },
    agents: {
      callers: { wire, arrivals, chain: Array.from({ length: steps }, () => ({ call: `bare.${tool}`, args })) },
    },
    phases,
    checks: ["survives"],
    thresholds: ["error-rate(callers) <= 0%"],
  };
}

let runs = 0;

export async function play(lab: Lab, scenario: ScenarioInput): Promise<Playing> {
  runs += 1;
  const file = join(lab.folder, `scenario-${runs}.yaml`);
  // JSON is YAML too.
  await writeFile(file, JSON.stringify(scenario));
  const out = join(lab.folder, `run-${runs}`);
  const phases = new Map<string, PromiseWithResolvers<void>>();
  const phaseNamed = (name: string): PromiseWithResolvers<void> => {
    const known = phases.get(name) ?? Promise.withResolvers<void>();
    phases.set(name, known);
    return known;
  };
  const done = Promise.withResolvers<void>();
  const running = lab.start([cli, "run", file, "--json", "--out", out], {
    onStderrLine: (line) => {
      if (line.startsWith("done in ")) done.resolve();
      const [, phase] = /^([\w.-]+) \(/.exec(line) ?? [];
      if (phase !== undefined) phaseNamed(phase).resolve();
    },
  });
  const judged = running.ended.then(async ({ code, stdout, stderr }) => {
    try {
      const verdicts = verdictsDocument.parse(JSON.parse(stdout));
      const text = await readFile(join(out, verdicts.run, "figures.json"), "utf8");
      return { exitCode: code, verdicts, figures: figuresDocument.parse(JSON.parse(text)) };
    } catch (cause) {
      throw new Error(`squall ended with ${code} and no verdict: ${stderr.trim().slice(-600)}`, { cause });
    } finally {
      // A history of millions of calls takes gigabytes, and nobody reads it any more.
      await rm(out, { recursive: true, force: true });
    }
  });
  judged.catch(() => undefined);
  const orEnded = (moment: Promise<void>, what: string): Promise<void> =>
    Promise.race([
      moment,
      judged.then(() => {
        throw new Error(`squall ended before ${what}`);
      }),
    ]);
  const isDone = orEnded(done.promise, "its run was done");
  isDone.catch(() => undefined);
  return {
    pid: running.pid,
    phase: (name) => orEnded(phaseNamed(name).promise, `the phase ${name}`),
    done: isDone,
    judged,
    kill: (signal) => running.kill(signal),
  };
}

/** What tells whether a run proves anything. */
export interface Proof {
  readonly exitCode: number | null;
  readonly verdicts: Pick<Verdicts, "gaps" | "thresholds" | "checks">;
  readonly figures: { readonly tools: readonly Pick<Figures["tools"][number], "ops">[] };
}

/** Why a run proves nothing: calls that failed, a gap in its evidence. */
export function troubleOf({ exitCode, verdicts }: Proof): string[] {
  if (exitCode === 0) return [];
  const says = [...verdicts.gaps.map((gap) => gap.says), ...failures(verdicts)];
  return [`squall exited with ${exitCode}: ${says.join("; ") || "see its verdicts"}`];
}

/** The same where it was to run as fast as it can: that its threads were busy all the time is no gap then. */
export function troubleAtFullSpeed({ exitCode, verdicts, figures }: Proof): string[] {
  const unanswered = figures.tools.reduce((sum, { ops }) => sum + ops.failed + ops.unknown, 0);
  return [
    ...(exitCode === 0 || exitCode === 2 ? [] : [`squall exited with ${exitCode}`]),
    ...verdicts.gaps.filter(({ gap }) => gap !== "generator-behind").map((gap) => gap.says),
    ...failures(verdicts),
    ...(unanswered === 0 ? [] : [`${unanswered} calls were not answered`]),
  ];
}

function failures({ thresholds, checks }: Proof["verdicts"]): string[] {
  return [
    ...thresholds.flatMap(({ verdict, expression }) => (verdict === "fail" ? [`missed ${expression}`] : [])),
    ...checks.flatMap(({ verdict, check }) => (verdict === "fail" ? [`${check} failed`] : [])),
  ];
}
