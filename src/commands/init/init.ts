/** `squall init`: a scenario for a server, with its real tools in a chain that works, to run as it is and to go on from. */
import { stat, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { tmpdir } from "node:os";
import { printable } from "../../reporters/paint.ts";
import { codeOf, exitCodes, UserError, type ExitCode } from "../../errors.ts";
import { mayCall } from "../../samples/callable.ts";
import { openMaker } from "../../samples/open-maker.ts";
import { readSamples } from "../../samples/samples-file.ts";
import { askingFor } from "../asking.ts";
import { askedFor, type Asked, type AskedOptions } from "../probe/asked.ts";
import { quoted } from "../replay.ts";
import type { Io } from "../io.ts";
import type { AddCommand } from "../main.ts";
import { wholeNumber } from "../options.ts";
import { visitServer } from "../scouting.ts";
import { listenToSignals } from "../stopping.ts";
import { draft } from "./draft.ts";
import { pathsIn, look, type Looked } from "./look.ts";

interface InitOptions extends AskedOptions {
  readonly allowTool: string[];
  readonly allowHost: string[];
  readonly samples?: string;
  readonly seed: number;
  readonly out: string;
  readonly force?: true;
  readonly quiet?: true;
}

const usualFile = "squall.yaml";
const patienceMs = 5000;

export const addInit: AddCommand = (program, io, done) => {
  askingFor(program.command("init"))
    .description("write a scenario for a server: its real tools in a chain that works, with examples of what to add")
    .option("--seed <n>", "same seed, same arguments", wholeNumber("--seed", 0, 2 ** 31 - 1), 42)
    .option("--out <file>", "where it is written; - prints it", usualFile)
    .option("--force", "replace the file that is there")
    .option("--quiet", "no progress on stderr")
    .action(async (words: string[], options: InitOptions) => {
      done(await init(words, options, io));
    });
};

async function init(words: readonly string[], options: InitOptions, io: Io): Promise<ExitCode> {
  const file = options.out === "-" ? undefined : resolve(io.cwd, options.out);
  if (file !== undefined) await refuseToReplace(file, options);
  const asked = await askedFor(words, options, io.cwd);
  const tell = options.quiet === true ? (): void => {} : io.stderr;
  tell(`looking at ${asked.named}: what it lists, and what its reading tools answer to a call each\n`);
  const looked = await learn(asked, options, io);
  const text = draft({
    asked: placed(asked, { folder: dirname(file ?? join(io.cwd, usualFile)), cwd: io.cwd }),
    looked,
    name: file === undefined ? "my-server" : nameFrom(file),
    seed: options.seed,
    runs: runLine(options),
    made: madeLine(words, options),
    ...schemaFrom(dirname(file ?? join(io.cwd, usualFile))),
  });
  if (file === undefined) io.stdout(text);
  else {
    await writeFile(file, text, { flag: options.force === true ? "w" : "wx" });
    io.stdout(inWords(looked, options));
  }
  return exitCodes.passed;
}

async function refuseToReplace(file: string, { out, force }: InitOptions): Promise<void> {
  const folder = await stat(dirname(file)).catch((error: unknown) => error);
  if (codeOf(folder) === "ENOENT") {
    const mistake = { path: "--out", says: `there is no folder ${dirname(out)}`, hint: `mkdir -p ${dirname(out)}` };
    throw new UserError("nowhere to write to", { mistakes: [mistake] });
  }
  const there = await stat(file).catch(() => undefined);
  if (there === undefined || (force === true && there.isFile())) return;
  const hint = there.isFile()
    ? "write elsewhere: --out FILE; print: --out -; replace it: --force"
    : "name a file: --out FILE";
  throw new UserError("nothing was written", { mistakes: [{ path: "--out", says: `${out} is there already`, hint }] });
}

async function learn(asked: Asked, options: InitOptions, io: Io): Promise<Looked> {
  const { world } = io;
  const maker = openMaker({ world });
  const { samples } = options;
  try {
    return await visitServer(
      {
        ...options,
        asked,
        patienceMs,
        folder: join(tmpdir(), `squall-init-${world.nonce()}`),
        replay: "squall init",
        io,
        signals: listenToSignals(io),
      },
      async (scouting) =>
        look(scouting, {
          server: asked.server,
          allowed: options.allowTool,
          samplesOf: async (tools) =>
            samples === undefined ? {} : readSamples(resolve(io.cwd, samples), { named: samples, tools }),
          paths: await pathsIn(commandIn(asked), io.cwd),
          seed: options.seed,
          maker,
          world,
        }),
    );
  } finally {
    await maker.close();
  }
}

function commandIn({ sections, server }: Asked): readonly string[] {
  const command = sections.servers[server]?.["command"];
  return Array.isArray(command) ? command.filter((word) => typeof word === "string") : [];
}

/** A command starts where the person was, seen from where the file is. */
function placed(asked: Asked, { folder, cwd }: { readonly folder: string; readonly cwd: string }): Asked {
  const { server, sections } = asked;
  const { cwd: _, ...keys } = sections.servers[server] ?? {};
  const from = relative(folder, cwd);
  const isStarted = "command" in keys;
  const own = isStarted && from !== "" ? { ...keys, cwd: from } : keys;
  return { ...asked, sections: { ...sections, servers: { [server]: own } } };
}

function nameFrom(file: string): string {
  const plain = basename(file, extname(file))
    .replaceAll(/[^\w-]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 64);
  return plain === "" || plain === "squall" ? "my-server" : plain;
}

/** Where the package is installed in the folder that the scenario is written to, or around it. */
function schemaFrom(folder: string): { readonly schema?: string } {
  const path = relative(folder, fileURLToPath(new URL("../../../schema/scenario.schema.json", import.meta.url)));
  return /^(?:\.\.\/){0,3}node_modules\//.test(path) ? { schema: path.startsWith(".") ? path : `./${path}` } : {};
}

function runLine({ out, mcpConfig, allowHost }: InitOptions): string {
  const words = [
    out === "-" ? usualFile : out,
    ...(mcpConfig === undefined ? [] : ["--mcp-config", mcpConfig]),
    ...allowHost.flatMap((host) => ["--allow-host", host]),
  ];
  return `squall run ${words.map(quoted).join(" ")}`;
}

function madeLine(words: readonly string[], options: InitOptions): string {
  const { mcpConfig, upstream, egress, allowTool, samples } = options;
  const several = (option: string, values: readonly string[]) => values.flatMap((value) => [option, quoted(value)]);
  const [first = "", ...rest] = words.map(quoted);
  const isPlain = mcpConfig !== undefined || (/^'?https?:/i.test(first) && rest.length === 0);
  const isBoth = mcpConfig === undefined && /^'?https?:/i.test(first) && rest.length > 0;
  const server = isBoth ? [first, "--", ...rest] : isPlain ? [first, ...rest] : ["--", first, ...rest];
  return [
    "squall init",
    ...(mcpConfig === undefined ? [] : ["--mcp-config", quoted(mcpConfig)]),
    ...several("--upstream", upstream),
    ...several("--egress", egress),
    ...several("--allow-tool", allowTool),
    ...(samples === undefined ? [] : ["--samples", quoted(samples)]),
    ...server,
  ].join(" ");
}

function inWords({ learned, leftAlone }: Looked, options: InitOptions): string {
  const count = (many: number, what: string): string => `${many} ${what}${many === 1 ? "" : "s"}`;
  const calls = learned.length === 0 ? "only lists its tools" : `calls ${count(learned.length, "tool")}`;
  const others =
    leftAlone.length === 0
      ? ""
      : `; why it does not call ${learned.length === 0 ? "any" : "others"} stands in its comments (${leftAlone.length})`;
  const unasked = leftAlone.find(({ tool }) => !mayCall(tool, options.allowTool).may);
  const why =
    unasked === undefined
      ? "No tool answered with a success: give arguments that fit, --samples FILE"
      : `No tool may be called unasked. If one does no harm: --allow-tool ${quoted(printable(unasked.tool.name))}`;
  const hint = learned.length > 0 || leftAlone.length === 0 ? "" : `\n${why}\n`;
  return `wrote ${options.out}: it ${calls}${others}\n${hint}\nRun it:  ${runLine(options)}\n`;
}
