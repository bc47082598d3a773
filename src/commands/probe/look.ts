/**
 * Greeting a server, listing its tools and trying a call of each that may be called, before there is a scenario. Goes out:
 * the calls that the probe will make, and why the other tools are left alone, with what would make them testable.
 */
import { join, resolve } from "node:path";
import type { Called, Scouting } from "../../run/scout.ts";
import { fromInWords } from "../../samples/arguments.ts";
import { mayCall } from "../../samples/callable.ts";
import { openMaker } from "../../samples/open-maker.ts";
import { readSamples } from "../../samples/samples-file.ts";
import type { JsonObject } from "../../wire/lean-rpc.ts";
import { pathsIn, look, type Looked as Tried } from "../init/look.ts";
import type { Io } from "../io.ts";
import { quoted } from "../replay.ts";
import { visitServer } from "../scouting.ts";
import type { Stopping } from "../stopping.ts";
import type { Asked } from "./asked.ts";

export interface Chosen {
  readonly tool: string;
  readonly args: JsonObject;
  /** Where its arguments are from, in words. */
  readonly from: string;
  /** Why it may be called. */
  readonly because: string;
  /** It says so itself, whoever has named it. */
  readonly saysReadOnly: boolean;
  /** How long its trial took; nothing where it was not called. */
  readonly tookMs: number;
}

export interface LeftAlone {
  readonly tool: string;
  readonly because: string;
  /** What would make it testable. */
  readonly hint?: string;
}

export interface LookOptions {
  readonly asked: Asked;
  readonly seed: number;
  readonly allowTool: readonly string[];
  readonly allowHost: readonly string[];
  readonly samples?: string;
  readonly mcpConfig?: string;
  /** Nothing is called. */
  readonly dryRun: boolean;
  /** The probe's own folder. */
  readonly folder: string;
  readonly io: Io;
  readonly signals: Stopping;
}

export interface Looked {
  readonly chosen: readonly Chosen[];
  readonly leftAlone: readonly LeftAlone[];
  readonly protocol: string;
  /** How many it lists. */
  readonly tools: number;
  readonly openedMs: number;
  readonly listedMs: number;
  /** All answers come over one stream, so that none can be lost by itself. */
  readonly sharesStream: boolean;
  /** Calls during which the server's process ended. */
  readonly ends: readonly { readonly tool: string; readonly args: JsonObject }[];
}

const patienceMs = 5000;

export async function lookAt(options: LookOptions): Promise<Looked> {
  const { asked, allowTool, samples, seed, io } = options;
  const maker = openMaker({ world: io.world });
  const visiting = { ...options, patienceMs, folder: join(options.folder, "look"), replay: "squall probe" };
  try {
    return await visitServer(visiting, async (scouting) => {
      const ended = new Map<string, JsonObject>();
      const call: Scouting["call"] = async (tool, args) => {
        const came = await scouting.call(tool, args);
        if (came.endsProcess) ended.set(tool, args);
        return came;
      };
      const seen = { ...scouting, call: options.dryRun ? notCalled : call };
      const tried = await look(seen, {
        server: asked.server,
        allowed: allowTool,
        samplesOf: async (tools) =>
          samples === undefined ? {} : readSamples(resolve(io.cwd, samples), { named: samples, tools }),
        paths: await pathsIn(commandIn(asked), io.cwd),
        seed,
        maker,
        world: io.world,
      });
      const ends = [...ended].map(([tool, args]) => ({ tool, args }));
      return { ...looked(tried, allowTool), sharesStream: scouting.sharesStream, ends };
    });
  } finally {
    await maker.close();
  }
}

/** As if it had gone well, so that arguments are made for each tool once. */
function notCalled(): Promise<Called> {
  return Promise.resolve({ ok: true, tookMs: 0, says: "", isTimeout: false, endsProcess: false });
}

function looked(
  { learned, leftAlone, openedMs, listedMs, protocol }: Tried,
  allowed: readonly string[],
): Omit<Looked, "sharesStream" | "ends"> {
  return {
    chosen: learned.map(({ tool, args, from, tookMs }) => ({
      tool: tool.name,
      args,
      from: fromInWords({ from }),
      because: mayCall(tool, allowed).because,
      saysReadOnly: tool.hints.readOnly === true,
      tookMs,
    })),
    leftAlone: leftAlone.map(({ tool, because }) => {
      const may = mayCall(tool, allowed);
      return {
        tool: tool.name,
        because,
        ...(may.may ? {} : { hint: `if that does no harm: --allow-tool ${quoted(tool.name)}` }),
      };
    }),
    protocol,
    tools: learned.length + leftAlone.length,
    openedMs,
    listedMs,
  };
}

function commandIn({ sections, server }: Asked): readonly string[] {
  const command = sections.servers[server]?.["command"];
  return Array.isArray(command) ? command.map(String) : [];
}
