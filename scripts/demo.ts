/**
 * The demo: `quickstart` on the naive and on the hardened server, side by side. Its exit code is 0 only if every defect
 * of the one was found, and nothing on the other. The runs go to `reports`, or to `--out DIR`; with `--keep DIR` their two
 * pages are copied there.
 */
import { spawn } from "node:child_process";
import { copyFile, mkdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { verdictsDocument, type Verdicts } from "../src/reporters/verdicts.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const servers = ["naive", "hardened"] as const;
type Server = (typeof servers)[number];

async function demo(): Promise<number> {
  const { values } = parseArgs({
    options: { keep: { type: "string" }, out: { type: "string", default: join(root, "reports") } },
  });
  const { out } = values;
  say("quickstart on two servers side by side, one with five defects and one with none: about half a minute\n\n");
  const [naive, hardened] = await Promise.all([play("naive", out), play("hardened", out)]);
  if (naive === undefined || hardened === undefined) return 1;

  say(`\n${table(naive, hardened)}\n`);
  const defects = naive.checks.length;
  const found = failedChecks(naive).length;
  say(`found ${found} of ${defects} defects · ${failedChecks(hardened).length} of 0\n`);
  if (hardened.verdict === "unknown")
    say(`The hardened server could not be judged: ${whyUnknown(hardened).join("; ")}\n`);
  const pages = { naive: pageOf(naive, out), hardened: pageOf(hardened, out) };
  say(`\nThe reports, as pages: ${pages.naive}\n                       ${pages.hardened}\n`);
  if (values.keep !== undefined) await keepPages(values.keep, pages);
  return found === defects && hardened.verdict === "pass" ? 0 : 1;
}

async function play(server: Server, out: string): Promise<Verdicts | undefined> {
  const args = ["run", "quickstart", "--set", `servers.cloud.fixture=cloud-${server}`, "--json", "--out", out];
  const child = spawn(process.execPath, [join(root, "dist", "cli.js"), ...args], {
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    // Both play the same plan at the same time, so one of them tells how far they are.
    if (server === "naive") say(text.replaceAll(/^(?=.)/gm, "  "));
  });
  const pass = (signal: NodeJS.Signals): boolean => child.kill(signal);
  process.once("SIGINT", pass).once("SIGTERM", pass);
  await new Promise((resolve) => child.once("close", resolve));
  try {
    return verdictsDocument.parse(JSON.parse(stdout));
  } catch {
    process.stderr.write(`the ${server} server could not be tried:\n${stderr}`);
    return undefined;
  }
}

const words = { pass: "✓ nothing", fail: "✗ found", unknown: "? unknown" } as const;

function table(naive: Verdicts, hardened: Verdicts): string {
  const width = Math.max(...naive.checks.map(({ check }) => check.length));
  const row = (...cells: readonly [string, string, string]): string =>
    `  ${cells[0].padEnd(width)}  ${cells[1].padEnd(9)}  ${cells[2]}\n`;
  const verdictOf = ({ checks }: Verdicts, name: string) =>
    checks.find(({ check }) => check === name)?.verdict ?? "unknown";
  const rows = naive.checks.map(({ check, verdict }) => row(check, words[verdict], words[verdictOf(hardened, check)]));
  return row("", ...servers) + rows.join("");
}

function failedChecks({ checks }: Verdicts): Verdicts["checks"] {
  return checks.filter(({ verdict }) => verdict === "fail");
}

/** What is missing is missing for every check alike, so it is said once. */
function whyUnknown({ gaps, checks }: Verdicts): string[] {
  if (gaps.length > 0) return gaps.map(({ says }) => says);
  return checks.flatMap(({ check, verdict, because = "" }) => (verdict === "unknown" ? [`${check}: ${because}`] : []));
}

function pageOf({ run }: Verdicts, out: string): string {
  return relative(process.cwd(), join(out, run, "report.html"));
}

async function keepPages(folder: string, pages: Readonly<Record<Server, string>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const server of servers) await copyFile(pages[server], join(folder, `${server}.html`));
}

function say(text: string): void {
  process.stdout.write(text);
}

process.exitCode = await demo();
