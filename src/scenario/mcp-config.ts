/**
 * The file in which MCP clients keep their servers: `mcpServers` as Claude Code, Claude Desktop, Cursor, Windsurf, Cline
 * and Gemini CLI write it, `servers` as VS Code does. In: a file. Out: of each server the keys that a scenario has for
 * it, or what is wrong with them. Nobody minds the mistakes of a server that no scenario takes.
 */
import { basename, dirname, resolve } from "node:path";
import { z } from "zod";
import type { Mistake } from "../errors.ts";
import type { ProtocolVersion } from "../history/protocol.ts";
import { shown } from "../units.ts";
import { openJson, type ScenarioDocument } from "./document.ts";
import { formatPath, type Finding, type Path } from "./mistakes.ts";
import { isMap } from "./survey.ts";
import { findingsIn } from "./validate.ts";

export interface McpConfig {
  /** The file as the person named it. */
  readonly named: string;
  readonly names: readonly string[];
  /** Undefined where there is none of this name. */
  server(name: string): ConfiguredServer | undefined;
  /** A finding whose path is one of this file. */
  mistakeOf(finding: Finding): Mistake;
}

export interface ConfiguredServer {
  /** Where it stands in the file. */
  readonly path: Path;
  /** The key that its address stands under. */
  readonly urlKey: UrlKey;
  /** Absent where it could not be read. */
  readonly target?: ConfiguredTarget;
  readonly findings: readonly Finding[];
}

/** In the keys of a scenario. */
export type ConfiguredTarget =
  | {
      readonly transport: "stdio";
      readonly command: readonly [string, ...string[]];
      readonly cwd: string;
      readonly env: Readonly<Record<string, string>>;
    }
  | {
      readonly transport: "http";
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly protocol?: ProtocolVersion;
    };

/** Throws nothing: a file that cannot be read is a mistake like any other. */
export async function openMcpConfig(file: string, named: string): Promise<McpConfig | { readonly broken: Mistake[] }> {
  const opened = await openJson(file);
  if ("broken" in opened) return { broken: opened.broken.map((mistake) => ({ ...mistake, file: named })) };
  const { raw, placeOf } = opened;
  const mistakeOf = placing(named, placeOf);
  const under = roots.find((path) => isMap(at(raw, path)));
  if (under === undefined) {
    const says = 'holds no servers: expected a map "mcpServers", or "servers" as VS Code has it';
    return { broken: [mistakeOf({ path: [], says })] };
  }
  const entries = at(raw, under);
  const names = isMap(entries) ? Object.keys(entries) : [];
  const home = homeOf(file);
  return {
    named,
    names,
    server: (name) => (names.includes(name) ? serverFrom(at(entries, [name]), [...under, name], home) : undefined),
    mistakeOf,
  };
}

const roots: readonly Path[] = [["mcpServers"], ["servers"], ["mcp", "servers"], ["context_servers"]];

/** Clients start servers in the workspace, and some keep their file in a hidden folder of it. */
function homeOf(file: string): string {
  const folder = dirname(resolve(file));
  return basename(folder).startsWith(".") ? dirname(folder) : folder;
}

function placing(file: string, placeOf: ScenarioDocument["placeOf"]): McpConfig["mistakeOf"] {
  return ({ path, says, hint, atKey = false }) => ({
    path: formatPath(path),
    says,
    ...(hint === undefined ? {} : { hint }),
    file,
    ...placeOf(path, atKey),
  });
}

const text = z.string();
// Clients differ in whether a number may stand here; what a process gets is a text.
const variable = z.preprocess(
  (value) => (typeof value === "number" || typeof value === "boolean" ? String(value) : value),
  text,
);
const urlKeys = ["httpUrl", "serverUrl", "url"] as const;
type UrlKey = (typeof urlKeys)[number];

/** What else stands in an entry is about the client: what it may call, whether it asks first. */
const entry = z.object({
  type: text.optional(),
  transport: text.optional(),
  command: text.min(1).optional(),
  args: z.array(text).default([]),
  env: z.record(z.string(), variable).default({}),
  cwd: text.optional(),
  headers: z.record(z.string(), variable).default({}),
  url: text.optional(),
  serverUrl: text.optional(),
  httpUrl: text.optional(),
});
type Entry = z.output<typeof entry>;

const transports: Readonly<Record<string, "stdio" | "http">> = {
  stdio: "stdio",
  local: "stdio",
  http: "http",
  "streamable-http": "http",
  streamableHttp: "http",
  streamable_http: "http",
  sse: "http",
};

/** What would change the server, and cannot be had without its client. */
const beyondUs: Readonly<Record<string, string>> = {
  envFile: "is not read: put its variables into env, or into the environment that Squall runs in",
  headersHelper: "is a program that the client runs: put what it prints into headers, for example by ${VAR}",
};

