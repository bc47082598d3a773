/** One run of the table, played by the built command line. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { verdictsDocument } from "../../src/reporters/verdicts.ts";
import { cellsOf, setsOf, type Cell, type Run } from "./cells.ts";

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

// A machine that is too busy to load anything says so, and then nothing of the server.
const triesMax = 3;

export interface Played {
  readonly cells: readonly Cell[];
  readonly seed: number;
  /** What is missing, so that its verdicts tell nothing. */
  readonly gaps: readonly string[];
}

export async function play(run: Run, out: string): Promise<Played> {
  const file = at(`scenarios/profiles/${run.scenario}.yaml`);
  for (let tries = 1; ; tries += 1) {
    const args = ["run", file, ...setsOf(run), "--json", "--quiet", "--out", out];
    const verdicts = verdictsDocument.parse(JSON.parse(await stdoutOf(args)));
    const gaps = verdicts.gaps.map(({ says }) => says);
    if (gaps.length === 0 || tries === triesMax) return { cells: cellsOf(run, verdicts), seed: verdicts.seed, gaps };
  }
}

function stdoutOf(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [at("dist/cli.js"), ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const pass = (): boolean => child.kill("SIGTERM");
  process.once("SIGINT", pass).once("SIGTERM", pass);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => {
      process.off("SIGINT", pass).off("SIGTERM", pass);
      if (stdout === "") reject(new Error(`no verdicts of squall ${args.join(" ")}:\n${stderr}`));
      else resolve(stdout);
    });
  });
}
