/**
 * What `init` learns of a server: its tools, and what those that may be called answered to one call each, fed with what
 * the ones before them said. Goes out: calls that are known to work, where their arguments are from, and why not the rest.
 */
import { readdir, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { exitCodes, UserError } from "../../errors.ts";
import type { Scouting } from "../../run/scout.ts";
import { listedTool, type ListedTool, type Sample } from "../../samples/arguments.ts";
import { mayCall, unknownAllowed } from "../../samples/callable.ts";
import { outputsIn, rowsIn, seenIn, type Output, type Rows } from "../../samples/flow.ts";
import type { Maker } from "../../samples/open-maker.ts";
import type { GivenSamples } from "../../samples/samples-file.ts";
import { quoted } from "../../first-contact.ts";
import { formatDuration } from "../../units.ts";
import { isObject } from "../../wire/lean-rpc.ts";
import type { World } from "../../world.ts";

/** A call that went well. */
export interface Learned extends Sample {
  readonly tool: ListedTool;
  readonly tookMs: number;
  readonly outputs: readonly Output[];
  readonly rows: readonly Rows[];
}

export interface LeftAlone {
  readonly tool: ListedTool;
  readonly because: string;
  /** It may be called, was refused, and may be worth another try. */
  readonly isAgain: boolean;
  /** Of one that nobody may call unasked: what it could be called with, where that could be made. */
  readonly sample?: Sample;
}

export interface Looked {
  readonly learned: readonly Learned[];
  readonly leftAlone: readonly LeftAlone[];
  readonly openedMs: number;
  readonly listedMs: number;
  readonly protocol: string;
}

export interface LookHow {
  readonly server: string;
  readonly allowed: readonly string[];
  readonly samplesOf: (tools: readonly string[]) => Promise<GivenSamples>;
  /** Folders that the server's command names, which it may look into, and files in them. */
  readonly paths: readonly string[];
  readonly seed: number;
  readonly maker: Pick<Maker, "argumentsFor">;
  readonly world: Pick<World, "nowUs">;
}

/** A chain of more is none that anybody reads. */
const toolsMost = 12;
/** In the first round and in the second. */
const setsEach = [1, 3] as const;
/** A server may have thousands, of which nobody reads as many examples. */
const examplesMost = 20;
const trialsMsMost = 20_000;
/** With a slower one a walk is too long for its phases. */
const slowMs = 3000;

export async function look(scouting: Scouting, how: LookHow): Promise<Looked> {
  const { server, allowed, maker, seed, world } = how;
  const fromUs = world.nowUs();
  const tools = await toolsOf(scouting, server);
  const listedMs = (world.nowUs() - fromUs) / 1000;
  const wrong = unknownAllowed(allowed, tools);
  if (wrong.length > 0) throw new UserError("nothing was called", { mistakes: wrong });
  const given = await how.samplesOf(tools.map(({ name }) => name));
  const learned: Learned[] = [];
  const untilUs = world.nowUs() + trialsMsMost * 1000;
  let failed = tools.filter((tool) => mayCall(tool, allowed).may).toSorted((a, b) => needs(a) - needs(b));
  let leftAlone: LeftAlone[] = [];
  // What one answers may be what another has to be asked with: those that were refused are tried once more.
  for (const count of setsEach) {
    const before = learned.length;
    leftAlone = leftAlone.filter(({ isAgain }) => !isAgain);
    for (const tool of failed) {
      if (learned.length === toolsMost || world.nowUs() > untilUs) {
        leftAlone.push({ tool, because: "there was enough without it", isAgain: false });
        continue;
      }
      const seen = seenIn(learned.flatMap(({ outputs }) => outputs));
      const own = Object.hasOwn(given, tool.name) ? { given: given[tool.name] ?? [] } : {};
      const asked = { seed, count, seen: { ...pathsAsSeen(how.paths), ...seen }, ...own };
      const came = await tryOut(tool, await maker.argumentsFor(tool, asked), scouting);
      if ("tookMs" in came) learned.push(came);
      else leftAlone.push(came);
    }
    failed = leftAlone.filter(({ isAgain }) => isAgain).map(({ tool }) => tool);
    if (learned.length === before && before > 0) break;
  }
  const seen = seenIn(learned.flatMap(({ outputs }) => outputs));
  // What says that it destroys nothing is the better example of a write.
  const unasked = tools
    .filter((tool) => !mayCall(tool, allowed).may)
    .toSorted((a, b) => Number(a.hints.destructive !== false) - Number(b.hints.destructive !== false));
  for (const [index, tool] of unasked.entries()) {
    const made = index < examplesMost ? await maker.argumentsFor(tool, { seed, count: 1, seen }) : undefined;
    const [sample] = made?.is === "made" ? made.samples : [];
    const { because } = mayCall(tool, allowed);
    leftAlone.push({ tool, because, isAgain: false, ...(sample === undefined ? {} : { sample }) });
  }
  return { learned, leftAlone, openedMs: scouting.openedMs, listedMs, protocol: scouting.protocolVersion };
}

async function toolsOf(scouting: Scouting, server: string): Promise<ListedTool[]> {
  const listed = await scouting.listTools();
  if (listed.is === "unknown-method") return [];
  if (listed.is === "failed") {
    throw new UserError(`${server} cannot say which tools it has: ${listed.says}`, { exitCode: exitCodes.unreachable });
  }
  const named = listed.tools.flatMap((entry) => listedTool(entry) ?? []);
  // Half a letter is nothing that a file of text can hold.
  const byName = Map.groupBy(
    named.filter(({ name }) => name.isWellFormed()),
    ({ name }) => name,
  );
  // Of two with one name nobody knows which is called: the one counts that may not be.
  return [...byName.values()].flatMap((of) => of.find((tool) => !mayCall(tool, []).may) ?? of.slice(-1));
}

/** How much it must be told: what needs nothing is asked first. */
function needs({ inputSchema }: ListedTool): number {
  const required = isObject(inputSchema) ? inputSchema["required"] : undefined;
  return Array.isArray(required) ? required.length : 0;
}

async function tryOut(
  tool: ListedTool,
  made: Awaited<ReturnType<Maker["argumentsFor"]>>,
  scouting: Scouting,
): Promise<Learned | LeftAlone> {
  if (made.is === "none") {
    const where = made.path === "" ? "" : `${made.path} `;
    return { tool, because: `no arguments could be made for it: ${where}${made.says}`, isAgain: false };
  }
  let said = "";
  for (const sample of made.samples) {
    const came = await scouting.call(tool.name, sample.args);
    const { tookMs, result } = came;
    if (tookMs > slowMs) {
      const because = `it took ${formatDuration(Math.round(tookMs / 100) * 100)}, too long for a chain of short phases`;
      return { tool, because, isAgain: false };
    }
    if (came.ok) return { ...sample, tool, tookMs, outputs: outputsIn(result), rows: rowsIn(result) };
    said = came.says;
  }
  return { tool, because: `it refused what it was called with${quoted(said)}; --samples takes yours`, isAgain: true };
}

function pathsAsSeen(paths: readonly string[]): Record<string, readonly unknown[]> {
  return paths.length === 0 ? {} : { path: paths, directory: paths.slice(0, 1), file: paths.slice(1) };
}

const wordsMost = 50;

/** A command often says which folder its server may look into: that, and a file in it. */
export async function pathsIn(command: readonly string[], cwd: string): Promise<string[]> {
  for (const word of command.slice(1, wordsMost)) {
    const path = resolve(cwd, word);
    if (word.startsWith("-") || path === resolve(cwd)) continue;
    const kind = await stat(path).catch(() => undefined);
    if (kind?.isDirectory() !== true) continue;
    const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
    const file = entries.find((entry) => entry.isFile() && !entry.name.startsWith("."));
    return file === undefined ? [path] : [path, resolve(path, file.name)];
  }
  return [];
}