function serverFrom(raw: unknown, path: Path, home: string): ConfiguredServer {
  const parsed = entry.safeParse(raw, { reportInput: true });
  const urlKey = urlKeys.find((key) => isMap(raw) && raw[key] !== undefined) ?? "url";
  if (!parsed.success) {
    const findings = findingsIn(parsed.error, raw, entry).map((found) => ({
      ...found,
      path: [...path, ...found.path],
    }));
    return { path, urlKey, findings };
  }
  const given = parsed.data;
  const wrong = transportFindings(given, { path, url: given[urlKey] });
  if (wrong.length > 0) return { path, urlKey, findings: wrong };
  const findings: Finding[] = Object.entries(beyondUs)
    .filter(([key]) => isMap(raw) && raw[key] !== undefined)
    .map(([key, says]) => ({ path: [...path, key], atKey: true, says }));
  const transport = transportOf(given) ?? (given.command === undefined ? "http" : "stdio");
  const target = targetFrom(
    { ...given, type: given.type ?? given.transport, transport, url: given[urlKey] ?? "" },
    { path, urlKey, home, findings },
  );
  return { path, urlKey, target, findings };
}

/** The last revision that had a transport of that name. */
const sseProtocol: ProtocolVersion = "2024-11-05";

function targetFrom(
  {
    type,
    transport,
    command = "",
    args,
    cwd = "",
    env,
    url,
    headers,
  }: Omit<Entry, "transport" | "url"> & Pick<ConfiguredTarget, "transport"> & { readonly url: string },
  about: Pick<ConfiguredServer, "path" | "urlKey"> & { readonly home: string; readonly findings: Finding[] },
): ConfiguredTarget {
  const { path, urlKey, home, findings } = about;
  const fill = filling(home, findings);
  const fillAll = (key: "env" | "headers", values: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, fill(value, [...path, key, name])]));
  if (transport === "http") {
    const protocol = type === "sse" ? { protocol: sseProtocol } : {};
    return { transport, url: fill(url, [...path, urlKey]), headers: fillAll("headers", headers), ...protocol };
  }
  // Nothing is filled in there; what only an editor knows is told all the same.
  fill(cwd, [...path, "cwd"]);
  const rest = args.map((arg, index) => fill(arg, [...path, "args", index]));
  return {
    transport,
    command: [fill(command, [...path, "command"]), ...rest],
    cwd: resolve(home, cwd),
    env: fillAll("env", env),
  };
}

function transportOf({ type, transport = "" }: Entry): "stdio" | "http" | undefined {
  return transports[type ?? transport];
}

function transportFindings(
  given: Entry,
  { path, url }: { readonly path: Path; readonly url: string | undefined },
): Finding[] {
  const { type, transport, command } = given;
  const said = type ?? transport;
  const chosen = transportOf(given);
  if (said !== undefined && chosen === undefined) {
    const key = type === undefined ? "transport" : "type";
    return [{ path: [...path, key], says: `expected one of stdio, http, streamable-http, sse, got ${shown(said)}` }];
  }
  if (command === undefined && url === undefined) return [{ path, says: "has neither a command nor a url" }];
  if (command !== undefined && url !== undefined && chosen === undefined) {
    return [{ path, says: "has a command and a url", hint: 'say which of them counts: "type": "stdio" or "http"' }];
  }
  if (chosen === "stdio" && command === undefined) return [{ path, says: "speaks stdio and has no command" }];
  if (chosen === "http" && url === undefined) return [{ path, says: "speaks http and has no url" }];
  return [];
}

const editorsOwn =
  /^(?:workspaceFolder|workspaceFolderBasename|workspaceRoot|userHome|pathSeparator|execPath|cwd|file|\/)(?::.*)?$/;

/** From `${VAR}`, `${VAR:-default}` and `${env:VAR}` to what a scenario says in their place. */
function filling(home: string, findings: Finding[]): (text: string, path: Path) => string {
  return (given, path) =>
    given.replaceAll(/(\$?)\$\{([^}]*)\}/g, (_, before: string, inside: string) => {
      const [, plain, otherwise = ""] = /^(?:env:)?([A-Za-z_]\w*)(:-.*)?$/s.exec(inside) ?? [];
      if (/^(?:input|command|config):/.test(inside)) {
        const hint = "put the value into a variable and name it here: ${VAR}";
        findings.push({ path, says: `\${${inside}} is what an editor asks a person or itself for`, hint });
      } else if (editorsOwn.test(inside)) {
        const hint = `write the path; a relative one is seen from ${home}`;
        findings.push({ path, says: `\${${inside}} is known to an editor only`, hint });
      } else if (plain === undefined) {
        findings.push({ path, says: `\${${inside}} is neither \${VAR} nor \${VAR:-default}` });
      } else if (before !== "") {
        findings.push({ path, says: `a $ right before \${${inside}} cannot be kept` });
      } else return `\${env.${plain}${otherwise}}`;
      return "";
    });
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (node, step) => (isMap(node) && Object.hasOwn(node, step) ? node[step] : undefined),
    value,
  );
}
