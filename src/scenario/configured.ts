/**
 * Servers that a scenario takes from the file of an MCP client: those that say `config: name`, and, where there is such
 * a file, those that say nothing of what they are and those that chains call and the scenario does not list.
 */
import type { Mistake } from "../errors.ts";
import type { ConfiguredServer, McpConfig } from "./mcp-config.ts";
import { suggest, type Finding, type Path } from "./mistakes.ts";
import { aimIn, writtenCourse } from "./written-chain.ts";
import { isServerName } from "./schema.ts";
import { isMap, listAt, mapAt } from "./survey.ts";

export interface Configured {
  /** The scenario as if it had said all of it itself. */
  readonly raw: unknown;
  readonly findings: readonly Finding[];
  /** What is wrong in the file itself. */
  readonly mistakes: readonly Mistake[];
  /** A finding about what the file says, as a mistake there. */
  readonly placed: (finding: Finding) => Mistake | undefined;
}

export function withConfigured(raw: unknown, config: McpConfig | undefined): Configured {
  if (!isMap(raw)) return { raw, findings: [], mistakes: [], placed: () => undefined };
  const findings: Finding[] = [];
  const taken = new Map<string, Taken>();
  for (const [name, own] of Object.entries(mapAt(raw["servers"]))) {
    const entry = entryFor(name, own, { config, findings });
    if (entry !== undefined && isMap(own)) taken.set(name, { entry, own, isListed: true });
  }
  for (const name of unlistedServers(raw)) {
    const entry = isServerName(name) ? config?.server(name) : undefined;
    if (entry !== undefined) taken.set(name, { entry, own: {}, isListed: false });
  }
  const servers = Object.fromEntries([...taken].map(([name, one]) => [name, merged(one)]));
  for (const [name, { entry, own }] of taken) findings.push(...clashes(["servers", name], entry, own));
  return {
    raw: taken.size === 0 ? raw : { ...raw, servers: { ...mapAt(raw["servers"]), ...servers } },
    findings,
    mistakes:
      config === undefined
        ? []
        : [...taken.values()].flatMap(({ entry }) => entry.findings.map((finding) => config.mistakeOf(finding))),
    placed: (finding) => {
      const [section, name, ...rest] = finding.path;
      const one = section === "servers" ? taken.get(String(name)) : undefined;
      const path = one === undefined ? undefined : inFile(one, rest);
      if (path === undefined || config === undefined) return undefined;
      // The file has its own way to write a variable.
      const hint = finding.hint?.replaceAll("${env.", "${");
      return config.mistakeOf({ ...finding, path, ...(hint === undefined ? {} : { hint }) });
    },
  };
}

interface Taken {
  readonly entry: ConfiguredServer;
  /** What the scenario says of it. */
  readonly own: Readonly<Record<string, unknown>>;
  readonly isListed: boolean;
}

const identity = ["fixture", "command", "url"] as const;

function entryFor(
  name: string,
  own: unknown,
  { config, findings }: { readonly config: McpConfig | undefined; readonly findings: Finding[] },
): ConfiguredServer | undefined {
  if (!isMap(own)) return undefined;
  const { config: named } = own;
  const rival = identity.find((key) => own[key] !== undefined);
  if (named === undefined) return rival === undefined ? config?.server(name) : undefined;
  // What is no text the schema tells.
  if (typeof named !== "string") return undefined;
  const path = ["servers", name, "config"];
  if (config === undefined) {
    const says = "is taken from the file of an MCP client, and there is none";
    findings.push({ path, says, hint: "name it: --mcp-config .mcp.json" });
    return undefined;
  }
  const entry = config.server(named);
  if (entry === undefined) {
    findings.push({
      path,
      says: `there is no server "${named}" in ${config.named}`,
      hint: suggest(named, config.names),
    });
  } else if (rival !== undefined) {
    findings.push({
      path,
      atKey: true,
      says: `is taken from ${config.named} and has a ${rival} at once`,
      hint: "keep either",
    });
    return undefined;
  }
  return entry;
}

function unlistedServers(raw: Readonly<Record<string, unknown>>): ReadonlySet<string> {
  const listed = mapAt(raw["servers"]);
  const calls = Object.values(mapAt(raw["agents"])).flatMap((agents) =>
    writtenCourse(mapAt(agents)["chain"], []).steps.flatMap(({ entry }) => aimIn(entry)?.server ?? []),
  );
  return new Set(calls.filter((server) => !Object.hasOwn(listed, server)));
}

function merged({ entry, own }: Taken): Record<string, unknown> {
  const { config: _, args, ...kept } = own;
  const { target } = entry;
  // Of one that the file says wrong nothing else is wrong that anybody knows of.
  if (target === undefined) return { ...own, config: String(entry.path.at(-1)) };
  // Another transport is a mistake of its own.
  const both = { ...target, ...kept, transport: target.transport };
  if (target.transport === "http") return { ...both, ...joined("headers", target.headers, kept) };
  const [program, ...rest] = target.command;
  return {
    ...both,
    command: [program, ...(args === undefined ? rest : listAt(args))],
    ...joined("env", target.env, kept),
  };
}

/** The file's texts with the scenario's on top; where those are no map the schema says so. */
function joined(key: "env" | "headers", given: Readonly<Record<string, string>>, kept: Taken["own"]) {
  return kept[key] === undefined || isMap(kept[key]) ? { [key]: { ...given, ...mapAt(kept[key]) } } : {};
}

function clashes(path: Path, { target }: ConfiguredServer, { transport, args }: Taken["own"]): Finding[] {
  if (target === undefined) return [];
  const found: Finding[] = [];
  if (transport !== undefined && transport !== target.transport) {
    found.push({ path: [...path, "transport"], says: `the file says ${target.transport}`, hint: "take it away" });
  }
  if (args !== undefined && target.transport === "http") {
    found.push({ path: [...path, "args"], atKey: true, says: "are of no use: it has a url and no command" });
  } else if (args !== undefined && !isTexts(args)) {
    found.push({ path: [...path, "args"], says: "expected a list of texts" });
  }
  return found;
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

/** Where the file says what stands at this place of a server; undefined where the scenario says it. */
function inFile({ entry, own, isListed }: Taken, rest: Path): Path | undefined {
  const [key, of] = rest;
  const { path, urlKey } = entry;
  if (key === undefined) return isListed ? undefined : path;
  if (key === "command" && typeof of === "number" && of > 0) {
    return own["args"] === undefined ? [...path, "args", of - 1] : undefined;
  }
  if (key === "url") return [...path, urlKey];
  if ((key === "env" || key === "headers") && of !== undefined) {
    return Object.hasOwn(mapAt(own[key]), of) ? undefined : [...path, ...rest];
  }
  return own[key] === undefined ? [...path, ...rest] : undefined;
}
